"""Where templates are kept for searching. Only this package talks to an index library."""

from django.conf import settings

from matching.engine import get_engine
from matching.index.base import Block, FaceIndex, Fingerprint, IndexDamaged, SweepCancelled, Swept, Watch
from matching.index.fingerprints import fingerprints_of
from matching.index.previews import Quality
from matching.index.segments import SegmentIndex


def get_index() -> SegmentIndex:
    """The index of this installation."""
    engine = get_engine()
    return SegmentIndex(settings.INDEX_DIR, engine=engine.name, dimension=engine.dimension)


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
    "fingerprints_of",
    "get_index",
]
