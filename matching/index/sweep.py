"""The exhaustive pass: every vector, exact, several probes at once.

Distances are first taken from one matrix product per block, which is fast but loses digits when two vectors are
close; whatever could lie inside the radius by that measure is then computed anew in float64 from the difference
itself. The result is exact, ties at the radius included.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.index.base import Block, FaceIds, Vectors

Norms = npt.NDArray[np.float32]
"""Shape (n,): squared Euclidean norms."""

PRODUCT_ERROR: Final = 1e-4
"""Relative bound on the error of a squared distance from float32 products: 128 terms of 2**-24 each, times the
squared norms, is below 2e-5; this is five times that. Every candidate is computed again, so it only costs time."""
PROBES_PER_PASS: Final = 256


class Swept(NamedTuple):
    """What a pass found: ids with their smallest distance (float64) over the probes, and how many were looked at."""

    ids: FaceIds
    distances: npt.NDArray[np.float64]
    scanned: int


def checked(probes: Vectors, dimension: int) -> Vectors:
    """The probes as float32 (k, dimension).

    Raises:
        ValueError: another shape, no probe, or a value that is not finite.
    """
    probes = np.asarray(probes, dtype=np.float32)
    if probes.ndim != 2 or probes.shape[1] != dimension or not len(probes):
        raise ValueError(f"Probes have the shape {probes.shape}; wanted is (k, {dimension}), k at least 1.")
    if not np.isfinite(probes).all():
        raise ValueError("A probe holds values that are not finite.")
    return probes


def sweep(blocks: Iterable[Block], probes: Vectors, *, radius: float) -> Swept:
    """Every face within `radius` (Euclidean, included) of any probe.

    Args:
        blocks: all faces; read once, in order.
        probes: float32 (k, dimension), from `checked`.
    """
    best: dict[int, float] = {}
    scanned = 0
    for ids, vectors in blocks:
        scanned += len(ids)
        norms = np.einsum("ij,ij->i", vectors, vectors)
        if not np.isfinite(norms).all():  # A value that is not finite shows in its row's norm.
            raise ValueError("A face held has a template that is not finite.")
        for start in range(0, len(probes), PROBES_PER_PASS):
            for row, distance in _within(vectors, norms, probes[start : start + PROBES_PER_PASS], radius):
                face = int(ids[row])
                best[face] = min(distance, best.get(face, np.inf))
    order = sorted(best, key=lambda face: (best[face], face))
    return Swept(np.array(order, dtype=np.int64), np.array([best[face] for face in order], dtype=np.float64), scanned)


def _within(vectors: Vectors, norms: Norms, probes: Vectors, radius: float) -> Iterable[tuple[int, float]]:
    probe_norms = np.einsum("ij,ij->i", probes, probes)
    # |v - p|^2 <= r^2 + slack, with everything that does not need the product gathered on one side.
    nearest = (1.0 - PRODUCT_ERROR) * norms[:, None] + (1.0 - PRODUCT_ERROR) * probe_norms[None, :]
    rows, columns = np.nonzero(2.0 * (vectors @ probes.T) >= nearest - (radius * radius + PRODUCT_ERROR))
    if not rows.size:
        return []
    differences = vectors[rows].astype(np.float64) - probes[columns].astype(np.float64)
    distances = np.sqrt(np.einsum("ij,ij->i", differences, differences))
    inside = distances <= radius
    return zip(rows[inside].tolist(), distances[inside].tolist(), strict=True)
