"""The stored object of an erasure: what lies in its place, how it goes, and what may lie beside it."""

import hashlib
from enum import StrEnum

from django.conf import settings

from matching import sources
from matching.engine import Box
from matching.images import ImageProblem, encode, is_flat, obscure, read_picture
from matching.models import Erasure, ErasureAction
from matching.reading import LARGEST_PHOTO

MARGIN = 0.25
"""Share of the face's size that is obscured around it."""


class Found(StrEnum):
    """What lies where the planned object lay."""

    PLANNED = "planned"
    GONE = "gone"
    REDACTED = "redacted"
    ANOTHER = "another"


def read(erasure: Erasure) -> bytes | None:
    """The object's bytes, None if it is gone. Raises: SourceUnreachable, also when the whole source is away."""
    there = sources.exists(erasure.source, erasure.path)
    return sources.read_object(erasure.source, erasure.path) if there else None


def what_lies_there(erasure: Erasure, data: bytes | None) -> Found:
    """Whether it is the planned object: a picture that took its name since belongs to somebody else."""
    if data is None:
        return Found.GONE
    sha256, photo = hashlib.sha256(data).hexdigest(), erasure.photo
    # Somebody else's erasure may have changed the file since the plan; then the planned faces are still its rows.
    same_photo = photo is not None and photo.sha256 == sha256 and photo.faces.filter(pk__in=erasure.face_keys).exists()
    if sha256 == erasure.sha256 or same_photo:
        return Found.PLANNED
    if erasure.action == ErasureAction.REDACT and is_obscured(erasure, data):
        return Found.REDACTED  # By an earlier attempt that died before it could write that down.
    return Found.ANOTHER


def drop_what_is_beside(erasure: Erasure) -> None:
    """Of an object that others deleted: its older versions, and the sidecar, in which the person may be named.

    Raises:
        matching.sources.SourceReadOnly: those who keep it have to delete the sidecar too.
        matching.sources.SourceUnreachable
    """
    sources.drop_older_versions(erasure.source, erasure.path)
    if sources.read_sidecar(erasure.source, erasure.path) is not None:
        sources.delete_object(erasure.source, erasure.path)


def erase_object(erasure: Erasure, data: bytes) -> bytes | None:
    """The stored object goes, or the person in it; what then lies there."""
    if erasure.action == ErasureAction.DELETE:
        sources.delete_object(erasure.source, erasure.path)
        return None
    picture = read_picture(data, max_bytes=LARGEST_PHOTO, max_pixels=settings.IMAGE_MAX_PIXELS)
    pixels = obscure(picture.pixels, [Box(*box) for box in erasure.boxes], margin=MARGIN)
    redacted = encode(pixels, format=picture.format, taken_at=picture.taken_at)
    sources.replace_object(erasure.source, erasure.path, redacted)
    return redacted


def is_left(erasure: Erasure) -> bool:
    """Whether the erased file lies there, or the redacted one shows the person. Another picture may have its name.

    A version that a storage keeps from before the erasure shows the person too.
    """
    if sources.older_versions(erasure.source, erasure.path, until=erasure.rows_done_at):
        return True
    data = read(erasure)
    if data is None:
        named = erasure.action != ErasureAction.TEMPLATE and erasure.source.holds_pictures
        return named and sources.read_sidecar(erasure.source, erasure.path) is not None
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 == erasure.redacted_sha256 or not erasure.rows_done_at:
        return erasure.action == ErasureAction.DELETE or not is_obscured(erasure, data)
    return sha256 == erasure.sha256


def is_obscured(erasure: Erasure, data: bytes) -> bool:
    """Whether nothing is to be seen where the person's faces were."""
    try:
        picture = read_picture(data, max_bytes=LARGEST_PHOTO, max_pixels=settings.IMAGE_MAX_PIXELS)
    except ImageProblem:
        return False
    return all(is_flat(picture.pixels, box) for box in [Box(*box) for box in erasure.boxes])
