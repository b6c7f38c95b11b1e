"""Decoding what strangers send, in a process of its own, so that no file can take the caller along.

The child is given bytes and gives back pixels. It may crash, hang, eat or lie: it is killed at the end of its time, it
has no more memory than it is allowed, no secret in its environment, and of its answer nothing is believed but pixels
of a plausible number. The caller makes the JPEG.
"""

import os
import random
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt
from django.conf import settings

from matching import decoding
from matching.decoder_process import PIXELS, REFUSAL, SIZE
from matching.decoding import ImageProblem

PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from matching.decoder_process import main; main()"  # -I forgets it
)
CHUNK: Final = 65_536
PASSED_ON: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What Python itself may need to start. Nothing else of the environment reaches the child."""


class Busy(Exception):  # noqa: N818 - told to the person as advice
    """As many uploads as may be are being decoded. The same file can be sent again in a moment."""


def decode(data: bytes, *, side: int) -> npt.NDArray[np.uint8]:
    """The picture in a file of unknown origin: uint8 (height, width, 3), RGB, upright, at most `side` pixels long.

    Raises:
        ImageProblem: the file is not acceptable; too_costly also stands for a child that did not survive it.
        Busy: no turn came within `UPLOAD_WAIT_SECONDS`.
    """
    decoding.kind_of(data)
    largest = settings.UPLOAD_MAX_BYTES
    if len(data) > largest:
        raise ImageProblem("file_too_large")
    numbers = (settings.UPLOAD_MAX_MEMORY, settings.UPLOAD_SECONDS, largest, settings.IMAGE_MAX_PIXELS, side)
    with _turn():
        answer = _asked(map(str, numbers), data, most=len(PIXELS) + SIZE.size + side * side * 3)
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
        Busy: none came in time.
    """
    folder: Path = settings.TURNS_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    until = time.monotonic() + settings.UPLOAD_WAIT_SECONDS
    while (taken := _free_turn(folder)) is None:
        if time.monotonic() > until:
            raise Busy
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


def _asked(numbers: Iterable[str], data: bytes, *, most: int) -> bytes:
    """What a new child answers to the bytes; what it has said so far, if it died, was too slow or said too much."""
    child = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-I", "-c", PROGRAM, str(Path(__file__).resolve().parent.parent), *numbers],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # It might quote the file.
        bufsize=0,
        cwd="/",
        env={"MALLOC_ARENA_MAX": "1"} | {name: os.environ[name] for name in PASSED_ON if name in os.environ},
        start_new_session=True,
    )
    try:
        # On a busy machine a second of processor time takes longer than one on the clock.
        return _exchanged(child, data, most=most, until=time.monotonic() + 2 * settings.UPLOAD_SECONDS)
    finally:
        _end(child)


def _exchanged(child: subprocess.Popen[bytes], data: bytes, *, most: int, until: float) -> bytes:
    """Write and read at the same time, until the child's answer has ended, its time is up or it said too much."""
    left, answer = memoryview(data), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(_unblocked(child.stdout), selectors.EVENT_READ)
        stdin = _unblocked(child.stdin)
        selector.register(stdin, selectors.EVENT_WRITE)
        while len(answer) <= most and (remaining := until - time.monotonic()) > 0:
            for key, _events in selector.select(remaining):
                if key.fileobj is not stdin:
                    part = os.read(key.fd, CHUNK)
                    if not part:
                        return bytes(answer)
                    answer += part
                    continue
                left = _written(key.fd, left)
                if not left:
                    selector.unregister(stdin)
                    stdin.close()
    return bytes(answer)


def _unblocked(pipe: IO[bytes] | None) -> IO[bytes]:
    """One end of a pipe that never makes us wait."""
    if pipe is None:
        raise ValueError("The child has no pipe.")
    os.set_blocking(pipe.fileno(), False)
    return pipe


def _written(descriptor: int, left: memoryview) -> memoryview:
    """What is still to be written. A child that no longer listens has heard enough: its answer decides."""
    try:
        return left[os.write(descriptor, left[:CHUNK]) :]
    except BrokenPipeError:
        return left[:0]


def _end(child: subprocess.Popen[bytes]) -> None:
    """The child and whatever it started are gone, and no pipe stays open."""
    # A child that has ended is still there to be waited for: its number is nobody else's.
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group that is dead.
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
