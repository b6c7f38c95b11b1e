"""Where templates are kept for searching. Only this package talks to an index library."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from django.conf import settings

from matching.engine import get_engine
from matching.index.base import (
    Block,
    FaceIndex,
    Fingerprint,
    IndexDamaged,
    IndexUnreachable,
    Quality,
    SweepCancelled,
    Swept,
    Watch,
)
from matching.index.fingerprints import count_in, fingerprints_of
from matching.index.milvus import MilvusIndex
from matching.index.segments import SegmentIndex
from matching.models import TemplateSpace


def _made(folder: Path, *, engine: str, dimension: int) -> FaceIndex:
    kind = MilvusIndex if settings.FACE_INDEX == "milvus" else SegmentIndex
    return kind(folder, engine=engine, dimension=dimension)


def get_index() -> FaceIndex:
    """The index of this installation."""
    engine = get_engine()
    return _made(settings.INDEX_DIR, engine=engine.name, dimension=engine.dimension)


def index_of(space: TemplateSpace) -> FaceIndex:
    """The index of a template space."""
    return _made(settings.INDEX_DIR / "spaces" / space.name, engine=space.name, dimension=space.dimension)


def index_for(engine: str) -> FaceIndex:
    """The index that holds the faces of an engine or template space; that of the engine in use for any other."""
    space = TemplateSpace.objects.filter(name=engine).first()
    return index_of(space) if space else get_index()


def every_index() -> list[FaceIndex]:
    """That of this installation, then those of the template spaces."""
    return [get_index(), *map(index_of, TemplateSpace.objects.order_by("name"))]


def left(prints: list[Fingerprint], ids: Iterable[int]) -> int:
    """What an erasure left: of the fingerprinted templates and their codes, those that are in any file of any index, at
    any position; of the erased faces, those that any index could still find. The larger number of the two.
    """
    erased = np.array(sorted(set(ids)), np.int64)
    findable = sum(index.holds(erased) for index in every_index()) if erased.size else 0
    return max(contains_bytes(prints), findable)


def contains_bytes(prints: list[Fingerprint]) -> int:
    """How many of the fingerprinted templates, or their codes, are in any file of any index, at any position."""
    with ExitStack() as still:
        for index in every_index():  # Always in the same order, or two would wait for each other.
            still.enter_context(index.still())
        return count_in(settings.INDEX_DIR, prints)


__all__ = [
    "Block",
    "FaceIndex",
    "Fingerprint",
    "IndexDamaged",
    "IndexUnreachable",
    "MilvusIndex",
    "Quality",
    "SegmentIndex",
    "SweepCancelled",
    "Swept",
    "Watch",
    "contains_bytes",
    "every_index",
    "fingerprints_of",
    "get_index",
    "index_for",
    "index_of",
    "left",
]
