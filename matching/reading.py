"""Reading one file of a source, before anything is written down: its bytes, its picture, its faces, its sidecar."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from matching import sources, stored
from matching.engine import Box, DetectedFace, Detector, get_engine
from matching.images import ImageProblem, Picture, read_picture
from matching.models import Problem, Source

LARGEST_PHOTO = 200 * 1024 * 1024
"""Bytes. The controller's own files, not uploads; a file above this is listed as unreadable."""

READER_DIED = "reader_died"
"""The problem of a file that twice killed the process that read it, which no `ImageProblem` can tell."""
REFUSED = "refused"
"""The problem of a file to which its source denies access, as to no other."""
UNNAMEABLE = "unnameable"
"""The problem of a file whose path cannot be written down."""
LONGEST_URL = 2000


class Reading(NamedTuple):
    """One file as read, before anything is written down.

    Attributes:
        detector: how its faces were looked for.
        marked: what lies in the boxes that were asked for, in their order.
    """

    sha256: str
    size: int
    problem: str
    detector: Detector
    format: str = ""
    width: int = 0
    height: int = 0
    taken_at: datetime | None = None
    source_url: str = ""
    metadata: dict[str, Any] = {}
    faces: tuple[DetectedFace, ...] = ()
    marked: tuple[DetectedFace, ...] = ()


def read_photo(source: Source, path: str, marked: Sequence[Box] = ()) -> Reading | None:
    """Read one file and find its faces, by the source's detector; None if it is gone.

    Args:
        marked: where somebody saw faces that no detector sees.

    Raises:
        SourceUnreachable
    """
    detector = Detector(source.detector)
    try:
        data, extra = sources.read_object(source, path), _sidecar(source, path)
    except FileNotFoundError:
        return None
    except sources.SourceUnreachable as error:
        if not _refuses_only_this(source, error):
            raise
        return Reading("", 0, REFUSED, detector)
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        picture = read_picture(data, max_bytes=LARGEST_PHOTO, max_pixels=settings.IMAGE_MAX_PIXELS)
    except ImageProblem as problem:
        source_url = stored.text(extra.pop("source_url", ""), longest=LONGEST_URL)
        return Reading(sha256, len(data), problem.code, detector, source_url=source_url, metadata=stored.mapping(extra))
    taken_at = stored.moment(_sidecar_date(extra.pop("taken_at", None)) or picture.taken_at)
    source_url = stored.text(extra.pop("source_url", ""), longest=LONGEST_URL)
    return Reading(
        sha256=sha256,
        size=len(data),
        problem="",
        detector=detector,
        format=picture.format,
        width=picture.pixels.shape[1],
        height=picture.pixels.shape[0],
        taken_at=taken_at,
        source_url=source_url,
        metadata=stored.mapping(picture.metadata | extra),
        faces=tuple(finite(get_engine().faces(picture.pixels, detector=detector))),
        marked=tuple(encode(picture, marked)),
    )


def unread(source: Source, path: str, size: int) -> Reading | None:
    """A file that killed the process that read it; None if it is gone. Raises: SourceUnreachable.

    Its bytes are counted and hashed, and not looked into. Above LARGEST_PHOTO even they may be too much for the
    memory, so that the checksum stays empty.
    """
    if size > LARGEST_PHOTO:
        return Reading("", size, READER_DIED, Detector(source.detector))
    try:
        data = sources.read_object(source, path)
    except FileNotFoundError:
        return None
    return Reading(hashlib.sha256(data).hexdigest(), len(data), READER_DIED, Detector(source.detector))


def ready() -> None:
    """See that photos could be read in this process."""
    get_engine().prepare()


def encode(picture: Picture, boxes: Sequence[Box]) -> list[DetectedFace]:
    """The faces that somebody says are in these boxes. Boxes that do not fit into the picture are left out."""
    height, width = picture.pixels.shape[:2]
    inside = [box for box in boxes if box.right <= width and box.bottom <= height]
    templates = get_engine().encode(picture.pixels, inside)
    return finite([DetectedFace(box, template, 0.0) for box, template in zip(inside, templates, strict=True)])


def finite(found: list[DetectedFace]) -> list[DetectedFace]:
    """The faces as they are. Raises: ValueError if a template is no point in space."""
    for face in found:
        if not np.isfinite(face.template).all():
            raise ValueError("The engine returned a template that is not finite.")
    return found


def _refuses_only_this(source: Source, error: sources.SourceUnreachable) -> bool:
    """Whether the source answers, and denies access to a file of it: that is one unreadable file, not a lost source."""
    if error.problem != Problem.DENIED:
        return False
    sources.check(source)
    return True


def _sidecar(source: Source, path: str) -> dict[str, Any]:
    """The JSON object beside the photo; anything else beside it is left alone."""
    raw = sources.read_sidecar(source, path)
    if raw is None or len(raw) > 100_000:
        return {}
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _sidecar_date(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        parsed = parse_datetime(value)
        return timezone.make_aware(parsed) if parsed is not None and timezone.is_naive(parsed) else parsed
    except (ValueError, OverflowError):
        return None
