"""Annoy previews: candidates within milliseconds for the desk's interactive look-ups. Nothing legal rests on them.

Annoy's traps are handled here: nothing can be added after a build, so the index is built whole per manifest version;
ids allocate memory up to the largest, so rows are numbered from 0 and mapped to face ids; values are unchecked, so
they are checked before. It lives in memory only: there is no file of it that an erasure would have to clear.
"""

from typing import Final

import numpy as np
from annoy import AnnoyIndex

from matching.index.base import FaceIds, Vectors
from matching.index.segments import SegmentIndex

TREES: Final = 20
SEARCH_K: Final = 20_000
"""Recall 0.99 at a million faces in 5.5 ms (DESIGN.md, section 3)."""


class Preview:
    """Approximate neighbours in one version of the index."""

    def __init__(self, index: SegmentIndex) -> None:
        self._index = index
        blocks = list(index.blocks())
        self._ids: FaceIds = np.concatenate([block.ids for block in blocks]) if blocks else np.empty(0, np.int64)
        self._dimension = index.manifest().dimension
        self._annoy = AnnoyIndex(self._dimension, "euclidean")
        row = 0
        for block in blocks:
            if not np.isfinite(block.vectors).all():
                raise ValueError("A face held has a template that is not finite.")
            for vector in block.vectors:
                self._annoy.add_item(row, vector)
                row += 1
        self._annoy.build(TREES, n_jobs=-1)

    def nearest(self, template: Vectors, *, count: int) -> list[tuple[int, float]]:
        """Up to `count` (face id, distance), nearest first; some of the nearest may be missing.

        Args:
            template: float32 (dimension,).

        Raises:
            ValueError: another shape, or values that are not finite.
        """
        template = np.asarray(template, dtype=np.float32)
        if template.shape != (self._dimension,) or not np.isfinite(template).all():
            raise ValueError(f"A template has the shape ({self._dimension},) and finite values.")
        rows, distances = self._annoy.get_nns_by_vector(template, count, SEARCH_K, include_distances=True)
        return [(int(self._ids[row]), float(distance)) for row, distance in zip(rows, distances, strict=True)]
