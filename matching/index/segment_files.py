"""The files of a segment, written once and never changed: `.ids` (int64), `.vec` (float32 rows), `.codes` (int8 rows),
and `.sums` (uint32), the checksums of their pieces.

They are mapped into memory, and let go piece by piece, so that what is mapped does not count as memory in use.
"""

import hashlib
import mmap
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.index import codes
from matching.index.base import Block, Codes, FaceIds, IndexDamaged, Vectors

SUFFIXES: Final = (".ids", ".vec", ".codes")
SUMS: Final = ".sums"
PIECES: Final = {".ids": 2048, ".vec": 64, ".codes": 2048}
"""Rows under one CRC-32, quick enough to be compared by every pass; few where a pass reads here and there."""
ROWS_PER_BLOCK: Final = 65_536
"""32 MiB of float32 at 128 dimensions."""
HASHED_AT_ONCE: Final = 1024 * mmap.PAGESIZE


@dataclass(frozen=True)
class Segment:
    """The files of some faces, with what is needed to know that they are whole.

    Attributes:
        count: rows, removed ones included.
        code_error: largest distance of a vector from its code, rounded up.
        gone: ids of removed faces whose rows are still there, in order.
        sha256: of each file, by suffix.
    """

    name: str
    count: int
    code_error: float
    sha256: dict[str, str] = field(default_factory=dict)
    gone: tuple[int, ...] = ()

    def size(self, suffix: str, dimension: int) -> int:
        """Bytes of one of the files."""
        if suffix == SUMS:
            return 4 * sum(self.pieces(one) for one in SUFFIXES)
        return self.count * {".ids": 8, ".vec": 4 * dimension, ".codes": dimension}[suffix]

    def pieces(self, suffix: str) -> int:
        """Checksums of one of the files."""
        return -(-self.count // PIECES[suffix])


class SegmentRows:
    """A mapped segment. Its files may be deleted meanwhile: they live as long as this does."""

    def __init__(self, root: Path, segment: Segment, dimension: int) -> None:
        """Map the files. Raises: IndexDamaged if one is missing or has the wrong size."""
        self.root, self.segment, self.dimension = root, segment, dimension
        self._maps = {suffix: self._mapped(suffix) for suffix in SUFFIXES}
        self._sums_map = self._mapped(SUMS)
        ends = np.cumsum([segment.pieces(suffix) for suffix in SUFFIXES])
        parts = np.split(np.frombuffer(self._sums_map, "<u4"), ends[:-1])
        self._sums = dict(zip(SUFFIXES, parts, strict=True))
        self.ids: FaceIds = np.frombuffer(self._maps[".ids"], "<i8")
        self.vectors: Vectors = np.frombuffer(self._maps[".vec"], "<f4").reshape(-1, dimension)
        self.codes: Codes | None = np.frombuffer(self._maps[".codes"], np.int8).reshape(-1, dimension)
        self.code_error = segment.code_error
        self.gone: FaceIds = np.array(segment.gone, dtype=np.int64)

    def _mapped(self, suffix: str) -> mmap.mmap:
        path = self.root / (self.segment.name + suffix)
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size != self.segment.size(suffix, self.dimension):
                    raise IndexDamaged(path.name)
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise IndexDamaged(path.name) from error

    def verify(self, suffix: str, start: int, stop: int) -> None:
        """See `Rows.verify`."""
        first = start // PIECES[suffix]
        self._verify(suffix, range(first, min(-(-stop // PIECES[suffix]), len(self._sums[suffix]))))

    def verify_vectors(self, rows: npt.NDArray[np.intp]) -> None:
        """See `Rows.verify_vectors`."""
        self._verify(".vec", np.unique(rows // PIECES[".vec"]).tolist())

    def _verify(self, suffix: str, pieces: Sequence[int]) -> None:
        """Raises: IndexDamaged."""
        size = PIECES[suffix] * self.segment.size(suffix, self.dimension) // self.segment.count
        with memoryview(self._maps[suffix]) as data:
            found = [zlib.crc32(data[piece * size : (piece + 1) * size]) for piece in pieces]
        if not np.array_equal(found, self._sums[suffix][pieces]):
            raise IndexDamaged(self.segment.name + suffix)

    def release(self, start: int, stop: int) -> None:
        """Let go of rows: their pages stay in the system's cache, but are no longer this process's memory."""
        for suffix, mapped in self._maps.items():
            row = self.segment.size(suffix, self.dimension) // self.segment.count
            first = -(-start * row // mmap.PAGESIZE) * mmap.PAGESIZE  # Whole pages; those at the ends are shared.
            last = stop * row // mmap.PAGESIZE * mmap.PAGESIZE
            if last > first:
                mapped.madvise(mmap.MADV_DONTNEED, first, last - first)

    def blocks(self) -> Iterator[Block]:
        """The faces that are not removed, in blocks of at most `ROWS_PER_BLOCK`, copied. Raises: IndexDamaged."""
        for start in range(0, len(self.ids), ROWS_PER_BLOCK):
            for suffix in (".ids", ".vec"):
                self.verify(suffix, start, start + ROWS_PER_BLOCK)
            part = slice(start, start + ROWS_PER_BLOCK)
            stays = ~np.isin(self.ids[part], self.gone)
            yield Block(self.ids[part][stays], self.vectors[part][stays])
            self.release(start, min(start + ROWS_PER_BLOCK, len(self.ids)))

    def held(self) -> FaceIds:
        """The ids of the faces that are not removed."""
        return self.ids[~np.isin(self.ids, self.gone)]

    def damaged(self) -> list[str]:
        """Names of files whose content is not what was written, by checksum."""
        with ThreadPoolExecutor(len(SUFFIXES)) as pool:  # Hashing holds no lock of the interpreter.
            every = self._maps | {SUMS: self._sums_map}
            sums = pool.map(_checksum, every.values())
        return [
            self.segment.name + suffix
            for suffix, found in zip(every, sums, strict=True)
            if found != self.segment.sha256.get(suffix)
        ]


def _checksum(mapped: mmap.mmap) -> str:
    """SHA-256 in hex, read piece by piece and let go, so that a large file does not become this process's memory."""
    digest = hashlib.sha256()
    with memoryview(mapped) as data:
        for start in range(0, len(data), HASHED_AT_ONCE):
            piece = data[start : start + HASHED_AT_ONCE]
            digest.update(piece)
            mapped.madvise(mmap.MADV_DONTNEED, start, len(piece))
    return digest.hexdigest()


class _Sums:
    """Checksums of pieces, of rows that come in blocks of any size."""

    def __init__(self, piece: int) -> None:
        self._piece = piece
        self._whole: list[int] = []
        self._rows, self._sum = 0, 0

    def update(self, data: bytes, row: int) -> None:
        """Further rows, of so many bytes each."""
        rest = memoryview(data)
        while rest:
            part = rest[: (self._piece - self._rows) * row]
            self._sum = zlib.crc32(part, self._sum)
            self._rows += len(part) // row
            rest = rest[len(part) :]
            if self._rows == self._piece:
                self._whole.append(self._sum)
                self._rows, self._sum = 0, 0

    def finished(self) -> bytes:
        """Of every piece; the last may be short."""
        return np.array([*self._whole, *([self._sum] if self._rows else [])], "<u4").tobytes()


def write(root: Path, blocks: Iterable[Block]) -> Segment | None:
    """A new segment of the blocks, read one after the other; None if they hold nobody.

    Raises:
        ValueError: a template that is not finite.
    """
    name = f"seg-{secrets.token_hex(8)}"
    count, error = 0, 0.0
    with ExitStack() as stack:
        files = {suffix: stack.enter_context((root / (name + suffix)).open("xb")) for suffix in (*SUFFIXES, SUMS)}
        hashes = {suffix: hashlib.sha256() for suffix in files}
        sums = {suffix: _Sums(PIECES[suffix]) for suffix in SUFFIXES}
        for block in blocks:
            if not len(block.ids):
                continue
            coded = codes.encoded(block.vectors)
            error = max(error, float(codes.errors(block.vectors, coded).max()))
            parts: tuple[npt.NDArray[Any], ...] = (block.ids.astype("<i8"), block.vectors.astype("<f4"), coded)
            for suffix, part in zip(SUFFIXES, parts, strict=True):
                data = part.tobytes()
                hashes[suffix].update(data)
                sums[suffix].update(data, len(data) // len(block.ids))
                files[suffix].write(data)
            count += len(block.ids)
        every_sum = b"".join(sums[suffix].finished() for suffix in SUFFIXES)
        hashes[SUMS].update(every_sum)
        files[SUMS].write(every_sum)
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
    if not count:
        for suffix in files:
            (root / (name + suffix)).unlink()
        return None
    return Segment(
        name, count, float(np.nextafter(error, np.inf)), {key: value.hexdigest() for key, value in hashes.items()}
    )
