"""What a person sees where the detector saw nothing: faces marked by hand, or that there is none.

Both are said of bytes: a picture that changed in its source since is refused, and one that changes later is looked at
again.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from matching import keys, sources, suppression
from matching.engine import Box, DetectedFace, get_engine, overlap
from matching.images import ImageProblem, read_picture
from matching.index import get_index
from matching.models import Face, Photo, PhotoStatus, Source
from matching.reading import LARGEST_PHOTO, encode

SMALLEST: Final = 16
"""Pixels of a side of a marked face. Below that no template says anything of anybody."""
MOST: Final = 20
"""Faces that are marked at a time."""


class MarkRefused(Exception):  # noqa: N818 - told to the person as a sentence
    """What was marked cannot be taken.

    Attributes:
        code: none, too_many, outside (of the picture, or no box at all), too_small, changed (the picture is another one
            now, or not there) or has_faces.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def to_look_at() -> QuerySet[Photo]:
    """Photos in which nothing found a face, and nobody has looked for one."""
    return Photo.objects.filter(status=PhotoStatus.READ, face_count=0, looked_at=None).order_by("pk")


def faces_in(photo: Photo, boxes: Sequence[Box]) -> list[DetectedFace]:
    """What lies in the boxes of a photo, encoded. Nothing is written down; it may take a second a box.

    Raises:
        MarkRefused: the boxes cannot be taken, or the file is not the one that was read.
        matching.sources.SourceUnreachable: the picture cannot be read now.
    """
    try:
        data = sources.read_object(photo.source, photo.path)
        if hashlib.sha256(data).hexdigest() != photo.sha256:
            raise MarkRefused("changed")
        picture = read_picture(data, max_bytes=LARGEST_PHOTO, max_pixels=settings.IMAGE_MAX_PIXELS)
    except (FileNotFoundError, ImageProblem) as error:
        raise MarkRefused("changed") from error
    check(boxes, height=picture.pixels.shape[0], width=picture.pixels.shape[1])
    return encode(picture, boxes)


@transaction.atomic
def mark(*, photo: Photo, faces: Sequence[DetectedFace]) -> list[Face]:
    """Keep faces that `faces_in` gave for this photo; those that are held already are left as they are.

    The index follows once the caller's transaction is done; the next search would bring it up to date anyway.

    Returns:
        The new rows, in the order of the faces.

    Raises:
        MarkRefused: the photo was imported anew meanwhile.
    """
    photo = _locked(photo)
    known = [keys.box_of(face) for face in keys.seen(photo).order_by("pk")]
    rows: list[Face] = []
    for face in faces:
        if all(overlap(face.box, other) < keys.SAME for other in known):
            known.append(face.box)
            rows.append(keys.face_row(photo, face, get_engine().name, by_hand=True))
    Face.objects.bulk_create(rows)
    Photo.objects.filter(pk=photo.pk).update(looked_at=None, looked_at_by="")
    keys.count(photo)
    suppression.hold(photo)
    transaction.on_commit(lambda: get_index().sync(), robust=True)  # Else the next search does it.
    return rows


@transaction.atomic
def nothing_there(*, photo: Photo, by: str) -> None:
    """Keep that somebody looked at the photo and saw no face. Raises: MarkRefused."""
    if _locked(photo).face_count:
        raise MarkRefused("has_faces")
    Photo.objects.filter(pk=photo.pk).update(looked_at=timezone.now(), looked_at_by=by)


def check(boxes: Sequence[Box], *, height: int, width: int) -> None:
    """Raises: MarkRefused unless there are boxes, not too many, each of some size and inside the picture."""
    if not boxes:
        raise MarkRefused("none")
    if len(boxes) > MOST:
        raise MarkRefused("too_many")
    for box in boxes:
        if not (0 <= box.left < box.right <= width and 0 <= box.top < box.bottom <= height):
            raise MarkRefused("outside")
        if min(box.right - box.left, box.bottom - box.top) < SMALLEST:
            raise MarkRefused("too_small")


def _locked(photo: Photo) -> Photo:
    """The photo's row as it now is, its source's row locked as an import locks it. Raises: MarkRefused: changed."""
    Source.objects.select_for_update().get(pk=photo.source_id)
    now = Photo.objects.filter(pk=photo.pk, sha256=photo.sha256, status=PhotoStatus.READ).first()
    if now is None:
        raise MarkRefused("changed")
    return now
