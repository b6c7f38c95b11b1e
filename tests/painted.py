"""A source of painted pictures: everything but dlib is real."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from matching import ingest
from matching.models import GroupPolicy, Source
from tests.fakes import TWIN, paint

HOLDINGS: dict[str, list[str | None]] = {
    "ada-1.jpg": ["ada"],
    "ada-2.jpg": ["ada"],
    "bo-1.jpg": ["bo"],
    "group.jpg": ["bo", "ada", "cy"],
    "twin.jpg": [TWIN],
    "empty.jpg": [None],
}


@pytest.fixture
def painted(settings: Settings, tmp_path: Path, db: None) -> Source:
    """Six painted pictures, imported."""
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"
    folder = tmp_path / "holdings"
    folder.mkdir()
    for number, (name, people) in enumerate(HOLDINGS.items()):
        (folder / name).write_bytes(paint(people, shade=number))
    source = ingest.register(url=str(folder), name="holdings", group_policy=GroupPolicy.REDACT)
    ingest.import_source(source=source)
    return source


def folder_of(source: Source) -> Path:
    """Where a local source lies."""
    return Path(source.url.removeprefix("file://"))
