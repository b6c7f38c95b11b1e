"""Importing own templates: each batch of rows is one transaction, and a second run changes nothing.

A template whose picture is there is tied to its photo, which is read in the ordinary way first. Where there is none,
a photo stands for it all the same: the template is personal data, and has to be found, told and erased.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from django.db import transaction

from matching import ingest, keys, own_templates, sources
from matching.engine import Box, get_engine, overlap
from matching.index import index_of
from matching.models import Erasure, ErasureAction, Face, Photo, PhotoStatus, Source, TemplateSpace
from matching.own_rows import NOWHERE, Refusal, Row, RowRefused
from matching.parquet import TemplateFile, tried

SCHEME = "templates:"


@dataclass
class Imported:
    """What an import did.

    Attributes:
        rows: of the file.
        new, unchanged: templates.
        without_picture: of all these, those of which no picture is there.
        refused: rows that were not taken.
    """

    rows: int = 0
    new: int = 0
    unchanged: int = 0
    without_picture: int = 0
    refused: list[Refusal] = field(default_factory=list)


class NoSuchSource(ValueError):  # noqa: N818 - what it says
    """No source has this name or address, or several have it; the text says which."""


def source_of(wanted: str, *, pictures: bool) -> Source:
    """The source with this name or URL. Where there is none, one without pictures is made under this name, or
    (`pictures`) the folder is registered.

    Raises:
        NoSuchSource
    """
    named = list(Source.objects.filter(name=wanted) | Source.objects.filter(url=wanted))
    if len(named) > 1:
        raise NoSuchSource(f"{len(named)} sources are called {wanted}; give the address.")
    if not named and pictures:
        try:
            return ingest.register(url=wanted)
        except ValueError as error:
            raise NoSuchSource(f"No source is called {wanted}, and {error} See --no-pictures.") from error
    source = named[0] if named else Source(url=f"{SCHEME}{wanted}", name=wanted)
    if source.holds_pictures == pictures:
        if source.pk is None:
            source.save()
        return source
    raise NoSuchSource(f"{wanted} is a source {'without' if pictures else 'with'} pictures.")


def import_file(
    *,
    path: Path,
    space: TemplateSpace,
    source: Source | None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Import what can be taken, then bring the space's index to that; without a source, only look at every row.

    Raises:
        matching.parquet.FileRefused: what was done so far stands, and running it again does the rest.
        matching.sources.SourceUnreachable: as above.
    """
    keys, counts = np.unique(tried(path, space), return_counts=True)
    file = TemplateFile(path, space)
    repeated, seen = set(keys[counts > 1].tolist()), set[int]()
    report, done = Imported(rows=file.rows), 0
    taker = _Taker(source, space) if source else None
    for rows, refused in file.batches():
        done += len(rows) + len(refused)
        fresh = []
        for row in rows:
            if row.key in seen:
                refused.append(Refusal(row.number, "the same path and box as in an earlier row"))
                continue
            if row.key in repeated:
                seen.add(row.key)
            fresh.append(row)
        if taker:
            refused += taker.take(fresh, report)
        report.refused += sorted(refused)
        if on_progress:
            on_progress(done, file.rows)
    if taker:
        index_of(space).sync()
    return report


class _Taker:
    """Writes rows down."""

    def __init__(self, source: Source, space: TemplateSpace) -> None:
        self.source, self.space = source, space
        self.engine = get_engine().name
        self.erasures = -1
        self.erased = set[str]()
        self.erased_at: dict[str, list[Erasure]] = {}

    def take(self, rows: list[Row], report: Imported) -> list[Refusal]:
        """Write down what can be, in one transaction. Raises: SourceUnreachable."""
        self._read_pictures(rows)
        refused: list[Refusal] = []
        with transaction.atomic():
            Source.objects.select_for_update().get(pk=self.source.pk)  # No erasure changes its rows meanwhile.
            paths = {row.path for row in rows}
            self._look_at_erasures(paths)
            photos = self._photos(paths)
            held, found = _faces(photos.values(), self.space.name), _faces(photos.values(), self.engine)
            new = []
            for row in rows:
                try:
                    face = self._face(row, photos, held, found)
                except RowRefused as problem:
                    refused.append(Refusal(row.number, str(problem)))
                    continue
                report.without_picture += not photos[row.path].is_held
                new += [face] if face else []
            Face.objects.bulk_create(new)
        report.new += len(new)
        report.unchanged += len(rows) - len(refused) - len(new)
        return refused

    def _read_pictures(self, rows: list[Row]) -> None:
        """Import the pictures that are there and were not imported yet: outside the transaction, for it takes long."""
        if not self.source.holds_pictures:
            return
        paths = {row.path for row in rows}
        known = {path for path, photo in self._photos(paths).items() if photo.is_held}
        for path in sorted(paths - known):
            if sources.exists(self.source, path) and sources.is_picture(path):
                ingest.import_one(source=self.source, path=path)

    def _photos(self, paths: Iterable[str]) -> dict[str, Photo]:
        every, found = sorted(paths), dict[str, Photo]()
        for start in range(0, len(every), 500):
            rows = Photo.objects.filter(source=self.source, path__in=every[start : start + 500])
            found.update((photo.path, photo) for photo in rows)
        return found

    def _face(
        self, row: Row, photos: dict[str, Photo], held: dict[int, list[Face]], found: dict[int, list[Face]]
    ) -> Face | None:
        """An unsaved face; None if it is held already. Raises: RowRefused."""
        photo = photos.get(row.path)
        box = self._box(row, photo, found)
        template = np.ascontiguousarray(row.template, dtype="<f4").tobytes()
        for face in held.get(photo.pk, []) if photo else ():
            if keys.box_of(face) == box:
                if bytes(face.template) != template:
                    raise RowRefused("another template of this face is held already")
                return None
        self._refuse_erased(row, photo, box, template)
        if photo is None:
            photo = photos[row.path] = self._without_picture(row)
        elif (row.source_url and not photo.source_url) or (row.taken_at and not photo.taken_at):
            photo.source_url, photo.taken_at = photo.source_url or row.source_url, photo.taken_at or row.taken_at
            photo.save(update_fields=["source_url", "taken_at"])
        left, top, right, bottom = box
        face = Face(
            photo=photo, left=left, top=top, right=right, bottom=bottom, score=row.score, template=template,
            engine=self.space.name, metadata=row.metadata,
        )  # fmt: skip
        held.setdefault(photo.pk, []).append(face)
        return face

    def _box(self, row: Row, photo: Photo | None, found: dict[int, list[Face]]) -> Box:
        if photo is None:
            if self.source.holds_pictures and sources.exists(self.source, row.path):
                raise RowRefused("a file of a kind that is not read as a picture")
            return row.box
        if photo.status == PhotoStatus.SUPPRESSED:
            raise RowRefused("erased before")
        if row.sha256 and photo.sha256 and row.sha256 != photo.sha256:
            raise RowRefused("made from another file than is held (SHA-256)")
        if not photo.is_held:
            return row.box
        if photo.status == PhotoStatus.UNREADABLE:
            raise RowRefused("a picture that cannot be read")
        boxes = [keys.box_of(face) for face in found.get(photo.pk, [])]
        box = own_templates.placed(row.box, photo.width, photo.height, boxes)
        if box is None:
            raise RowRefused("a box outside the picture, or none in a picture with another number of faces than one")
        return box

    def _look_at_erasures(self, paths: Iterable[str]) -> None:
        """Know every template that was erased, also since the last batch, and what was erased at these paths."""
        count = Erasure.objects.count()
        if count != self.erasures:
            prints_of_each = Erasure.objects.values_list("fingerprints", flat=True)
            self.erased = {sha256 for prints in prints_of_each for _first, sha256, *_length in prints}
            self.erasures = count
        every, self.erased_at = sorted(paths), {}
        for start in range(0, len(every), 500):
            for erasure in Erasure.objects.filter(source=self.source, path__in=every[start : start + 500]):
                self.erased_at.setdefault(erasure.path, []).append(erasure)

    def _refuse_erased(self, row: Row, photo: Photo | None, box: Box, template: bytes) -> None:
        """Neither a template that was erased comes back, nor one of a file or address that is suppressed, nor one that
        may be of a face that was erased at this place: under a key or of an engine that was not held then."""
        address = row.source_url if photo is None else ""
        if hashlib.sha256(template).hexdigest() in self.erased or ingest.is_suppressed(row.sha256, address):
            raise RowRefused("erased before")
        if any(_may_be_of(erasure, row, box) for erasure in self.erased_at.get(row.path, ())):
            raise RowRefused("erased before, unless the SHA-256 says that it was made from another file")

    def _without_picture(self, row: Row) -> Photo:
        return Photo.objects.create(
            source=self.source, path=row.path, version="", sha256=row.sha256, size=0, status=PhotoStatus.TEMPLATE,
            taken_at=row.taken_at, source_url=row.source_url,
        )  # fmt: skip


def _may_be_of(erasure: Erasure, row: Row, box: Box) -> bool:
    """Whether a row may be of a face that was erased under its path."""
    if row.sha256 and erasure.sha256 and row.sha256 not in (erasure.sha256, erasure.redacted_sha256):
        return False
    if erasure.action == ErasureAction.DELETE or row.box == NOWHERE:
        return True
    return any(overlap(box, Box(*gone)) >= keys.SAME for gone in erasure.boxes)


def _faces(photos: Iterable[Photo], engine: str) -> dict[int, list[Face]]:
    """The faces of an engine or space, by photo."""
    every, found = sorted(photo.pk for photo in photos), dict[int, list[Face]]()
    for start in range(0, len(every), 500):
        rows = Face.objects.filter(photo__in=every[start : start + 500], engine=engine)
        for face in rows.order_by("pk"):
            found.setdefault(face.photo_id, []).append(face)
    return found
