"""Looking for what must be gone: which erased vectors are still in any file, at any position."""

import hashlib
import mmap
from pathlib import Path
from typing import NamedTuple


class Fingerprint(NamedTuple):
    """What is remembered of an erased template: four bytes to look for, and a hash to be sure. Not reversible."""

    first: bytes
    sha256: bytes


def fingerprint(template: bytes) -> Fingerprint:
    """The fingerprint of a template's bytes."""
    return Fingerprint(template[:4], hashlib.sha256(template).digest())


def count_in(folder: Path, prints: set[Fingerprint], *, length: int) -> int:
    """How many of the fingerprinted vectors, of `length` bytes each, are in any file below the folder."""
    left = set(prints)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size >= length:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                left -= {item for item in left if _is_in(data, item, length)}
    return len(prints) - len(left)


def _is_in(data: mmap.mmap, print_: Fingerprint, length: int) -> bool:
    position = data.find(print_.first)
    while position != -1:
        if hashlib.sha256(data[position : position + length]).digest() == print_.sha256:
            return True
        position = data.find(print_.first, position + 1)
    return False
