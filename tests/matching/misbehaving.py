"""A decoding process that does what a decoder does that somebody has taken over: the deed that the file names.

A test puts `PROGRAM` in the place of `matching.decoder.PROGRAM`. Nothing else can: no setting and no argument names it.
"""

import ctypes
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from matching import decoder_process, limits

PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from tests.matching.misbehaving import main; main(); "  # As the real.
    "sys.exit()"
)
BEGINNING: Final = b"\xff\xd8\xff"
"""What follows it in a file is the name of a deed."""
BITE: Final = 50_000_000


def main() -> None:
    usual = decoder_process.serve

    def serve(caller: socket.socket, numbers: tuple[int, ...]) -> None:
        deed = DEEDS.get(caller.recv(100, socket.MSG_PEEK).removeprefix(BEGINNING).decode("latin-1"))
        if deed is None:
            return usual(caller, numbers)
        limits.confine_process(memory=numbers[0], seconds=numbers[1])
        return deed(caller)

    decoder_process.serve = serve
    decoder_process.main()


def hang(_caller: socket.socket) -> None:
    time.sleep(1_000)


def spin(_caller: socket.socket) -> None:
    while True:
        pass


def segfault(_caller: socket.socket) -> None:
    ctypes.string_at(0)


def abort(_caller: socket.socket) -> None:
    os.abort()


def eat(_caller: socket.socket) -> None:
    eaten: list[bytearray] = []
    while True:
        eaten.append(bytearray(BITE))


def measure(caller: socket.socket) -> None:
    """How much may be eaten; 2 GB are enough of an answer. A picture that many bites wide."""
    eaten: list[bytearray] = []
    with suppress(MemoryError):
        while len(eaten) < 40:
            eaten.append(bytearray(BITE))
    caller.sendall(decoder_process.PIXELS + decoder_process.SIZE.pack(len(eaten), 1) + bytes(3 * len(eaten)))


def rubbish(caller: socket.socket) -> None:
    caller.sendall(b"<script>alert(1)</script>" * 99)


def flood(caller: socket.socket) -> None:
    while True:
        caller.sendall(b"P" * 1_000_000)


def lie(caller: socket.socket) -> None:
    """A picture of another number of pixels than it has."""
    caller.sendall(decoder_process.PIXELS + decoder_process.SIZE.pack(1_000, 1_000) + b"x" * 99)


def nothing(caller: socket.socket) -> None:
    """A picture without pixels."""
    caller.sendall(decoder_process.PIXELS + decoder_process.SIZE.pack(0, 0))


def unheard(caller: socket.socket) -> None:
    """A refusal for a reason of its own."""
    caller.sendall(decoder_process.REFUSAL + b"send your password")


def silence(caller: socket.socket) -> None:
    """Stop talking, and stay."""
    caller.shutdown(socket.SHUT_RDWR)
    time.sleep(1_000)


def break_out(caller: socket.socket) -> None:
    """Everything it must not be able to do; each that works is told in the only way there is: a picture that wide."""
    attempts: tuple[Callable[[], object], ...] = (
        lambda: os.kill(os.getppid(), signal.SIGKILL),
        lambda: os.kill(os.getppid(), 0),
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),
        lambda: open("/etc/passwd", "rb").close(),
        lambda: os.unlink(__file__ + ".there-is-none"),
        lambda: os.mkdir("/tmp/regard-broke-out"),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        os.pipe,
        os.setsid,
    )
    done = sum(_works(attempt) for attempt in attempts)
    size = decoder_process.SIZE.pack(done + 1, 1)
    caller.sendall(decoder_process.PIXELS + size + bytes(3 * (done + 1)))


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def thread(caller: socket.socket) -> None:
    """What a decoder must be able to do. A picture two wide says that it was."""
    other = threading.Thread(target=lambda: None)
    other.start()
    other.join()
    caller.sendall(decoder_process.PIXELS + decoder_process.SIZE.pack(2, 1) + bytes(6))


DEEDS: Final[dict[str, Callable[[socket.socket], None]]] = {
    deed.__name__: deed
    for deed in (
        hang, spin, segfault, abort, eat, rubbish, flood, lie, nothing, unheard, silence, measure, break_out, thread,
    )
}  # fmt: skip
FATAL: Final = tuple(name for name in DEEDS if name not in ("measure", "break_out", "thread"))
"""Deeds after which there is no picture."""
