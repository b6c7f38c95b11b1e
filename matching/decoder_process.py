"""The process that decodes uploads for one web process: `matching.decoder` starts it and keeps it.

It has loaded the decoders, knows no secret, no setting and no address, and never looks at a file itself: for each it
forks a child, which gets one socket, on which bytes come and pixels go, and nothing else to hold on to. The child is
gone after it, so that nothing one person's file did is there when the next one's comes.
"""

import gc
import os
import select
import signal
import socket
import struct
import time
from contextlib import suppress
from typing import Final

from matching import decoding, limits

ORDER: Final = struct.Struct(">6Q")
"""Comes by stdin, with the socket of one upload: the memory in bytes, the processor time and the time on the clock in
seconds that decoding it may take, the most bytes and pixels of a file, and the longest side of the answer."""
PIXELS: Final = b"P"
"""Begins an answer of pixels: after it `SIZE`, then width * height * 3 bytes, RGB, row by row."""
SIZE: Final = struct.Struct(">HH")
"""Width and height."""
REFUSAL: Final = b"R"
"""Begins a refusal: after it the code of an `ImageProblem`."""
_LOOK_AGAIN: Final = 0.25
"""Seconds between two looks at the children."""


def main() -> None:
    """Fork a child for each order until nobody is there to give one. The argument is where `matching` lies."""
    limits.seal_process()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the web server to handle.
    gc.collect()
    gc.freeze()  # A child's collector need not write into pages it shares.
    orders = socket.socket(fileno=0)
    deadlines: dict[int, float] = {}
    while True:
        ready, _, _ = select.select([orders], [], [], _LOOK_AGAIN if deadlines else None)
        _see_to(deadlines)
        if not ready:
            continue
        order, descriptors, _, _ = socket.recv_fds(orders, ORDER.size, 1)
        if len(order) < ORDER.size:
            _see_to(dict.fromkeys(deadlines, 0.0))
            return
        with socket.socket(fileno=descriptors[0]) as caller:
            numbers = ORDER.unpack(order)
            with suppress(OSError):  # No room for a process: the caller sees a socket that closes.
                deadlines[_born(orders, caller, numbers)] = time.monotonic() + numbers[2]


def _see_to(deadlines: dict[int, float]) -> None:
    """End the children that have answered or take too long, with whatever they started."""
    now = time.monotonic()
    for child, until in list(deadlines.items()):
        # A child that has not been waited for is still there: its number is nobody else's.
        if now < until and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            continue
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group that is dead.
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        del deadlines[child]


def _born(orders: socket.socket, caller: socket.socket, numbers: tuple[int, ...]) -> int:
    """Start the child of an order; its number. In the child this does not return."""
    child = os.fork()
    if child:
        with suppress(OSError):  # Whoever comes first; the child may have gone by now.
            os.setpgid(child, child)
        return child
    try:
        os.setpgid(0, 0)
        orders.close()  # Further orders bring other people's files.
        serve(caller, numbers)
    finally:
        os._exit(0)  # Freeing a large picture piece by piece takes longer than leaving.


def serve(caller: socket.socket, numbers: tuple[int, ...]) -> None:
    """Read one file to its end, decode it, answer."""
    memory, seconds, _on_the_clock, max_bytes, max_pixels, side = numbers
    limits.confine_process(memory=memory, seconds=seconds)
    with caller.makefile("rb") as stream:
        data = stream.read()  # The caller has counted them.
    try:
        image = decoding.reduced(data, max_bytes=max_bytes, max_pixels=max_pixels, side=side)
        answer = PIXELS + SIZE.pack(*image.size) + image.tobytes()
    except decoding.ImageProblem as problem:
        answer = REFUSAL + problem.code.encode()
    except MemoryError:
        answer = REFUSAL + b"too_costly"
    caller.sendall(answer)
