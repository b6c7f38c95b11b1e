"""Milvus: the same index on a server, or on many, for more faces than one machine sweeps.

Each engine's templates are one collection (`matching.index.milvus_collection`). Milvus compares in float32; its
candidates are asked for a little further out, and decided in float64 like those of the sweep: the hits are the same.

The database stays the truth. A search counts only if Milvus holds as many faces as were brought to it.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.conf import settings

from matching.index import faces, fingerprints
from matching.index.base import Block, FaceIds, Fingerprint, IndexDamaged, Quality, Swept, Vectors, Watch
from matching.index.faces import Digest
from matching.index.milvus_collection import ROWS_AT_ONCE, Collection, asking
from matching.index.sweep import Hits, by_owner, checked, exact

PROBES_AT_ONCE: Final = 16
TRIES: Final = 3
"""Of a pass, while others change the collection."""
STATE: Final = "milvus.json"
LOCK: Final = "lock-milvus"


class MilvusIndex:
    """One engine's templates in a Milvus collection. `folder` keeps what was last brought there, and the lock."""

    verifies = False

    def __init__(self, folder: Path, *, engine: str, dimension: int) -> None:
        self.folder, self.engine, self.dimension = folder, engine, dimension
        self.name = f"faces_{hashlib.sha256(engine.encode()).hexdigest()[:16]}"

    # --- reading ------------------------------------------------------------------------------------------------------

    def within(
        self, probes: Vectors, *, owners: npt.NDArray[np.int64], radius: float, watch: Watch | None = None
    ) -> dict[int, Swept]:
        """See `FaceIndex.within`. Raises: IndexDamaged, if the collection does not hold what was brought there."""
        probes, watch = checked(probes, self.dimension), watch or Watch()
        for _try in range(TRIES):
            before = self._brought()
            swept = self._swept(probes, owners, radius, watch)
            if self._brought() == before:
                return swept  # Else a whole change, perhaps between looking for candidates and fetching them.
        raise IndexDamaged(f"{self.name}: it was changed whenever it was searched")

    def _swept(self, probes: Vectors, owners: npt.NDArray[np.int64], radius: float, watch: Watch) -> dict[int, Swept]:
        with self._asking() as there:
            scanned = self._whole(there)
            found: list[Hits] = []
            for start in range(0, len(probes), PROBES_AT_ONCE):
                numbers = np.arange(start, min(start + PROBES_AT_ONCE, len(probes)))
                near = list(there.near(probes, numbers, radius, watch))
                found += _decided(there, near, probes, radius)
                watch.progress(scanned * (start + len(numbers)) // len(probes))
            scanned = min(scanned, self._whole(there))  # Or somebody emptied it meanwhile.
        return by_owner(found, owners, scanned)

    def _whole(self, there: Collection) -> int:
        """How many faces the collection holds. Raises: IndexDamaged, if not as many as were brought there."""
        count, digest = there.count(), self._brought()
        if digest is None or count != digest[0]:
            raise IndexDamaged(self.name)
        return count

    def blocks(self) -> Iterator[Block]:
        """Every face, in blocks of bounded size."""
        with self._asking() as there:
            yield from there.blocks()

    def preview(self, template: Vectors, *, count: int) -> list[tuple[int, float]]:
        """The nearest `count` faces, as (face id, Euclidean distance); Milvus compares all of them."""
        (probe,) = checked(template[None], self.dimension)
        with self._asking() as there:
            return there.nearest(probe, count)

    def preview_quality(self) -> Quality | None:
        """None: previews compare everything."""
        return None

    def build_previews(self) -> None:
        """Nothing has to be built."""

    def holds(self, ids: FaceIds) -> int:
        """How many of these faces a search could find."""
        with self._asking() as there:
            return there.holds(ids)

    # --- writing ------------------------------------------------------------------------------------------------------

    def sync(self, *, thorough: bool = False) -> str:
        """Bring the collection to the state of the `Face` rows; `thorough` compares every vector first.

        What Milvus holds is asked before what the database holds: a face that only Milvus has was in the database
        before, and is erased.

        Raises:
            IndexDamaged: a deletion or an addition did not take effect.
        """
        with self._writing(), self._asking() as there:
            digest = faces.digest(self.engine)
            if thorough or digest != self._brought() or there.count() != digest[0]:
                self._forget_state()
                digest = self._brought_over(there, thorough=thorough)
                self._note(digest)
        return f"milvus/{digest[0]}-{hashlib.sha256(repr(digest).encode()).hexdigest()[:8]}"

    def _brought_over(self, there: Collection, *, thorough: bool) -> Digest:
        before = there.every_id()
        right = _same(there) if thorough else before
        digest, held = faces.held(self.engine)
        gone = np.setdiff1d(before, held)
        there.remove(gone)
        if there.holds(gone):
            raise IndexDamaged(f"{self.name}: a deletion did not take effect")
        for block in faces.templates(np.setdiff1d(held, right), self.dimension):
            if not np.isfinite(block.vectors).all():
                raise ValueError("A face held has a template that is not finite.")
            there.add(block)
        if there.count() != len(held):
            raise IndexDamaged(f"{self.name}: holds another number of faces than were brought there")
        return digest

    def compact(self) -> None:
        """Ask Milvus to write its files anew without what was deleted. When it does, and when it collects the old ones,
        is Milvus's to decide: see docs/scale.md.
        """
        with self._writing(), self._asking() as there:
            there.compact()

    # --- its state ----------------------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        """What differs from the database, every vector compared; empty when all is well."""
        with self._asking() as there:
            try:
                count = self._whole(there)
            except IndexDamaged:
                return [f"{self.name} (another number of faces)"]
            if len(_same(there)) != count:
                return [f"{self.name} (a vector that the database does not hold)"]
        state = self._state()
        self._write_state(state | {"checked_at": datetime.now(UTC).isoformat()})
        return []

    def problems(self) -> list[str]:
        """What is damaged, or that the database holds other faces; sentences, none when all is well."""
        problems = [f"{name} is not what was written." for name in self.check()]
        if not problems and self._brought() != faces.digest(self.engine):
            problems.append("The database holds other faces than the index.")
        return problems

    def checked_at(self) -> datetime | None:
        """When everything was last found well, if ever."""
        at = self._state().get("checked_at")
        return datetime.fromisoformat(at) if at else None

    def contains_bytes(self, prints: list[Fingerprint]) -> int:
        """How many of the fingerprinted vectors are in a file of this folder. Milvus's own files are not looked into:
        `holds` says what it can find.
        """
        return fingerprints.count_in(self.folder, prints)

    def _state(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads((self.folder / STATE).read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return state if state.get("collection") == self.name and state.get("uri") == settings.MILVUS_URI else {}

    def _brought(self) -> Digest | None:
        """Of the faces that were last brought there; None if that is not known."""
        digest = self._state().get("digest")
        return (digest[0], digest[1], digest[2]) if digest else None

    def _note(self, digest: Digest) -> None:
        self._write_state({"collection": self.name, "uri": settings.MILVUS_URI, "digest": digest})

    def _write_state(self, state: dict[str, Any]) -> None:
        partial = self.folder / f"{STATE}.partial"
        partial.write_text(json.dumps(state))
        partial.replace(self.folder / STATE)

    def _forget_state(self) -> None:
        (self.folder / STATE).unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    still = _writing

    def _asking(self) -> AbstractContextManager[Collection]:
        return asking(self.name, self.dimension)


def _decided(there: Collection, near: list[tuple[int, int]], probes: Vectors, radius: float) -> Iterator[Hits]:
    """The candidates, as (face, index of the probe), that are within the radius by their vectors in float64."""
    pairs = np.array(sorted(near), np.int64).reshape(-1, 2)
    for start in range(0, len(pairs), ROWS_AT_ONCE):
        ids, numbers = pairs[start : start + ROWS_AT_ONCE].T
        block = there.fetched(np.unique(ids))
        still = np.isin(ids, block.ids)  # Or removed since.
        rows = np.searchsorted(block.ids, ids[still])
        yield exact(ids[still], block.vectors[rows], probes, numbers[still], radius=radius)


def _same(there: Collection) -> FaceIds:
    """The faces whose vector is, bit by bit, that of the database."""
    same = [np.empty(0, np.int64)]
    for block in there.blocks():
        for true in faces.templates(block.ids, there.dimension):
            where = np.searchsorted(block.ids, true.ids)
            same.append(true.ids[(block.vectors[where] == true.vectors).all(axis=1)])
    return np.sort(np.concatenate(same))
