"""Photographs of people who do not exist, made small, and a source of them imported once a session."""

import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

from django.core import serializers
from django.utils import timezone

from matching import ingest
from matching.index import SegmentIndex, get_index
from matching.models import Photo, Source
from portal import demo

MAX_SIDE = 800
COLLECTION = ("P001", "P004", "P010")


class People:
    """The pictures of `openpeople`, at most 800 pixels, made when first asked for and kept for the session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def names(self) -> list[str]:
        return demo.people()

    def asset(self, name: str, key: str = demo.PORTRAIT) -> Path:
        """One picture of one person: studio_portrait, studio_posture, amateur_posture, amateur_selfie, ..."""
        return self._saved(f"{name}-{key}.jpg", lambda: demo.asset(name, key, max_side=MAX_SIDE))

    def selfie(self, name: str) -> Path:
        """What the person would upload."""
        return self.asset(name, demo.SELFIE)

    def group(self, *names: str) -> Path:
        """A group picture of these people, left to right, 400 pixels a person."""
        return self._saved("-".join(names) + ".jpg", lambda: demo.compose(names, max_side=400 * len(names)))

    def _saved(self, name: str, make: Any) -> Path:
        target = self.folder / name
        if not target.exists():
            make().save(target, "JPEG", quality=90)
        return target

    def collection(self, chosen: tuple[str, ...] = COLLECTION) -> Path:
        """A folder as `make_demo` makes it, of these people, without what a small picture makes unreadable."""
        target = self.folder / "-".join(("collection", *chosen))
        demo.make(target, until=timezone.localdate(), chosen=chosen, max_side=MAX_SIDE)
        return target / "photos"

    @cached_property
    def imported(self) -> dict[tuple[str, ...], list[Any]]:
        """The rows of a collection of people once it was imported, as serialized."""
        return {}


def segments_index() -> SegmentIndex:
    """The index of this installation, whose files a test looks at."""
    index = get_index()
    assert isinstance(index, SegmentIndex)
    return index


def collection(people: People, folder: Path, chosen: tuple[str, ...] = COLLECTION) -> Source:
    """A copy of the collection in `folder`, imported. Only the first one of a session goes through dlib."""
    shutil.copytree(
        people.collection(chosen), folder
    )  # copy2: the change stamps stay, and with them the photos' versions
    source = ingest.register(url=str(folder), name="collection")
    if chosen not in people.imported:
        ingest.import_source(source=source)
        rows = [*source.photos.order_by("pk"), *_faces(source)]
        people.imported[chosen] = serializers.serialize("python", rows)
        source.refresh_from_db()
        return source
    for row in serializers.deserialize("python", people.imported[chosen]):
        if isinstance(row.object, Photo):
            row.object.source = source
        row.save()
    Source.objects.filter(pk=source.pk).update(last_import_at=timezone.now())
    get_index().sync()
    source.refresh_from_db()
    return source


def _faces(source: Source) -> list[Any]:
    return [face for photo in source.photos.order_by("pk") for face in photo.faces.order_by("pk")]
