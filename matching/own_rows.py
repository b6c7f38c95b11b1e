"""One row of a file of own templates: what may stand in each field, and why a row is refused."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from matching.engine import Box, Template

BOX: Final = ("left", "top", "right", "bottom")
NOWHERE: Final = Box(0, 0, 0, 0)
"""The box of a row that has none."""
FURTHEST: Final = 1_000_000
"""Pixels."""
LARGEST_SCORE: Final = 1e9
TOO_LONG: Final = object()
"""Stands for a text that was not read."""


class RowRefused(ValueError):  # noqa: N818 - what it says
    """A row cannot be taken; the text says why, and nothing that the row holds."""


class Row(NamedTuple):
    """One template. `number` counts from 1; `box` is `NOWHERE` where the file has none."""

    number: int
    path: str
    box: Box
    template: Template
    sha256: str
    source_url: str
    taken_at: datetime | None
    score: float
    metadata: dict[str, Any]

    @property
    def key(self) -> int:
        """Of path and box, 64 bits: two rows with the same one are the same face."""
        return key_of(self.path, self.box)


class Refusal(NamedTuple):
    """A row that was not taken, and why."""

    number: int
    why: str


def key_of(path: str, box: Box) -> int:
    """See `Row.key`."""
    return int.from_bytes(hashlib.blake2b(repr((path, tuple(box))).encode(), digest_size=8).digest())


def boxes(columns: dict[str, list[Any]]) -> Iterator[Box | str]:
    """The box of each row, or why it has none that can be taken."""
    count = len(columns["path"])
    if "left" not in columns:
        yield from [NOWHERE] * count
        return
    for edges in zip(*(columns[name] for name in BOX), strict=True):
        yield _box(edges)


def _box(edges: tuple[Any, ...]) -> Box | str:
    if all(edge is None for edge in edges):
        return NOWHERE
    if any(edge is None or not abs(edge) <= FURTHEST for edge in edges):
        return "a box without four numbers of pixels"
    box = Box(*(round(edge) for edge in edges))
    if box.left >= box.right or box.top >= box.bottom or box.right <= 0 or box.bottom <= 0:
        return "a box that holds nothing"
    return Box(max(0, box.left), max(0, box.top), box.right, box.bottom)


def path(value: Any) -> str:
    if not value or len(value) > 1000:
        raise RowRefused("no path, or one of more than 1000 characters")
    parts = value.split("/")
    if "" in parts or "." in parts or ".." in parts or "\\" in value or not value.isprintable() or ":" in parts[0]:
        raise RowRefused("a path that is not one inside the source")
    return str(value)


def sha256(value: Any) -> str:
    if value is None or value == "":
        return ""
    if len(value) != 64 or any(digit not in "0123456789abcdef" for digit in value.lower()):
        raise RowRefused("a SHA-256 that is not 64 hex digits")
    return str(value.lower())


def url(value: Any) -> str:
    if value and (len(value) > 2000 or not value.isprintable()):
        raise RowRefused("an address of more than 2000 characters, or with unprintable ones")
    return value or ""


def moment(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        moment = parse_datetime(value) if isinstance(value, str) else value
        if moment is not None:
            aware: datetime = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
            return aware.astimezone(timezone.get_default_timezone())
    except (ValueError, OverflowError):
        moment = None
    raise RowRefused("a date that is none")


def score(value: Any) -> float:
    if value is not None and not abs(value) <= LARGEST_SCORE:
        raise RowRefused("a score that is no number")
    return 0.0 if value is None else float(value)


def metadata(value: Any) -> dict[str, Any]:
    if not value:
        return {}
    try:
        parsed = json.loads(value, parse_constant=_no_number)
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or "\\u0000" in value:
        raise RowRefused("metadata that are no JSON object")
    return parsed


def _no_number(name: str) -> float:
    raise ValueError(name)
