"""What an index of faces must offer, whatever holds it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""Shape (n, dimension)."""
FaceIds = npt.NDArray[np.int64]
"""Shape (n,)."""
Codes = npt.NDArray[np.int8]
"""Shape (n, dimension): templates rounded to the grid of `matching.index.codes`."""


BEFORE_CODES: Final = 512
"""Bytes of the templates whose fingerprints were written down without a length."""


class Fingerprint(NamedTuple):
    """What is remembered of some bytes: four of them to look for, a hash to be sure, their number. Not reversible.

    Attributes:
        telling: the four bytes.
        offset: where they are.
    """

    telling: bytes
    sha256: bytes
    length: int
    offset: int = 0

    def as_json(self) -> list[Any]:
        """As it is kept in the database."""
        return [self.telling.hex(), self.sha256.hex(), self.length, self.offset]

    @classmethod
    def from_json(cls, kept: list[Any]) -> Self:
        """What `as_json` gave."""
        telling, sha256, length, offset = kept + [BEFORE_CODES, 0][len(kept) - 2 :]
        return cls(bytes.fromhex(telling), bytes.fromhex(sha256), int(length), int(offset))


class IndexDamaged(Exception):  # noqa: N818 - a state
    """A file of the index is missing, cut off or altered; `sync` rebuilds it from the database."""


class IndexUnreachable(Exception):  # noqa: N818 - a state
    """The server that holds the index does not answer, or not in time. Nothing was found out; ask again."""


class Block(NamedTuple):
    """Some faces: their ids, and their vectors row by row."""

    ids: FaceIds
    vectors: Vectors


class Rows(Protocol):
    """Faces that several threads read at once, piece by piece."""

    ids: FaceIds
    vectors: Vectors
    codes: Codes | None
    code_error: float
    """Largest distance of a vector from what its code stands for."""
    gone: FaceIds
    """Ids, in order, of faces that are removed already, though their rows are still there."""

    def verify(self, suffix: str, start: int, stop: int) -> None:
        """Compare rows `start` to `stop` of a file (.ids, .vec, .codes) with their checksums. Raises: IndexDamaged."""
        ...

    def verify_vectors(self, rows: npt.NDArray[np.intp]) -> None:
        """Compare the vectors of some rows with their checksums. Raises: IndexDamaged."""
        ...

    def release(self, start: int, stop: int) -> None:
        """Rows `start` to `stop` are done with: they need not stay in memory."""
        ...


class Swept(NamedTuple):
    """What a pass found: ids with their smallest distance (float64) over the probes, and how many were looked at."""

    ids: FaceIds
    distances: npt.NDArray[np.float64]
    scanned: int


@dataclass(frozen=True)
class Watch:
    """Who looks on while a pass runs.

    Attributes:
        progress: told the faces compared so far, several times a pass.
        cancelled: asked as often whether the result is still wanted.
    """

    progress: Callable[[int], None] = lambda _scanned: None
    cancelled: Callable[[], bool] = lambda: False


class SweepCancelled(Exception):  # noqa: N818 - what happened
    """The caller no longer wants the result; nothing was concluded."""


@dataclass(frozen=True)
class Quality:
    """How much a preview finds of what the sweep finds.

    Attributes:
        recall: share of the true hits in the inner band among those given, the probe's own face left out; None if no
            probe had any.
        probes: faces held that were searched with.
        faces: how many were held.
        milliseconds: median of a preview.
        measured_at: ISO 8601.
    """

    recall: float | None
    probes: int
    faces: int
    milliseconds: float
    measured_at: str

    @property
    def share(self) -> float | None:
        """The recall in percent."""
        return None if self.recall is None else 100 * self.recall


class FaceIndex(Protocol):
    """A cache of the templates in the database, which is the truth.

    Where a server holds it, each method may raise IndexUnreachable.
    """

    engine: str
    verifies: bool
    """Whether a pass compares whatever it reads with checksums, as it reads it; else `check` alone does."""

    def sync(self, *, thorough: bool = False) -> str:
        """Bring the index to the state of the database; its version. `thorough` compares every checksum first."""
        ...

    def within(
        self, probes: Vectors, *, owners: npt.NDArray[np.int64], radius: float, watch: Watch | None = None
    ) -> dict[int, Swept]:
        """Every face within `radius` (Euclidean, included) of any probe of each owner, from one version.

        Args:
            probes: float32 (k, dimension).
            owners: int64 (k,): whose probe each is.

        Raises:
            IndexDamaged: what was read is not what was written.
            SweepCancelled: `watch` said so.
        """
        ...

    def blocks(self) -> Iterator[Block]:
        """Every face held, in blocks of bounded size, from one version. Raises: IndexDamaged."""
        ...

    def preview(self, template: Vectors, *, count: int) -> list[tuple[int, float]]:
        """Likely the nearest `count` faces, as (face id, Euclidean distance). Nothing legal rests on it."""
        ...

    def build_previews(self) -> None:
        """Do what makes previews fast; may take long."""
        ...

    def compact(self) -> None:
        """Rid every file of the bytes of removed faces. Before that, no erasure is done."""
        ...

    def contains_bytes(self, prints: list[Fingerprint]) -> int:
        """How many of the fingerprinted vectors are still in any file of the index."""
        ...

    def holds(self, ids: FaceIds) -> int:
        """How many of these faces a search could find."""
        ...

    def still(self) -> AbstractContextManager[None]:
        """While nothing of the index changes."""
        ...

    def check(self) -> list[str]:
        """What is damaged; empty when all is well."""
        ...

    def problems(self) -> list[str]:
        """What is damaged, or that the database holds other faces; sentences, none when all is well."""
        ...

    def preview_quality(self) -> Quality | None:
        """How much previews find of what the sweep finds; None if they compare everything."""
        ...

    def checked_at(self) -> datetime | None:
        """When everything was last found well, if ever."""
        ...
