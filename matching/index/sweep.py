"""The exhaustive pass: every vector, exact, any number of probes of any number of requests at once.

A matrix product of float32 is fast and loses digits when two vectors are close. So it only chooses candidates, with
room for its error; each candidate's distance is then computed anew in float64 from the difference itself. What is found
is the set that `|v - p| <= radius` gives over the float32 values held, ties at the radius included. FAISS's
`IndexFlatL2.range_search` decides in float32: the two differ only where a distance lies within its rounding error of
the radius.

Few probes do not keep a processor busy: reading the vectors takes longer than comparing them. For them the candidates
come from the codes (`matching.index.codes`), a quarter of the bytes.

Rows are worked off in tiles that stay in a core's cache, by as many threads as there are cores, and released behind
them. Whatever is read is first compared with a checksum, while it is in the cache: an answer rests on no byte that was
altered. Memory is that of a few tiles and of the results, whatever the collection's size.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from matching.index import codes
from matching.index.base import Codes, FaceIds, IndexDamaged, Rows, SweepCancelled, Swept, Vectors, Watch

PRODUCT_ERROR: Final = 1e-4
"""Relative bound on the error of a squared distance from float32 products: 128 terms of 2**-24 each, times the
squared norms, is below 2e-5; this is five times that. Every candidate is computed again, so it only costs time.
It grows with the number of terms: see `product_error`."""
TILE_ROWS: Final = 2048
"""1 MiB of float32 at 128 dimensions."""
ROWS_AT_ONCE: Final = 32_768
"""What a thread takes at a time: long enough to make handing over cheap, short enough to be stopped."""
PROBES_AT_ONCE: Final = 256
"""Their products with a tile are 2 MiB."""
FEW_PROBES: Final = 4
"""Up to here the codes are faster."""
AHEAD: Final = 2
"""Pieces a thread that wait to be worked off: enough that none is idle, few enough to bound the memory."""


class _Group(NamedTuple):
    """Some probes, transposed for the product, with the least product that makes a candidate, less the face's share."""

    transposed: Vectors
    least: npt.NDArray[np.float32]
    first: int


class Hits(NamedTuple):
    """Pairs within the radius: face ids, indices of probes, distances (float64); each shape (n,)."""

    ids: FaceIds
    probes: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]


class ArrayRows:
    """Rows in memory. They have no codes and no checksums, and nothing is released."""

    def __init__(self, ids: FaceIds, vectors: Vectors) -> None:
        self.ids, self.vectors = ids, vectors
        self.codes: Codes | None = None
        self.code_error = float("inf")
        self.gone: FaceIds = np.empty(0, np.int64)

    def verify(self, suffix: str, start: int, stop: int) -> None:
        """Nothing was written."""

    def verify_vectors(self, rows: npt.NDArray[np.intp]) -> None:
        """Nothing was written."""

    def release(self, start: int, stop: int) -> None:
        """The array stays."""


def product_error(dimension: int) -> float:
    """`PRODUCT_ERROR` for vectors of another length."""
    return PRODUCT_ERROR * max(1.0, dimension / 128)


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


def sweep(rows: Iterable[Rows], probes: Vectors, *, radius: float) -> Swept:
    """Every face within `radius` (Euclidean, included) of any of one person's probes: `sweep_many` for one owner."""
    return sweep_many(rows, probes, owners=np.zeros(len(probes), np.int64), radius=radius)[0]


def sweep_many(
    rows: Iterable[Rows],
    probes: Vectors,
    *,
    owners: npt.NDArray[np.int64],
    radius: float,
    threads: int | None = None,
    watch: Watch | None = None,
) -> dict[int, Swept]:
    """One pass for the probes of several owners. Each gets what a pass of its own would give.

    Args:
        rows: all faces; read once, in order.
        probes: float32 (k, dimension), from `checked`.
        owners: int64 (k,): whose probe each is.
        threads: as many as there are cores if none are given.

    Raises:
        IndexDamaged: a file could not be read, or holds a template that is not finite.
        SweepCancelled: `watch` said so.
    """
    watch = watch or Watch()
    pass_ = _Pass(np.ascontiguousarray(probes), radius)
    count = threads or os.cpu_count() or 1
    found: list[Hits] = []
    scanned = 0
    # Each thread works off pieces of its own; BLAS must not start threads beside them.
    with _libraries().limit(limits=1, user_api="blas"), ThreadPoolExecutor(count, thread_name_prefix="sweep") as pool:
        waiting: deque[Future[tuple[list[Hits], int]]] = deque()

        def settle() -> int:
            hits, looked_at = waiting.popleft().result()
            found.extend(hits)
            watch.progress(scanned + looked_at)
            return looked_at

        try:
            for part, start, stop in _pieces(rows):
                if len(waiting) >= AHEAD * count:
                    scanned += settle()
                if watch.cancelled():
                    raise SweepCancelled
                waiting.append(pool.submit(pass_.work_off, part, start, stop))
            while waiting:
                scanned += settle()
        finally:
            for future in waiting:  # After an error, what was not begun is dropped.
                future.cancel()
    return by_owner(found, owners, scanned)


@cache
def _libraries() -> ThreadpoolController:
    """Found once: looking for the loaded libraries takes longer than comparing a hundred thousand faces."""
    return ThreadpoolController()


def _pieces(rows: Iterable[Rows]) -> Iterator[tuple[Rows, int, int]]:
    for part in rows:
        for start in range(0, len(part.ids), ROWS_AT_ONCE):
            yield part, start, min(start + ROWS_AT_ONCE, len(part.ids))


class _Pass:
    """The probes of a pass, prepared once for all threads."""

    def __init__(self, probes: Vectors, radius: float) -> None:
        self.probes, self.radius = probes, radius
        self.probe_codes = codes.encoded(probes)
        self.probe_errors = codes.errors(probes, self.probe_codes)
        self.largest_error = float(self.probe_errors.max())
        self.groups = list(_grouped(probes, radius))

    def work_off(self, rows: Rows, start: int, stop: int) -> tuple[list[Hits], int]:
        """The hits among some rows, and how many of these count. Raises: IndexDamaged."""
        rows.verify(".ids", start, stop)
        close = rows.code_error + self.largest_error <= codes.WORTH_IT
        if rows.codes is not None and close and len(self.probes) <= FEW_PROBES:
            rows.verify(".codes", start, stop)
            hits = self._by_codes(rows, rows.codes[start:stop], start)
        else:
            hits = self._by_products(rows, start, stop)
        counted = stop - start
        if rows.gone.size:
            hits = [_without(rows.gone, found) for found in hits]
            counted -= int(np.isin(rows.ids[start:stop], rows.gone).sum())
        rows.release(start, stop)
        return hits, counted

    def _by_codes(self, rows: Rows, coded: Codes, start: int) -> list[Hits]:
        hits = []
        for number, (code, error) in enumerate(zip(self.probe_codes, self.probe_errors.tolist(), strict=True)):
            near = codes.within(coded, code, self.radius + rows.code_error + error) + start
            for first in range(0, len(near), TILE_ROWS):
                some = near[first : first + TILE_ROWS]
                rows.verify_vectors(some)
                hits += self._exact(rows.ids[some], rows.vectors[some], np.full(len(some), number))
        return hits

    def _by_products(self, rows: Rows, start: int, stop: int) -> list[Hits]:
        hits = []
        products = np.empty(TILE_ROWS * max(len(group.least) for group in self.groups), np.float32)
        for first in range(start, stop, TILE_ROWS):
            rows.verify(".vec", first, min(first + TILE_ROWS, stop))
            vectors = np.ascontiguousarray(rows.vectors[first : min(first + TILE_ROWS, stop)])
            norms = np.einsum("ij,ij->i", vectors, vectors)
            if not np.isfinite(norms).all():  # A value that is not finite shows in its row's norm.
                raise IndexDamaged("a template is not finite")  # None such is ever written.
            share = norms * np.float32((1.0 - product_error(vectors.shape[1])) / 2.0)
            for group in self.groups:
                out = products[: len(vectors) * len(group.least)].reshape(len(vectors), -1)
                np.matmul(vectors, group.transposed, out=out)
                np.subtract(out, share[:, None], out=out)
                pairs = np.flatnonzero(out >= group.least)  # Far faster than `nonzero` in two dimensions.
                if pairs.size:
                    own, columns = np.divmod(pairs, len(group.least))
                    hits += self._exact(rows.ids[own + first], vectors[own], columns + group.first)
            rows.release(first, first + len(vectors))
        return hits

    def _exact(self, ids: FaceIds, vectors: Vectors, numbers: npt.NDArray[np.int64]) -> list[Hits]:
        hits = exact(ids, vectors, self.probes, numbers, radius=self.radius)
        return [hits] if hits.ids.size else []


def exact(ids: FaceIds, vectors: Vectors, probes: Vectors, numbers: npt.NDArray[np.int64], *, radius: float) -> Hits:
    """The candidates that are within the radius by float64. Row by row a face, its vector, and the index of a probe."""
    differences = vectors.astype(np.float64) - probes[numbers].astype(np.float64)
    distances = np.sqrt(np.einsum("ij,ij->i", differences, differences))
    inside = distances <= radius
    return Hits(np.asarray(ids[inside]), numbers[inside], distances[inside])


def _without(gone: FaceIds, hits: Hits) -> Hits:
    stays = ~np.isin(hits.ids, gone)
    return Hits(hits.ids[stays], hits.probes[stays], hits.distances[stays])


def _grouped(probes: Vectors, radius: float) -> Iterator[_Group]:
    """The probes in groups. A face v may match a probe p only if v·p >= least + share(v):

    |v - p|² <= r² is v·p >= (|v|² + |p|² - r²) / 2, and the product's error is at most `product_error` of the norms.
    """
    error = product_error(probes.shape[1])
    for first in range(0, len(probes), PROBES_AT_ONCE):
        some = np.ascontiguousarray(probes[first : first + PROBES_AT_ONCE])
        norms = np.einsum("ij,ij->i", some, some, dtype=np.float64)
        least = ((1.0 - error) * norms - (radius * radius + error)) / 2.0
        # Rounded down: a threshold must not grow when it becomes a float32.
        low = np.nextafter(least.astype(np.float32), np.float32(-np.inf))
        yield _Group(np.ascontiguousarray(some.T), low, first)


def by_owner(found: list[Hits], owners: npt.NDArray[np.int64], scanned: int) -> dict[int, Swept]:
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
