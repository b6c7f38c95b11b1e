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

from matching.index.base import Rows, Vectors

TREES: Final = 20
SEARCH_K: Final = 20_000
"""As measured by `python -m benchmarks.annoy`."""
WORTH_IT: Final = 10_000
"""Faces. Below, comparing with all of them takes less than a millisecond."""


AT_ONCE: Final = 65_536


def build(rows: Rows, path: Path, *, trees: int = TREES) -> None:
    """Write the Annoy file of a segment; rows keep their numbers. Raises: ValueError if a value is not finite."""
    index = AnnoyIndex(rows.vectors.shape[1], "euclidean")
    for start in range(0, len(rows.ids), AT_ONCE):
        vectors = rows.vectors[start : start + AT_ONCE]
        if not np.isfinite(vectors).all():
            raise ValueError("A face held has a template that is not finite.")
        for row, vector in enumerate(vectors, start=start):
            index.add_item(row, vector)
    index.build(trees, n_jobs=-1)
    index.save(str(path))


def nearest(
    segments: Iterable[tuple[Rows, Path | None]], template: Vectors, *, count: int, search_k: int = SEARCH_K
) -> list[tuple[int, float]]:
    """Up to `count` (face id, Euclidean distance), nearest first; some of the nearest may be missing.

    Args:
        segments: each with its Annoy file, which small ones do not have.
        template: float32 (dimension,).

    Raises:
        ValueError: a template of another shape, or not finite.
    """
    template = np.asarray(template, dtype=np.float32)
    if template.ndim != 1 or not np.isfinite(template).all():
        raise ValueError("A template is one row of finite values.")
    found: list[tuple[int, float]] = []
    for rows, path in segments:
        near, distances = _in_file(path, template, count, search_k) if path else _in_all(rows, template, count)
        ids = rows.ids[np.array(near, dtype=np.intp)]
        stays = ~np.isin(ids, rows.gone)
        found += [
            (face, distance)
            for face, distance, held in zip(ids.tolist(), distances, stays.tolist(), strict=True)
            if held
        ]
    return sorted(found, key=lambda item: item[1])[:count]


def _in_file(path: Path, template: Vectors, count: int, search_k: int) -> tuple[list[int], list[float]]:
    index = AnnoyIndex(len(template), "euclidean")
    index.load(str(path))
    rows, distances = index.get_nns_by_vector(template, count, search_k, include_distances=True)
    return rows, distances


def _in_all(rows: Rows, template: Vectors, count: int) -> tuple[list[int], list[float]]:
    """Compare with every row: for segments without an Annoy file."""
    every = np.linalg.norm(rows.vectors - template, axis=1)
    near = np.argsort(every)[:count]
    return near.tolist(), every[near].tolist()
