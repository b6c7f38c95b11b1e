"""Looking for what must be gone: erased templates in any file, at any position, as they are or as codes."""

import hashlib
import mmap
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from matching.index import codes
from matching.index.base import Fingerprint


def fingerprints_of(template: bytes) -> list[Fingerprint]:
    """Of a template's bytes (little-endian float32), and of its code's."""
    coded = codes.encoded(np.frombuffer(template, "<f4")[None]).tobytes()
    return [Fingerprint(data[:4], hashlib.sha256(data).digest(), len(data)) for data in (template, coded)]


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
    position = data.find(print_.first)
    while position != -1:
        if hashlib.sha256(data[position : position + print_.length]).digest() == print_.sha256:
            return True
        position = data.find(print_.first, position + 1)
    return False
