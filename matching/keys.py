"""The faces of a picture that was read again: what is found anew keeps the key under which it was reviewed.

Hits, reviews and planned erasures name a face by its key. As long as the bytes of a picture are the same, a face in the
same place is the same face, whichever detector or engine looks, and what was once found or marked by hand is not
forgotten because another one overlooks it.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from django.db.models import QuerySet

from matching import spaces
from matching.engine import Box, DetectedFace, overlap
from matching.models import Face, Photo

SAME: Final = 0.5
"""Share of the smaller box from which two boxes hold one face."""


def box_of(face: Face) -> Box:
    """Where the face lies in the upright photo, in pixels."""
    return Box(face.left, face.top, face.right, face.bottom)


def seen(photo: Photo) -> QuerySet[Face]:
    """The faces that an engine found, or a person marked, in the photo: all but own templates."""
    return photo.faces.exclude(engine__in=spaces.names())


def face_row(photo: Photo, face: DetectedFace, engine: str, *, by_hand: bool = False) -> Face:
    """An unsaved row for a face."""
    row = Face(photo=photo, by_hand=by_hand)
    _fill(row, face, engine)
    return row


def _fill(row: Face, face: DetectedFace, engine: str) -> None:
    row.left, row.top, row.right, row.bottom = face.box
    row.score, row.engine = face.score, engine
    row.template = np.ascontiguousarray(face.template, dtype="<f4").tobytes()


def by_hand(photo: Photo | None, engine: str) -> tuple[Box, ...]:
    """The faces marked by hand that an engine has not encoded: only their boxes tell it where they are."""
    if photo is None:
        return ()
    rows = seen(photo).filter(by_hand=True).exclude(engine=engine).order_by("pk")
    return tuple(box_of(face) for face in rows)


def merge(photo: Photo, found: Sequence[DetectedFace], engine: str, *, marked: Sequence[DetectedFace] = ()) -> None:
    """Bring the rows of a photo whose bytes did not change to what was found in it, and count them.

    A face of another engine that was not found again goes: its template compares with no other. One that was marked by
    hand stays even so; until it is encoded no search is complete.

    Args:
        marked: faces marked by hand, encoded anew.
    """
    seen_twice = pairs([face.box for face in marked], [face.box for face in found]).values()
    found = [*marked, *(face for number, face in enumerate(found) if number not in seen_twice)]
    held = list(seen(photo).order_by("pk"))
    again = pairs([box_of(face) for face in held], [face.box for face in found])
    for number, row in enumerate(held):
        if row.engine == engine:
            continue
        if number in again:
            _fill(row, found[again[number]], engine)
            row.save()
        elif not row.by_hand:
            row.delete()
    new = sorted(set(range(len(found))) - set(again.values()))
    Face.objects.bulk_create(face_row(photo, found[number], engine) for number in new)
    count(photo)


def replace(photo: Photo, found: Sequence[DetectedFace], engine: str) -> None:
    """Write down the faces of a photo whose bytes are new."""
    seen(photo).delete()
    Face.objects.bulk_create(face_row(photo, face, engine) for face in found)
    count(photo)


def count(photo: Photo) -> None:
    """Write down how many faces the photo has."""
    photo.face_count = seen(photo).count()
    photo.save(update_fields=["face_count"])


def pairs(held: Sequence[Box], found: Sequence[Box]) -> dict[int, int]:
    """Which of `found` is which of `held`, as indices; each is used once, the closest in size and place first."""
    likeness = {
        (old, new): _likeness(one, other)
        for old, one in enumerate(held)
        for new, other in enumerate(found)
        if overlap(one, other) >= SAME
    }
    again: dict[int, int] = {}
    for old, new in sorted(likeness, key=lambda pair: (-likeness[pair], pair)):
        if old not in again and new not in again.values():
            again[old] = new
    return again


def _likeness(one: Box, other: Box) -> float:
    """The share that two boxes have in common of what they cover together."""
    areas = [(box.right - box.left) * (box.bottom - box.top) for box in (one, other)]
    common = overlap(one, other) * min(areas)
    return common / (sum(areas) - common)
