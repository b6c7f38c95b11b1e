"""A collection of vectors in Milvus: what is asked of it, and the connection.

Milvus gives at most 16,384 rows to a question. Identifiers are random, so a question that may have more answers is
asked again of each half of the identifiers, until all of them have come.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from django.conf import settings

from matching.index.base import Block, FaceIds, IndexUnreachable, SweepCancelled, Vectors, Watch

if TYPE_CHECKING:  # Imported when it is first used: it takes more than a second, and most installations never do.
    from pymilvus import MilvusClient

MOST: Final = 16_384
"""Rows that Milvus gives to one question."""
EVERY_ID: Final = (0, 2**63)
ROWS_AT_ONCE: Final = 1000
"""Vectors in one message, far below Milvus's limit of 64 MB."""
SLACK: Final = 1e-3
"""Relative, on the squared radius, with as much absolutely: what float32 may round, many times over."""
TIMEOUT: Final = 60
"""Seconds for one question."""


class Collection:
    """Faces by their identifiers, each with its vector, under an index that leaves nothing out (FLAT).

    Every method may raise Milvus's own errors; `asking` turns them into IndexUnreachable.
    """

    def __init__(self, client: "MilvusClient", name: str, dimension: int) -> None:
        """Make it, if there is none."""
        self._client, self.name, self.dimension = client, name, dimension
        if client.has_collection(name, timeout=TIMEOUT):
            client.load_collection(name, timeout=TIMEOUT)
        else:
            self._make()

    def _make(self) -> None:
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self.dimension)
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type="FLAT", metric_type="L2")
        self._client.create_collection(
            self.name, schema=schema, index_params=index, consistency_level="Strong", timeout=TIMEOUT
        )

    def _query(self, **question: Any) -> Any:
        return self._client.query(self.name, consistency_level="Strong", timeout=TIMEOUT, **question)

    def near(
        self, probes: Vectors, numbers: npt.NDArray[np.int64], radius: float, watch: Watch
    ) -> Iterator[tuple[int, int]]:
        """Candidates, as (face, index of the probe): whole ranges of identifiers, halved where they gave too many."""
        reach = radius * radius * (1 + SLACK) + SLACK
        waiting = [(EVERY_ID, numbers)]
        while waiting:
            if watch.cancelled():
                raise SweepCancelled
            (low, high), some = waiting.pop()
            answers = self._client.search(
                self.name,
                data=list(probes[some]),
                filter=_between(low, high),
                limit=MOST,
                search_params={"metric_type": "L2", "params": {"radius": reach}},
                consistency_level="Strong",
                timeout=TIMEOUT,
            )
            full = np.array([len(answer) >= MOST for answer in answers], bool)
            for number, answer, too_many in zip(some.tolist(), answers, full.tolist(), strict=True):
                if not too_many:
                    yield from ((int(hit["id"]), number) for hit in answer)
            if full.any():
                middle = (low + high) // 2
                waiting += [((low, middle), some[full]), ((middle, high), some[full])]

    def fetched(self, ids: FaceIds) -> Block:
        """Those of these faces that are there."""
        return self._block(self._query(ids=ids.tolist(), output_fields=["id", "vector"]))

    def _block(self, rows: Any) -> Block:
        found = sorted((int(row["id"]), row["vector"]) for row in rows)
        vectors = np.array([vector for _face, vector in found], dtype=np.float32)
        return Block(np.array([face for face, _vector in found], np.int64), vectors.reshape(-1, self.dimension))

    def _pieces(self, fields: list[str], most: int) -> Iterator[list[dict[str, Any]]]:
        """Every row, in pieces of fewer than `most`."""
        waiting = [EVERY_ID]
        while waiting:
            low, high = waiting.pop()
            rows = self._query(filter=_between(low, high), output_fields=fields, limit=most)
            if len(rows) >= most:
                middle = (low + high) // 2
                waiting += [(low, middle), (middle, high)]
            elif rows:
                yield list(rows)

    def count(self) -> int:
        """How many faces are there."""
        return int(self._query(filter="", output_fields=["count(*)"])[0]["count(*)"])

    def holds(self, ids: FaceIds) -> int:
        """How many of these faces are there."""
        return sum(len(self._query(ids=some.tolist(), output_fields=["id"])) for some in _parts(ids))

    def blocks(self) -> Iterator[Block]:
        """Every face, in blocks of fewer than `ROWS_AT_ONCE`."""
        return map(self._block, self._pieces(["id", "vector"], ROWS_AT_ONCE))

    def every_id(self) -> FaceIds:
        """Of every face, in order."""
        pieces = ([int(row["id"]) for row in rows] for rows in self._pieces(["id"], MOST))
        return np.sort(np.fromiter(chain.from_iterable(pieces), np.int64))

    def nearest(self, probe: Vectors, count: int) -> list[tuple[int, float]]:
        """The nearest faces, as (face, Euclidean distance in float32); at most `MOST`."""
        search = {"metric_type": "L2"}
        (answer,) = self._client.search(
            self.name, data=[probe], limit=min(count, MOST), search_params=search, timeout=TIMEOUT
        )
        return [(int(hit["id"]), float(np.sqrt(max(0.0, hit["distance"])))) for hit in answer]

    def add(self, block: Block) -> None:
        """Add faces, or replace their vectors."""
        for start in range(0, len(block.ids), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            pairs = zip(block.ids[part].tolist(), block.vectors[part], strict=True)
            rows = [{"id": face, "vector": vector} for face, vector in pairs]
            self._client.upsert(self.name, data=rows, timeout=TIMEOUT)

    def remove(self, ids: FaceIds) -> None:
        """Delete faces; whether it took effect, `holds` says."""
        for some in _parts(ids):
            self._client.delete(self.name, ids=some.tolist(), timeout=TIMEOUT)

    def compact(self) -> None:
        """Ask for files without what was deleted."""
        self._client.flush(self.name, timeout=TIMEOUT)
        self._client.compact(self.name, timeout=TIMEOUT)


def _parts(ids: FaceIds) -> Iterator[FaceIds]:
    for start in range(0, len(ids), ROWS_AT_ONCE):
        yield ids[start : start + ROWS_AT_ONCE]


def _between(low: int, high: int) -> str:
    """The identifiers from `low` up to, not with, `high`. Milvus's numbers end at 2**63 - 1."""
    return f"id >= {low} and id <= {high - 1}"


# --- the connection ---------------------------------------------------------------------------------------------------

_clients: dict[tuple[str, str, int], "MilvusClient"] = {}
"""By address, token and process: a connection does not survive a fork."""


@contextmanager
def asking(name: str, dimension: int) -> Iterator[Collection]:
    """The collection. Raises: IndexUnreachable."""
    from grpc import RpcError
    from pymilvus import MilvusException

    try:
        yield Collection(_client(), name, dimension)
    except (MilvusException, RpcError, ConnectionError, TimeoutError) as error:
        forget_clients()
        raise IndexUnreachable(f"Milvus: {type(error).__name__}") from error  # Its text may hold what was asked.


def _client() -> "MilvusClient":
    from pymilvus import MilvusClient

    key = (settings.MILVUS_URI, settings.MILVUS_TOKEN, os.getpid())
    if key not in _clients:
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # It logs what it was asked.
        _clients[key] = MilvusClient(uri=key[0], token=key[1], timeout=TIMEOUT)
    return _clients[key]


def forget_clients() -> None:
    """Connect anew next time."""
    for key in list(_clients):
        client = _clients.pop(key)
        if key[2] == os.getpid():
            client.close()
