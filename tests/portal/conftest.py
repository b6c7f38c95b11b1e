"""Painted holdings: everything but dlib is real."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from matching import images, ingest
from matching.models import GroupPolicy, Source
from portal import flow
from rights.models import Channel, RightsRequest
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
    """A source of painted pictures, imported."""
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"
    settings.INDEX_DIR = tmp_path / "index"
    settings.ANSWERS_DIR = tmp_path / "answers"
    folder = tmp_path / "holdings"
    folder.mkdir()
    for number, (name, people) in enumerate(HOLDINGS.items()):
        (folder / name).write_bytes(paint(people, shade=number))
    source = ingest.register(url=str(folder), name="holdings", group_policy=GroupPolicy.REDACT)
    ingest.import_source(source=source)
    return source


@pytest.fixture
def ask(controller: object) -> Callable[..., RightsRequest]:
    """Make a request as `name`, with a painted photograph."""

    def make(
        name: str = "ada", rights: tuple[str, ...] = ("access", "erasure"), email: str = "ada@example.org"
    ) -> RightsRequest:
        return flow.receive(
            rights=rights,
            contact=flow.Contact(name=name, email=email, language="en"),
            channel=Channel.WEB,
            probe=images.clean_upload(paint([name], shade=9)),
        )

    return make
