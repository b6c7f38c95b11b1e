"""Decoding what strangers send, in a process of its own, so that no file can take the caller along.

Bytes go to a child of `matching.decoder_process`, pixels come back. The child may crash, hang, eat or lie: it is
killed at the end of its time, it has no more memory than it is allowed, no secret in its environment, and of its
answer nothing is believed but pixels of a plausible number. The caller makes the JPEG.
"""

import atexit
import os
import random
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt
from django.conf import settings

from matching import decoding
from matching.decoder_process import ORDER, PIXELS, REFUSAL, SIZE
from matching.decoding import ImageProblem

PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from matching.decoder_process import main; main()"  # -I forgets it
)
"""What the decoding process runs. No setting names it; tests put one that misbehaves in its place."""
CHUNK: Final = 262_144
GRACE: Final = 1.0
"""Seconds beyond a child's time in which the decoding process must have ended it; if not, it is ended itself."""
PASSED_ON: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What Python itself may need to start. Nothing else of the environment reaches the child."""


def decode(data: bytes, *, side: int) -> npt.NDArray[np.uint8]:
    """The picture in a file of unknown origin: uint8 (height, width, 3), RGB, upright, at most `side` pixels long.

    Raises:
        ImageProblem: the file is not acceptable; too_costly also stands for a child that did not survive it, and busy
            for a turn that did not come within `UPLOAD_WAIT_SECONDS`.
    """
    if len(data) > settings.UPLOAD_MAX_BYTES:
        raise ImageProblem("file_too_large")
    decoding.kind_of(data)
    # On a busy machine a second of processor time takes longer than one on the clock.
    seconds = 2 * settings.UPLOAD_SECONDS
    order = ORDER.pack(
        settings.UPLOAD_MAX_MEMORY, settings.UPLOAD_SECONDS, seconds,
        settings.UPLOAD_MAX_BYTES, settings.IMAGE_MAX_PIXELS, side,
    )  # fmt: skip
    with _turn():
        answer = _asked(order, data, seconds=seconds, most=len(PIXELS) + SIZE.size + side * side * 3)
    code = answer.removeprefix(REFUSAL).decode("ascii", "replace")
    if answer.startswith(REFUSAL) and code in decoding.CODES:
        raise ImageProblem(code)
    return _pixels(answer, side)


def _pixels(answer: bytes, side: int) -> npt.NDArray[np.uint8]:
    """The pixels of an answer that is exactly what it has to be. Raises: ImageProblem, of any other."""
    start = len(PIXELS) + SIZE.size
    if answer.startswith(PIXELS) and len(answer) > start:
        width, height = SIZE.unpack_from(answer, len(PIXELS))
        if width <= side and height <= side and len(answer) - start == width * height * 3:
            return np.frombuffer(answer, np.uint8, offset=start).reshape(height, width, 3)
    raise ImageProblem("too_costly")


@contextmanager
def _turn() -> Iterator[None]:
    """One of the turns that all processes of this installation share. The kernel gives it back if we die.

    Raises:
        ImageProblem: busy, if none came in time.
    """
    folder: Path = settings.TURNS_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    until = time.monotonic() + settings.UPLOAD_WAIT_SECONDS
    while (taken := _free_turn(folder)) is None:
        if time.monotonic() > until:
            raise ImageProblem("busy")
        time.sleep(random.uniform(0.02, 0.06))  # noqa: S311 - so that those who wait do not march in step
    with taken:
        yield


def _free_turn(folder: Path) -> IO[bytes] | None:
    """A lock nobody holds, held now until it is closed. Each `open` counts alone, so threads exclude each other too."""
    for number in range(settings.UPLOAD_DECODERS):
        lock = (folder / f"{number}.lock").open("ab")
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            return lock
    return None


class _Process:
    """A running decoding process, and the socket on which it takes orders. It ends when that is closed."""

    def __init__(self) -> None:
        self.orders, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-I", "-c", PROGRAM, str(Path(__file__).resolve().parent.parent)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # It might quote a file.
                cwd="/",
                env={"MALLOC_ARENA_MAX": "1"} | {name: os.environ[name] for name in PASSED_ON if name in os.environ},
                start_new_session=True,
            )

    def end(self) -> None:
        self.orders.close()
        self.process.kill()  # Its children die with it.
        self.process.wait()


_lock = threading.Lock()
_kept: dict[int, _Process] = {}
"""By our own process number: what a process has inherited by a fork belongs to its parent."""


def _send(order: bytes, theirs: socket.socket) -> _Process:
    """Hand an order and the socket of its file to the decoding process, which is started if there is none.

    Raises:
        ImageProblem: too_costly, if not even a new process takes it.
    """
    with _lock:
        for _attempt in range(2):
            kept = _kept.get(os.getpid()) or _kept.setdefault(os.getpid(), _Process())
            try:
                socket.send_fds(kept.orders, [order], [theirs.fileno()])
            except OSError:  # It was killed since the last time.
                _kept.pop(os.getpid()).end()
            else:
                return kept
    raise ImageProblem("too_costly")


def end(process: _Process | None = None) -> None:
    """End the decoding process that this process keeps; the next upload starts another.

    Args:
        process: only if it is this one: another thread may have replaced it.
    """
    with _lock:
        kept = _kept.get(os.getpid())
        if kept is not None and process in (None, kept):
            _kept.pop(os.getpid()).end()


def kept_process() -> int | None:
    """The number of the decoding process that this process keeps, if it has one."""
    kept = _kept.get(os.getpid())
    return None if kept is None else kept.process.pid


atexit.register(end)


def _asked(order: bytes, data: bytes, *, seconds: float, most: int) -> bytes:
    """What a new child answers to the bytes; what it has said so far, if it died, was too slow or said too much."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = _send(order, theirs)
        until = time.monotonic() + seconds + GRACE
        answer, ended = _exchanged(ours, data, most=most, until=until)
    if not ended and len(answer) <= most:
        end(process)
    return answer


def _exchanged(ours: socket.socket, data: bytes, *, most: int, until: float) -> tuple[bytes, bool]:
    """Write and read at the same time, until the child's answer has ended, its time is up or it said too much.

    Returns:
        What it said, and whether it came to an end.
    """
    ours.setblocking(False)
    left, answer = memoryview(data), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while len(answer) <= most and (remaining := until - time.monotonic()) > 0:
            for _key, events in selector.select(remaining):
                if events & selectors.EVENT_READ:
                    part = _read(ours)
                    if not part:
                        return bytes(answer), True
                    answer += part
                if events & selectors.EVENT_WRITE:
                    left = _written(ours, left)
                    if not left:
                        selector.modify(ours, selectors.EVENT_READ)
                        with suppress(OSError):  # It is gone already.
                            ours.shutdown(socket.SHUT_WR)
    return bytes(answer), False


def _read(ours: socket.socket) -> bytes:
    """What there is; nothing, if the child has ended, even with bytes of the file still unread."""
    try:
        return ours.recv(CHUNK)
    except ConnectionResetError:
        return b""


def _written(ours: socket.socket, left: memoryview) -> memoryview:
    """What is still to be written. A child that no longer listens has heard enough: its answer decides."""
    try:
        return left[ours.send(left[:CHUNK]) :]
    except BlockingIOError:
        return left
    except (BrokenPipeError, ConnectionResetError):
        return left[:0]
