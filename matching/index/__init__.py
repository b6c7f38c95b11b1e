"""Where templates are kept for searching. Only this package talks to an index library."""

from matching.index.base import Block, FaceIndex
from matching.index.fingerprints import Fingerprint, fingerprint
from matching.index.segments import IndexDamaged, SegmentIndex


def get_index() -> SegmentIndex:
    """The index of this installation."""
    return SegmentIndex()


__all__ = ["Block", "FaceIndex", "Fingerprint", "IndexDamaged", "SegmentIndex", "fingerprint", "get_index"]
