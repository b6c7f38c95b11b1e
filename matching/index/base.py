"""What an index of faces must offer, whatever holds it."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from matching.index.fingerprints import Fingerprint

Vectors = npt.NDArray[np.float32]
"""Shape (n, dimension)."""
FaceIds = npt.NDArray[np.int64]
"""Shape (n,)."""


class Block(NamedTuple):
    """Some faces: their ids, and their vectors row by row."""

    ids: FaceIds
    vectors: Vectors


class FaceIndex(Protocol):
    """A cache of the templates in the database, which is the truth."""

    def sync(self) -> str:
        """Bring the index to the state of the database; its version. Bytes of removed faces are gone afterwards."""
        ...

    def blocks(self) -> Iterator[Block]:
        """Every face held, in blocks of bounded size, from one consistent version."""
        ...

    def contains_bytes(self, prints: list[Fingerprint]) -> int:
        """How many of the fingerprinted vectors (first four bytes, SHA-256) are still in any file of the index."""
        ...
