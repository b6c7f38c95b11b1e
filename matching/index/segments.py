"""Segments: vectors in files that never change, under one manifest.

The manifest names the segments that count. It is replaced whole (write, flush, rename), so a reader sees the old state
or the new one, and waits for nobody: it opens what the manifest names, and if a file is gone by then, the manifest is a
newer one. Writers hold a lock on a file. Files that readers keep open live until the last lets go.

A removed face is named in the manifest at once, and no search sees it again. Its bytes go when its segment is written
anew without it: `compact`, which several erasures share. No erasure is done before.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.index import faces, fingerprints, manifests, previews, segment_files
from matching.index.base import Block, FaceIds, Fingerprint, IndexDamaged, Quality, Swept, Vectors, Watch
from matching.index.faces import Digest
from matching.index.manifests import MANIFEST, Manifest
from matching.index.segment_files import Segment, SegmentRows
from matching.index.sweep import checked, sweep_many

SMALL_SEGMENT: Final = 50_000
"""Faces. Smaller segments are merged, so that many small imports do not leave many small files."""
TRIES: Final = 10
LOCK: Final = "lock"
CHECKED: Final = "checked"
PREVIEWS_LOCK: Final = "lock-previews"


class SegmentIndex:
    """The index of one engine's templates, in a folder."""

    verifies = True

    def __init__(self, root: Path, *, engine: str, dimension: int) -> None:
        self.root, self.engine, self.dimension = root, engine, dimension

    # --- reading ------------------------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        """The state in force. Raises: IndexDamaged if it cannot be read, or is of another layout."""
        return manifests.read(self.root) or Manifest(version=0, engine=self.engine, dimension=self.dimension)

    def opened(self) -> list[SegmentRows]:
        """Every segment of one version, open. Raises: IndexDamaged."""
        manifest = self.manifest()
        for _try in range(TRIES):
            try:
                return [SegmentRows(self.root, segment, manifest.dimension) for segment in manifest.segments]
            except IndexDamaged:
                newer = self.manifest()
                if newer.version == manifest.version:
                    raise
                manifest = newer  # Its files were deleted because another version took their place.
        raise IndexDamaged(MANIFEST)

    def within(
        self, probes: Vectors, *, owners: npt.NDArray[np.int64], radius: float, watch: Watch | None = None
    ) -> dict[int, Swept]:
        """The sweep over one version: see `FaceIndex.within` and `matching.index.sweep`.

        Every byte that it rests on is compared with a checksum as it is read.
        """
        return sweep_many(self.opened(), checked(probes, self.dimension), owners=owners, radius=radius, watch=watch)

    def blocks(self) -> Iterator[Block]:
        """Every face, in blocks of at most `ROWS_PER_BLOCK`, from one version. Raises: IndexDamaged."""
        for rows in self.opened():
            yield from rows.blocks()

    def preview(self, template: Vectors, *, count: int) -> list[tuple[int, float]]:
        """Likely the nearest `count` faces, as (face id, Euclidean distance): see `matching.index.annoy`."""
        return previews.nearest(self.opened(), template, count=count)

    def holds(self, ids: FaceIds) -> int:
        """How many of these faces a search could find."""
        return sum(int(np.isin(ids, rows.held()).sum()) for rows in self.opened())

    def check(self) -> list[str]:
        """Names of damaged files, by checksum; empty when all is well."""
        try:
            every = self.opened()
        except IndexDamaged as problem:
            return [str(problem)]
        damaged = [name for rows in every for name in rows.damaged()]
        if not damaged:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.root / CHECKED).touch()
        return damaged + previews.damaged(every)

    def problems(self) -> list[str]:
        """What is damaged, or that the database holds other faces; sentences, none when all is well."""
        problems = [f"{name} is missing, cut off or altered." for name in self.check()]
        if not problems and self._digest_of(self.manifest()) != faces.digest(self.engine):
            problems.append("The database holds other faces than the index.")
        return problems

    def checked_at(self) -> datetime | None:
        """When every checksum was last found right, if ever."""
        try:
            return datetime.fromtimestamp((self.root / CHECKED).stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    # --- writing ------------------------------------------------------------------------------------------------------

    def sync(self, *, thorough: bool = False) -> str:
        """Bring the index to the state of the `Face` rows; the label of the version then in force.

        Damaged segments are dropped and their faces read again from the database. Without `thorough` a file's
        damage shows only in its size. Nobody waits for a writer where nothing has changed.
        """
        if not thorough and (manifest := self._in_force()):
            return manifest.label()
        with self._writing():
            manifest = self._in_force(thorough=thorough)
            if manifest is None:
                manifest = self._changed(self._usable_manifest() or self._fresh(), thorough=thorough)
            self._delete_unnamed_files(manifest)
        return manifest.label()

    def _in_force(self, *, thorough: bool = False) -> Manifest | None:
        """The manifest, if it is of the faces that the database holds and its files are there, or even whole."""
        manifest = self._usable_manifest()
        if manifest is None or manifest.digest != faces.digest(self.engine):
            return None
        if not all(self._is_whole(one, thorough=thorough) for one in manifest.segments):
            return None
        return None if thorough and self._digest_of(manifest) != manifest.digest else manifest

    def _digest_of(self, manifest: Manifest) -> Digest:
        """Of the faces in its files, removed ones left out."""
        ids = [SegmentRows(self.root, segment, self.dimension).held() for segment in manifest.segments]
        return faces.digest_of(np.concatenate([np.empty(0, np.int64), *ids]))

    def compact(self) -> None:
        """Write the segments that hold removed faces anew without them, and delete the old files.

        Raises:
            IndexDamaged: the manifest cannot be read; `sync` mends that.
        """
        with self._writing():
            manifest = self.manifest()
            holed = [segment for segment in manifest.segments if segment.gone]
            if not all(self._is_whole(segment, thorough=True) for segment in holed):
                manifest = self._changed(
                    manifest, thorough=True
                )  # Nothing damaged is written anew as if it were whole.
                holed = [segment for segment in manifest.segments if segment.gone]
            if holed:
                kept = [segment for segment in manifest.segments if not segment.gone]
                written = segment_files.write(self.root, self._faces_in(holed))
                self._put(replace(manifest, segments=(*kept, *([written] if written else []))))
            self._delete_unnamed_files(self.manifest())

    def _usable_manifest(self) -> Manifest | None:
        try:
            manifest = self.manifest()
        except IndexDamaged:
            return None
        return manifest if (manifest.engine, manifest.dimension) == (self.engine, self.dimension) else None

    def _fresh(self) -> Manifest:
        """An empty manifest with a number that was not used before, also where the old one cannot be read."""
        return Manifest(int.from_bytes(os.urandom(4)) >> 1, self.engine, self.dimension)

    def _is_whole(self, segment: Segment, *, thorough: bool) -> bool:
        try:
            rows = SegmentRows(self.root, segment, self.dimension)
            return not (thorough and rows.damaged())
        except IndexDamaged:
            return False

    def _changed(self, manifest: Manifest, *, thorough: bool) -> Manifest:
        """Write what is new, name what is gone, leave out what is damaged."""
        digest, held = faces.held(self.engine)
        kept, present = [], [np.empty(0, np.int64)]
        for segment in manifest.segments:
            if not self._is_whole(segment, thorough=thorough):
                continue
            ids = SegmentRows(self.root, segment, self.dimension).ids
            stays = np.isin(ids, held, assume_unique=True)
            gone = tuple(sorted(ids[~stays].tolist()))
            if len(gone) < segment.count:
                kept.append(replace(segment, gone=gone))
                present.append(ids[stays])
        added = np.setdiff1d(held, np.concatenate(present), assume_unique=True)
        if added.size:  # What is small is merged while something is written anyway.
            room = max(SMALL_SEGMENT, added.size)
            small = [segment for segment in kept if segment.count <= room]
            kept = [segment for segment in kept if segment.count > room]
            if not thorough and not all(self._is_whole(segment, thorough=True) for segment in small):
                return self._changed(manifest, thorough=True)  # What is damaged must not be written anew as if whole.
            new = faces.templates(added, self.dimension)
            written = segment_files.write(self.root, chain(self._faces_in(small), new))
            kept += [written] if written else []
        return self._put(replace(manifest, segments=tuple(kept), digest=digest))

    def put(self, segments: Iterable[Segment | None]) -> None:
        """Name these segments as the whole index, whatever the database holds: for measurements."""
        self._put(replace(self.manifest(), segments=tuple(segment for segment in segments if segment)))

    def _put(self, manifest: Manifest) -> Manifest:
        """Make this the state in force, under the next number."""
        manifest = replace(manifest, version=manifest.version + 1)
        manifests.write(self.root, manifest)
        return manifest

    def _delete_unnamed_files(self, manifest: Manifest) -> None:
        """Delete segment files that the manifest does not name: removed ones, and what a crash left behind."""
        named = {segment.name for segment in manifest.segments}
        for path in self.root.glob("seg-*"):
            if path.name.split(".")[0] not in named:
                path.unlink(missing_ok=True)

    def _faces_in(self, segments: Iterable[Segment]) -> Iterator[Block]:
        for segment in segments:
            yield from SegmentRows(self.root, segment, self.dimension).blocks()

    @contextmanager
    def _writing(self, name: str = LOCK, *, wait: bool = True) -> Iterator[None]:
        """Hold a lock among writers. Raises: BlockingIOError if another holds it and `wait` is false."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / name).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    # --- previews -----------------------------------------------------------------------------------------------------

    def preview_quality(self) -> Quality | None:
        """How much previews find of what the sweep finds; None if they compare everything."""
        return previews.quality(self.root)

    def build_previews(self) -> None:
        """Build what previews lack, after imports and every night: half a minute for a million faces.

        Neither searches nor erasures wait for it. Whoever comes while another builds leaves it to them.
        """
        with suppress(BlockingIOError), self._writing(PREVIEWS_LOCK, wait=False):
            if previews.build(self.opened(), self._settled):
                previews.measure(self.root, self.opened())

    @contextmanager
    def _settled(self) -> Iterator[None]:
        with self._writing():
            yield
            self._delete_unnamed_files(self.manifest())

    # --- proof --------------------------------------------------------------------------------------------------------

    @contextmanager
    def still(self) -> Iterator[None]:
        """While no file of the index changes.

        A preview that is being built may hold what was removed since; its builder deletes it when it is done.
        """
        with self._writing(PREVIEWS_LOCK), self._writing():
            yield

    def contains_bytes(self, prints: list[Fingerprint]) -> int:
        """How many of the fingerprinted vectors, or their codes, are in any file under the index, at any position."""
        with self.still():
            return fingerprints.count_in(self.root, prints)
