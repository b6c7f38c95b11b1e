"""A source of painted pictures: everything but dlib is real."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from matching import ingest, sources
from matching.index import get_index
from matching.models import Face, GroupPolicy, Photo, Source
from tests.fakes import TWIN, paint

HOLDINGS: dict[str, list[str | None]] = {
    "ada-1.jpg": ["ada"],
    "ada-2.jpg": ["ada"],
    "bo-1.jpg": ["bo"],
    "group.jpg": ["bo", "ada", "cy"],
    "twin.jpg": [TWIN],
    "empty.jpg": [None],
}

Rows = list[tuple[dict[str, Any], list[dict[str, Any]]]]
"""What an import wrote: each photo, and its faces."""
IMPORTED: Rows = []
"""What the first import of this run wrote. A hundred statements, six hundred times, are a good part of a suite."""


@pytest.fixture
def painted(settings: Settings, tmp_path: Path, db: None) -> Source:
    """Six painted pictures, imported. Only the first ones of a run go through the import."""
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"
    folder = tmp_path / "holdings"
    folder.mkdir()
    for name, data in _pictures().items():
        (folder / name).write_bytes(data)
    source = ingest.register(url=str(folder), name="holdings", group_policy=GroupPolicy.REDACT)
    if IMPORTED:
        write_again(source, IMPORTED)
    else:
        ingest.import_source(source=source)
        IMPORTED.extend(rows_of(source))
    return source


def folder_of(source: Source) -> Path:
    """Where a local source lies."""
    return Path(source.url.removeprefix("file://"))


def rows_of(source: Source) -> Rows:
    """Everything of its photos and faces but what each import makes anew."""
    photos = source.photos.order_by("path")
    return [(_facts(photo), [_facts(face) for face in photo.faces.order_by("left")]) for photo in photos]


def _facts(row: Photo | Face) -> dict[str, Any]:
    own = {"id", "photo", "source", "version", "imported_at"}
    return {field.name: getattr(row, field.name) for field in row._meta.concrete_fields if field.name not in own}


def write_again(source: Source, rows: Rows) -> None:
    """Leave behind what an import of the same files would."""
    begun = timezone.now()
    photos = [
        Photo(source=source, version=sources.version_of(source, facts["path"]), **facts) for facts, _faces in rows
    ]
    Photo.objects.bulk_create(photos)
    every = [Face(photo=photo, **facts) for photo, (_facts, faces) in zip(photos, rows, strict=True) for facts in faces]
    Face.objects.bulk_create(every)
    Source.objects.filter(pk=source.pk).update(import_begun_at=begun, last_import_at=timezone.now())
    get_index().sync()
    get_index().build_previews()


@cache
def _pictures() -> dict[str, bytes]:
    return {name: paint(people, shade=number) for number, (name, people) in enumerate(HOLDINGS.items())}
