"""The `Face` rows, as the index reads them: which there are, and their templates."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from django.db.models import Count, F, QuerySet, Sum

from matching.index.base import Block, FaceIds
from matching.models import Face

Digest = tuple[int, int, int]
"""Of a set of face ids: how many, and the sums of their lower and upper halves. Ids are 63 random bits and never used
again, so two sets with the same digest are the same but for a chance of about 2**-63."""

HALF: Final = 2**31


def _of(engine: str) -> QuerySet[Face]:
    return Face.objects.filter(engine=engine).order_by()


def digest(engine: str) -> Digest:
    """Of the faces that the database holds now. Reads the database index on (engine, id), no templates."""
    low, high = F("pk") % HALF, F("pk") / HALF
    sums: dict[str, Any] = _of(engine).aggregate(count=Count("pk"), low=Sum(low), high=Sum(high))
    return int(sums["count"]), int(sums["low"] or 0), int(sums["high"] or 0)


def held(engine: str) -> tuple[Digest, FaceIds]:
    """The ids of the faces that the database holds now, in order, with their digest."""
    rows = _of(engine).values_list("pk", flat=True).iterator(chunk_size=50_000)
    ids = np.sort(np.fromiter(rows, dtype=np.int64))
    return digest_of(ids), ids


def digest_of(ids: FaceIds) -> Digest:
    """Of these faces."""
    return len(ids), int((ids % HALF).sum()), int((ids // HALF).sum())


def templates(ids: FaceIds, dimension: int) -> Iterator[Block]:
    """The faces with these ids that are still held, in blocks. Raises: ValueError for a template of another size."""
    for start in range(0, len(ids), 10_000):
        rows: list[tuple[int, bytes]] = []
        for first in range(start, min(start + 10_000, len(ids)), 500):  # What every database takes as parameters.
            wanted = ids[first : min(first + 500, start + 10_000)].tolist()
            found = Face.objects.filter(pk__in=wanted).order_by()
            rows += [(pk, bytes(template)) for pk, template in found.values_list("pk", "template")]
        if rows:
            vectors = np.frombuffer(b"".join(template for _pk, template in rows), dtype="<f4")
            yield Block(np.array([pk for pk, _template in rows], np.int64), vectors.reshape(len(rows), dimension))
