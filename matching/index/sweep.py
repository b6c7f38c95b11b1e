"""The exhaustive pass: every vector, exact, any number of probes of any number of requests at once.

A matrix product of float32 is fast and loses digits when two vectors are close. So it only chooses candidates, with
room for its error; each candidate's distance is then computed anew in float64 from the difference itself. What is found
is the set that `|v - p| <= radius` gives over the float32 values held, ties at the radius included. FAISS's
`IndexFlatL2.range_search` decides in float32: the two differ only where a distance lies within its rounding error of
the radius.

Blocks are cut into tiles that stay in a core's cache, and worked off by as many threads as there are cores, each with
buffers of its own. Memory is that of the buffers and of the results, whatever the collection's size.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from matching.index.base import Block, FaceIds, Vectors

PRODUCT_ERROR: Final = 1e-4
"""Relative bound on the error of a squared distance from float32 products: 128 terms of 2**-24 each, times the
squared norms, is below 2e-5; this is five times that. Every candidate is computed again, so it only costs time."""
TILE_ROWS: Final = 2048
"""1 MiB of float32 at 128 dimensions."""
PROBES_AT_ONCE: Final = 256
"""Their products with a tile are 2 MiB."""
AHEAD: Final = 2
"""Tiles a thread that wait to be worked off: enough that none is idle, few enough to bound the memory."""


class Swept(NamedTuple):
    """What a pass found: ids with their smallest distance (float64) over the probes, and how many were looked at."""

    ids: FaceIds
    distances: npt.NDArray[np.float64]
    scanned: int


class SweepCancelled(Exception):  # noqa: N818 - what happened
    """The caller no longer wants the result; nothing was concluded."""


class _Probes(NamedTuple):
    """Some probes, transposed for the product, with the least product that makes a candidate, less the face's share."""

    vectors: Vectors
    transposed: Vectors
    least: npt.NDArray[np.float32]
    first: int


class _Hits(NamedTuple):
    """Pairs within the radius: face ids, indices of probes, distances (float64); each shape (n,)."""

    ids: FaceIds
    probes: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]


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
    """Every face within `radius` (Euclidean, included) of any of one person's probes: `sweep_many` for one owner."""
    return sweep_many(blocks, probes, owners=np.zeros(len(probes), np.int64), radius=radius)[0]


def sweep_many(
    blocks: Iterable[Block],
    probes: Vectors,
    *,
    owners: npt.NDArray[np.int64],
    radius: float,
    threads: int | None = None,
    on_progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[int, Swept]:
    """One pass for the probes of several owners. Each gets what a pass of its own would give.

    Args:
        blocks: all faces; read once, in order.
        probes: float32 (k, dimension), from `checked`.
        owners: int64 (k,): whose probe each is.
        threads: as many as there are cores if none are given.
        on_progress: told the faces compared so far, block by block.
        cancelled: asked between blocks.

    Raises:
        ValueError: a face held has a template that is not finite.
        SweepCancelled: `cancelled` said so.
    """
    groups = list(_grouped(probes, radius))
    count = threads or os.cpu_count() or 1
    found: list[_Hits] = []
    scanned = 0
    # Each thread works off tiles of its own; BLAS must not start threads beside them.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(count, thread_name_prefix="sweep") as pool:
        waiting: deque[Future[list[_Hits]]] = deque()
        for block in blocks:
            if cancelled and cancelled():
                raise SweepCancelled
            for tile in _tiles(block):
                if len(waiting) >= AHEAD * count:
                    found += waiting.popleft().result()
                waiting.append(pool.submit(_work_off, tile, groups, radius))
            while waiting:  # The block's memory may be gone with the next one.
                found += waiting.popleft().result()
            scanned += len(block.ids)
            if on_progress:
                on_progress(scanned)
    return _by_owner(found, owners, scanned)


def _grouped(probes: Vectors, radius: float) -> Iterator[_Probes]:
    """The probes in groups. A face v may match a probe p only if v·p >= least + share(v):

    |v - p|² <= r² is v·p >= (|v|² + |p|² - r²) / 2, and the error of the product is at most PRODUCT_ERROR of the norms.
    """
    for first in range(0, len(probes), PROBES_AT_ONCE):
        some = np.ascontiguousarray(probes[first : first + PROBES_AT_ONCE])
        norms = np.einsum("ij,ij->i", some, some, dtype=np.float64)
        least = ((1.0 - PRODUCT_ERROR) * norms - (radius * radius + PRODUCT_ERROR)) / 2.0
        # Rounded down: a threshold must not grow when it becomes a float32.
        low = np.nextafter(least.astype(np.float32), np.float32(-np.inf))
        yield _Probes(some, np.ascontiguousarray(some.T), low, first)


def _tiles(block: Block) -> Iterator[Block]:
    for start in range(0, len(block.ids), TILE_ROWS):
        yield Block(block.ids[start : start + TILE_ROWS], block.vectors[start : start + TILE_ROWS])


def _work_off(tile: Block, groups: list[_Probes], radius: float) -> list[_Hits]:
    vectors = np.ascontiguousarray(tile.vectors)
    norms = np.einsum("ij,ij->i", vectors, vectors)
    if not np.isfinite(norms).all():  # A value that is not finite shows in its row's norm.
        raise ValueError("A face held has a template that is not finite.")
    share = norms * np.float32((1.0 - PRODUCT_ERROR) / 2.0)
    hits = []
    buffer = np.empty((len(vectors), max(len(group.vectors) for group in groups)), np.float32)
    for group in groups:
        products = buffer[:, : len(group.vectors)] if len(group.vectors) < buffer.shape[1] else buffer
        np.matmul(vectors, group.transposed, out=products)
        np.subtract(products, share[:, None], out=products)
        rows, columns = np.nonzero(products >= group.least)
        if rows.size:
            hits.append(_exact(tile.ids, vectors, group, rows, columns, radius))
    return hits


def _exact(
    ids: FaceIds,
    vectors: Vectors,
    group: _Probes,
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    radius: float,
) -> _Hits:
    """The candidates that are within the radius by float64."""
    differences = vectors[rows].astype(np.float64) - group.vectors[columns].astype(np.float64)
    distances = np.sqrt(np.einsum("ij,ij->i", differences, differences))
    inside = distances <= radius
    return _Hits(ids[rows[inside]], columns[inside] + group.first, distances[inside])


def _by_owner(found: list[_Hits], owners: npt.NDArray[np.int64], scanned: int) -> dict[int, Swept]:
    """Per owner each face once, at its smallest distance, the nearest first."""
    ids = np.concatenate([hits.ids for hits in found] or [np.empty(0, np.int64)])
    distances = np.concatenate([hits.distances for hits in found] or [np.empty(0, np.float64)])
    whose = owners[np.concatenate([hits.probes for hits in found] or [np.empty(0, np.int64)])]
    order = np.lexsort((distances, ids, whose))
    ids, distances, whose = ids[order], distances[order], whose[order]
    first = np.ones(len(ids), bool)
    first[1:] = (ids[1:] != ids[:-1]) | (whose[1:] != whose[:-1])
    ids, distances, whose = ids[first], distances[first], whose[first]
    result = {}
    for owner in np.unique(owners).tolist():
        start, end = np.searchsorted(whose, [owner, owner + 1])
        nearest = np.lexsort((ids[start:end], distances[start:end])) + start
        result[owner] = Swept(ids[nearest], distances[nearest], scanned)
    return result
