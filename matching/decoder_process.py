"""The process that decodes one upload: bytes in by stdin, pixels out by stdout, and nothing else to hold on to.

Started by `matching.decoder` for each upload and gone after it, so that nothing one person's file did to it is there
when the next one's comes. It knows no secret, no setting and no address.
"""

import os
import struct
import sys
from typing import Final

from matching import decoding, limits

PIXELS: Final = b"P"
"""Begins an answer of pixels: after it `SIZE`, then width * height * 3 bytes, RGB, row by row."""
SIZE: Final = struct.Struct(">HH")
"""Width and height."""
REFUSAL: Final = b"R"
"""Begins a refusal: after it the code of an `ImageProblem`."""


def main() -> None:
    """Decode what comes by stdin.

    The arguments are the folder that `matching` lies in, then five numbers: the memory in bytes and the processor time
    in seconds that the process may use, the most bytes and pixels of a file, and the longest side of the answer.
    """
    memory, seconds, max_bytes, max_pixels, side = (int(argument) for argument in sys.argv[2:])
    limits.limit_process(memory=memory, seconds=seconds)
    limits.shut_in()
    data = sys.stdin.buffer.read(max_bytes + 1)
    try:
        image = decoding.reduced(data, max_bytes=max_bytes, max_pixels=max_pixels, side=side)
        answer = PIXELS + SIZE.pack(*image.size) + image.tobytes()
    except decoding.ImageProblem as problem:
        answer = REFUSAL + problem.code.encode()
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    os._exit(0)  # Freeing a large picture piece by piece takes longer than leaving.
