"""Looking for what must be gone: erased templates in any file, at any position, as they are or as codes."""

import hashlib
import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from matching.index import codes
from matching.index.base import Fingerprint

TELLING: Final = 0.25
"""Share of a template's length by which its code may miss it and still say whose it is; dlib's do by a hundredth."""


def fingerprints_of(template: bytes) -> list[Fingerprint]:
    """Of a template's bytes (little-endian float32), and of its code's.

    Numbers far below or above the grid's leave little of a template in its code: that may be somebody else's code too,
    so it proves nothing and is left out. The code lies in the same segment as the template, and goes with it.
    """
    vector = np.frombuffer(template, "<f4")[None]
    coded = codes.encoded(vector)
    tells = float(codes.errors(vector, coded)[0]) <= TELLING * float(np.linalg.norm(vector))
    parts = (template, coded.tobytes()) if tells else (template,)
    return [_of(data) for data in parts]


def _of(data: bytes) -> Fingerprint:
    """With the four bytes that differ most: many networks give zeros, and those are everywhere."""
    words = np.sort(np.frombuffer(data[: len(data) // 4 * 4], np.uint8).reshape(-1, 4), axis=1)
    offset = 4 * int(np.argmax((np.diff(words, axis=1) != 0).sum(axis=1)))
    return Fingerprint(data[offset : offset + 4], hashlib.sha256(data).digest(), len(data), offset)


def count_in(folder: Path, prints: Iterable[Fingerprint]) -> int:
    """How many of the fingerprints are of bytes that are in any file below the folder."""
    every = set(prints)
    left = set(every)
    for path in sorted(folder.rglob("*")):
        if left and path.is_file() and path.stat().st_size:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                left -= {item for item in left if _is_in(data, item)}
    return len(every) - len(left)


def _is_in(data: mmap.mmap, print_: Fingerprint) -> bool:
    position = data.find(print_.telling, print_.offset)
    while position != -1:
        start = position - print_.offset
        if hashlib.sha256(data[start : start + print_.length]).digest() == print_.sha256:
            return True
        position = data.find(print_.telling, position + 1)
    return False
