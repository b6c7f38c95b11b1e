"""Segments: vectors in memory-mapped files under one manifest.

A segment is a pair of files, `<name>.ids` (int64) and `<name>.vec` (float32 rows), and never changes once written.
The manifest names the segments that count; it is replaced whole (write, flush, rename), so a reader sees the old
state or the new one. Writers hold a lock on a file. Readers keep the files they opened: on POSIX a deleted file
lives until its last reader lets go.

A removed face means that its segment is written again without it and the old files are deleted: bytes do not
linger behind a tombstone.
"""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.conf import settings

from matching.engine import get_engine
from matching.index import annoy, fingerprints
from matching.index.base import Block, FaceIds, Vectors
from matching.index.fingerprints import Fingerprint
from matching.models import Face

ROWS_PER_BLOCK: Final = 65_536
"""32 MiB of float32 at 128 dimensions: fits the caches' neighbourhood, bounds the memory of a sweep."""
SMALL_SEGMENT: Final = 50_000
"""Segments below this many faces are merged, so that many small imports do not leave many small files."""
MANIFEST: Final = "manifest.json"


class IndexDamaged(Exception):  # noqa: N818 - a state
    """A file of the index is missing, cut off or altered; `sync` rebuilds it from the database."""


@dataclass(frozen=True)
class Segment:
    """One pair of files, with what is needed to know that they are whole."""

    name: str
    count: int
    ids_sha256: str
    vectors_sha256: str


@dataclass(frozen=True)
class Manifest:
    """The state of the index: a counter that grows with every change, the engine, and the segments."""

    version: int
    engine: str
    dimension: int
    segments: tuple[Segment, ...] = ()

    def label(self) -> str:
        """The version as it stands in certificates."""
        return f"segments/{self.version}"


class SegmentIndex:
    """The index of this installation, under `settings.INDEX_DIR`."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or settings.INDEX_DIR

    # --- reading ------------------------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        """The state in force. Raises: IndexDamaged if the manifest cannot be read."""
        engine = get_engine()
        try:
            raw = json.loads((self.root / MANIFEST).read_bytes())
            return Manifest(
                version=int(raw["version"]),
                engine=str(raw["engine"]),
                dimension=int(raw["dimension"]),
                segments=tuple(Segment(**item) for item in raw["segments"]),
            )
        except FileNotFoundError:
            return Manifest(version=0, engine=engine.name, dimension=engine.dimension)
        except (ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(MANIFEST) from error

    def open(self, segment: Segment, dimension: int, *, thorough: bool = False) -> Block:
        """A segment's ids and vectors, memory-mapped.

        Args:
            thorough: compare the checksums too; sizes are always compared.

        Raises:
            IndexDamaged: a file is missing, has the wrong size or, if `thorough`, the wrong content.
        """
        sizes = {".ids": 8 * segment.count, ".vec": 4 * dimension * segment.count}
        for suffix, checksum in ((".ids", segment.ids_sha256), (".vec", segment.vectors_sha256)):
            path = self.root / (segment.name + suffix)
            try:
                if path.stat().st_size != sizes[suffix] or (thorough and _sha256_of(path) != checksum):
                    raise IndexDamaged(path.name)
            except FileNotFoundError as error:
                raise IndexDamaged(path.name) from error
        ids = np.memmap(self.root / f"{segment.name}.ids", dtype="<i8", mode="r", shape=(segment.count,))
        shape = (segment.count, dimension)
        vectors = np.memmap(self.root / f"{segment.name}.vec", dtype="<f4", mode="r", shape=shape)
        return Block(ids, vectors)

    def blocks(self) -> Iterator[Block]:
        """Every face, in blocks of at most `ROWS_PER_BLOCK`, from one version. Raises: IndexDamaged."""
        with self._locked(fcntl.LOCK_SH):  # Opened under the lock; read outside it.
            manifest = self.manifest()
            opened = [self.open(segment, manifest.dimension) for segment in manifest.segments]
        for ids, vectors in opened:
            for start in range(0, len(ids), ROWS_PER_BLOCK):
                part = slice(start, start + ROWS_PER_BLOCK)
                yield Block(ids[part], vectors[part])

    def preview(self, template: Vectors, *, count: int) -> list[tuple[int, float]]:
        """Likely the nearest `count` faces, as (face id, Euclidean distance): see `matching.index.annoy`."""
        with self._locked(fcntl.LOCK_SH):
            manifest = self.manifest()
            opened = [
                (self.open(item, manifest.dimension), self.root / f"{item.name}.ann") for item in manifest.segments
            ]
            return annoy.nearest(opened, template, count=count)

    def check(self) -> list[str]:
        """Names of damaged files, by checksum; empty when all is well."""
        damaged = []
        with self._locked(fcntl.LOCK_SH):
            try:
                manifest = self.manifest()
            except IndexDamaged as problem:
                return [str(problem)]
            for segment in manifest.segments:
                try:
                    self.open(segment, manifest.dimension, thorough=True)
                except IndexDamaged as problem:
                    damaged.append(str(problem))
        return damaged

    # --- writing ------------------------------------------------------------------------------------------------------

    def sync(self, *, thorough: bool = False) -> str:
        """Bring the index to the state of the `Face` rows; the label of the version then in force.

        Damaged segments are dropped and their faces read again from the database.
        """
        with self._locked(fcntl.LOCK_EX):
            manifest, readable = self._usable_manifest()
            held = np.sort(np.fromiter(_held_ids(manifest.engine), dtype=np.int64))
            kept, rewritten, present = self._sorted_out(manifest, held, thorough=thorough)
            added = np.setdiff1d(held, present, assume_unique=True)
            if rewritten or added.size or len(kept) != len(manifest.segments) or not readable:
                pieces = [*rewritten, *self._from_database(added, manifest)]
                small = [segment for segment in kept if segment.count < SMALL_SEGMENT]
                if pieces and len(small) > 0:  # Merge the small ones while something is written anyway.
                    pieces += [self.open(segment, manifest.dimension) for segment in small]
                    kept = [segment for segment in kept if segment not in small]
                segments = (*kept, *self._write(pieces, manifest.dimension))
                manifest = Manifest(manifest.version + 1, manifest.engine, manifest.dimension, segments)
                self._write_manifest(manifest)
            self._delete_unnamed_files(manifest)
            return manifest.label()

    def _usable_manifest(self) -> tuple[Manifest, bool]:
        """The manifest in force and True; a fresh one and False where it is damaged or of another engine."""
        engine = get_engine()
        try:
            manifest = self.manifest()
        except IndexDamaged:
            return Manifest(secrets.randbits(31), engine.name, engine.dimension), False
        if manifest.engine != engine.name:
            return Manifest(manifest.version + 1, engine.name, engine.dimension), False
        return manifest, True

    def _sorted_out(
        self, manifest: Manifest, held: FaceIds, *, thorough: bool
    ) -> tuple[list[Segment], list[Block], FaceIds]:
        """Segments that stay, what remains of those that lose faces, and the ids that are present in either."""
        kept: list[Segment] = []
        rewritten: list[Block] = []
        present: list[FaceIds] = [np.empty(0, np.int64)]
        for segment in manifest.segments:
            try:
                ids, vectors = self.open(segment, manifest.dimension, thorough=thorough)
            except IndexDamaged:
                continue
            stays = np.isin(ids, held, assume_unique=True)
            if stays.all():
                kept.append(segment)
            else:
                rewritten.append(Block(np.asarray(ids[stays]), np.asarray(vectors[stays])))
            present.append(np.asarray(ids[stays]))
        return kept, rewritten, np.concatenate(present)

    def _from_database(self, ids: FaceIds, manifest: Manifest) -> Iterator[Block]:
        for start in range(0, len(ids), 10_000):
            wanted = ids[start : start + 10_000]
            # Read in slices that every database takes as parameters.
            rows: list[tuple[int, bytes]] = []
            for first in range(0, len(wanted), 500):
                part = Face.objects.filter(pk__in=wanted[first : first + 500].tolist())
                rows += [(pk, bytes(template)) for pk, template in part.values_list("pk", "template")]
            if rows:
                vectors = np.frombuffer(b"".join(template for _pk, template in rows), dtype="<f4")
                yield Block(np.array([pk for pk, _template in rows]), vectors.reshape(-1, manifest.dimension))

    def _write(self, pieces: list[Block], dimension: int) -> list[Segment]:
        """One new segment holding all pieces; none if they are empty."""
        pieces = [piece for piece in pieces if len(piece.ids)]
        if not pieces:
            return []
        name = f"seg-{secrets.token_hex(8)}"
        ids_sum = _write_file(self.root / f"{name}.ids", (np.ascontiguousarray(p.ids, "<i8") for p in pieces))
        vectors_sum = _write_file(self.root / f"{name}.vec", (np.ascontiguousarray(p.vectors, "<f4") for p in pieces))
        count = sum(len(piece.ids) for piece in pieces)
        segment = Segment(name, count, ids_sum, vectors_sum)
        if count >= annoy.WORTH_IT:
            annoy.build(self.open(segment, dimension).vectors, self.root / f"{name}.ann")
        return [segment]

    def _write_manifest(self, manifest: Manifest) -> None:
        partial = self.root / f"{MANIFEST}.partial"
        with partial.open("w") as file:
            json.dump(asdict(manifest), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.root / MANIFEST)

    def _delete_unnamed_files(self, manifest: Manifest) -> None:
        """Delete segment files that the manifest does not name: removed ones, and what a crash left behind."""
        named = {segment.name for segment in manifest.segments}
        for path in self.root.glob("seg-*"):
            if path.name.split(".")[0] not in named:
                path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, mode: int) -> Iterator[None]:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as file:
            fcntl.flock(file, mode)
            yield

    # --- proof --------------------------------------------------------------------------------------------------------

    def contains_bytes(self, prints: list[Fingerprint]) -> int:
        """How many of the fingerprinted vectors are in any file under the index, at any position.

        Args:
            prints: per vector, as `matching.index.fingerprints` makes them.
        """
        with self._locked(fcntl.LOCK_SH):
            return fingerprints.count_in(self.root, set(prints), length=4 * get_engine().dimension)


def _held_ids(engine: str) -> Iterator[int]:
    return Face.objects.filter(engine=engine).order_by().values_list("pk", flat=True).iterator(chunk_size=50_000)


def _write_file(path: Path, arrays: Iterator[Any]) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for array in arrays:
            view = memoryview(array).cast("B")
            digest.update(view)
            file.write(view)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
