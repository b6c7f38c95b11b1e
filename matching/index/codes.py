"""Templates rounded to a grid, one byte a number: a quarter of the memory to read, and no match lost.

A code stands for a point q near its vector v. By the triangle inequality |q - p| <= |v - p| + |v - q|, so everything
within a radius of a probe p lies, as a code, within the radius plus the two rounding errors, which are measured when
the codes are written. What does is compared anew with its vector: the codes only spare reading the others.

The grid is the same for every collection, so that the code of an erased template is known and can be looked for.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import simsimd

from matching.index.base import Codes, Vectors

STEP: Final = 1 / 192
"""dlib's numbers lie within 0.52 of zero (made people of the demonstration): 127 steps are 0.66. What lies beyond is
cut off, which shows in the measured error."""
WORTH_IT: Final = 0.1
"""Euclidean. With a larger error too much lies within reach, and reading the vectors at once is faster."""


def encoded(vectors: Vectors) -> Codes:
    """The codes of float32 (n, dimension). Raises: ValueError if a value is not finite."""
    if not np.isfinite(vectors).all():
        raise ValueError("A template holds values that are not finite.")
    coded: Codes = np.clip(np.rint(vectors / np.float32(STEP)), -127, 127).astype(np.int8)
    return coded


def errors(vectors: Vectors, codes: Codes) -> npt.NDArray[np.float64]:
    """Distance of each vector from what its code stands for; (n,)."""
    away: npt.NDArray[np.float64] = np.linalg.norm(vectors - codes * np.float64(STEP), axis=1)
    return away


def within(codes: Codes, probe: Codes, reach: float) -> npt.NDArray[np.intp]:
    """Rows of `codes` (n, dimension) that stand for a point within `reach` of the one `probe` (dimension,) stands for.

    Squared distances of codes are whole numbers, computed exactly.
    """
    squared = np.asarray(simsimd.cdist(probe[None], codes, metric="sqeuclidean"))[0]
    return np.flatnonzero(squared <= (reach / STEP) ** 2 * (1 + 1e-9))
