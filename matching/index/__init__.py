"""Where templates are kept for searching. Only this package talks to an index library."""

from contextlib import ExitStack

from django.conf import settings

from matching.engine import get_engine
from matching.index.base import Block, FaceIndex, Fingerprint, IndexDamaged, SweepCancelled, Swept, Watch
from matching.index.fingerprints import count_in, fingerprints_of
from matching.index.previews import Quality
from matching.index.segments import SegmentIndex
from matching.models import TemplateSpace


def get_index() -> SegmentIndex:
    """The index of this installation."""
    engine = get_engine()
    return SegmentIndex(settings.INDEX_DIR, engine=engine.name, dimension=engine.dimension)


def index_of(space: TemplateSpace) -> SegmentIndex:
    """The index of a template space."""
    return SegmentIndex(settings.INDEX_DIR / "spaces" / space.name, engine=space.name, dimension=space.dimension)


def index_for(engine: str) -> SegmentIndex:
    """The index that holds the faces of an engine or template space; that of the engine in use for any other."""
    space = TemplateSpace.objects.filter(name=engine).first()
    return index_of(space) if space else get_index()


def every_index() -> list[SegmentIndex]:
    """That of this installation, then those of the template spaces."""
    return [get_index(), *map(index_of, TemplateSpace.objects.order_by("name"))]


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
]
