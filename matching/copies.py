"""Warnings at import: a new photo whose face is nearly the same as one in another photo is probably a copy of it.

A hint and no more: whoever erases one copy should know of the other. The sweep finds both anyway.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from matching.engine import get_engine
from matching.index import get_index
from matching.models import Face

ALIKE: Final = 0.1
"""Euclidean. Measured on pictures of 102 people: of copies that were compressed again or made a third smaller 95 % lie
within 0.09, of copies of half the size few do; two takes of one person were never closer than 0.108 (51 pairs)."""
NEAREST: Final = 5
AT_MOST: Final = 2_000
"""Faces looked up after one import; a few seconds."""


class Copy(NamedTuple):
    """Paths of a new photo and of one held before, and how far apart their faces are (Euclidean)."""

    path: str
    of: str
    distance: float


def copies(photos: Iterable[int]) -> list[Copy]:
    """Pairs of these photos and others held that are probably copies; at most `AT_MOST` faces are looked up."""
    faces = Face.objects.filter(photo_id__in=list(photos)[:AT_MOST], engine=get_engine().name)
    index = get_index()
    near: dict[tuple[int, int], float] = {}
    for photo, template in faces.order_by("pk").values_list("photo_id", "template")[:AT_MOST]:
        for face, distance in index.preview(np.frombuffer(bytes(template), "<f4"), count=NEAREST):
            if distance <= ALIKE:
                near[photo, face] = distance
    found = Face.objects.select_related("photo").in_bulk({face for _photo, face in near})
    paths = dict(faces.values_list("photo_id", "photo__path"))
    pairs = {
        (min(photo, other.photo_id), max(photo, other.photo_id)): Copy(paths[photo], other.photo.path, distance)
        for (photo, face), distance in near.items()
        if (other := found.get(face)) is not None and other.photo_id != photo
    }
    return sorted(pairs.values())
