"""Annoy files beside large segments: candidates within milliseconds, for looking around. Nothing legal rests on them.

Annoy's traps are handled here: nothing can be added after a build, so a file belongs to one immutable segment and
goes with it; ids allocate memory up to the largest, so rows are numbered from 0 and mapped to face ids; values are
unchecked, so they are checked before.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from annoy import AnnoyIndex

from matching.index.base import Block, Vectors

TREES: Final = 20
SEARCH_K: Final = 20_000
"""Found every match among 200,000 made faces in 2.6 ms: `python -m benchmarks.preview --faces 200000`."""
WORTH_IT: Final = 10_000
"""Faces. Below, comparing with all of them takes less than a millisecond."""


def build(vectors: Vectors, path: Path) -> None:
    """Write the Annoy file of a segment; rows keep their numbers. Raises: ValueError if a value is not finite."""
    if not np.isfinite(vectors).all():
        raise ValueError("A face held has a template that is not finite.")
    index = AnnoyIndex(vectors.shape[1], "euclidean")
    for row, vector in enumerate(vectors):
        index.add_item(row, vector)
    index.build(TREES, n_jobs=-1)
    index.save(str(path))


def nearest(segments: Iterable[tuple[Block, Path]], template: Vectors, *, count: int) -> list[tuple[int, float]]:
    """Up to `count` (face id, Euclidean distance), nearest first; some of the nearest may be missing.

    Args:
        segments: each block with the place of its Annoy file, which small ones do not have.
        template: float32 (dimension,).

    Raises:
        ValueError: a template of another shape, or not finite.
    """
    template = np.asarray(template, dtype=np.float32)
    if template.ndim != 1 or not np.isfinite(template).all():
        raise ValueError("A template is one row of finite values.")
    found: list[tuple[int, float]] = []
    for block, path in segments:
        if path.exists():
            index = AnnoyIndex(block.vectors.shape[1], "euclidean")
            index.load(str(path))
            rows, distances = index.get_nns_by_vector(template, count, SEARCH_K, include_distances=True)
        else:
            every = np.linalg.norm(block.vectors - template, axis=1)
            rows = np.argsort(every)[:count].tolist()
            distances = every[rows].tolist()
        found += [(int(block.ids[row]), float(distance)) for row, distance in zip(rows, distances, strict=True)]
    return sorted(found, key=lambda item: item[1])[:count]
