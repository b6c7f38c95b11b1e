"""Reading own templates from a Parquet file, batch by batch. The file is hostile until each row was looked at.

What a file claims of itself is compared with limits first; columns of text are read as dictionaries, so that one long
value which a million rows repeat is held once. Memory is that of a page of each column and of a batch.
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from matching import own_rows, processes, spaces
from matching.engine import Box, Template
from matching.models import TemplateSpace
from matching.own_rows import BOX, TOO_LONG, Refusal, Row, RowRefused, key_of

BATCH: Final = 1000
"""Rows at a time, and in one transaction."""
MOST_ROWS: Final = 20_000_000
LONGEST: Final = 100_000
"""Bytes of a text."""
LARGEST_CHUNK: Final = 16 * 2**30
"""Bytes of one column in one row group, as the file says."""
TEXTS: Final = ("path", "sha256", "source_url", "metadata")
COLUMNS: Final = ("path", "template", *BOX, "sha256", "source_url", "taken_at", "score", "metadata")


DAMAGED: Final = (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError, OverflowError)
"""What Arrow raises on a file that is not what it says."""


MOST_MEMORY: Final = 8 * 2**30
"""Bytes of address space; Arrow and NumPy reserve far more than they use."""

Keys = npt.NDArray[np.uint64]
"""Shape (rows,): see `Row.key`; 0 where a row has none."""


class FileRefused(ValueError):  # noqa: N818 - what it says
    """The file cannot be read as own templates; the text says why."""


def tried(path: Path, space: TemplateSpace) -> Keys:
    """`TemplateFile.keys`, after the whole file was read once in a process of its own.

    Arrow ends the process on some damaged files, where Python can catch nothing; and what a small file unfolds to
    cannot be told beforehand, so that process may not have more than `MOST_MEMORY`.

    Raises:
        FileRefused: by the reading, or because it ended the process.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=processes.begin, initargs=(MOST_MEMORY,)) as pool:
        try:
            return pool.submit(_read_once, path, space).result()
        except BrokenProcessPool as error:
            raise FileRefused(f"{path}: is damaged: reading it ended the process that tried.") from error


def _read_once(path: Path, space: TemplateSpace) -> Keys:
    file = TemplateFile(path, space)
    keys = file.keys()
    for _rows, _refused in file.batches():
        pass
    return keys


class TemplateFile:
    """A Parquet file of own templates for a space."""

    def __init__(self, path: Path, space: TemplateSpace) -> None:
        """Open it and look at what it says of itself. Raises: FileRefused."""
        self.space, self.path = space, path
        try:
            self._file = pq.ParquetFile(path)
            self._schema = self._file.schema_arrow
            self._check_columns()
            texts = [name for name in self._schema.names if _is_text(self._schema.field(name).type)]
            # Streamed rather than read whole: a row group may hold a million rows.
            self._file = pq.ParquetFile(path, buffer_size=2**20, pre_buffer=False, read_dictionary=texts)
            self._check_sizes()
        except DAMAGED as error:
            raise FileRefused(f"{path}: is no Parquet file that can be read.") from error
        self.rows = int(self._file.metadata.num_rows)

    def _check_columns(self) -> None:
        names = self._schema.names
        for name in sorted({name for name in names if name not in COLUMNS or names.count(name) > 1}):
            raise FileRefused(f"{self.path}: {name!r}: unknown or repeated column; known are {', '.join(COLUMNS)}.")
        for name in ("path", "template"):
            if name not in names:
                raise FileRefused(f"{self.path}: {name}: the column is missing.")
        if 0 < sum(name in names for name in BOX) < len(BOX):
            raise FileRefused(f"{self.path}: of {', '.join(BOX)} there must be all or none.")
        for name in names:
            right, wanted = TYPES[name]
            if not right(self._schema.field(name).type):
                raise FileRefused(f"{self.path}: {name}: wanted is {wanted}.")

    def _check_sizes(self) -> None:
        about = self._file.metadata
        if about.num_rows > MOST_ROWS:
            raise FileRefused(f"{self.path}: more than {MOST_ROWS} rows; divide it.")
        for group in range(about.num_row_groups):
            rows = about.row_group(group)
            for number in range(rows.num_columns):
                column = rows.column(number)
                template = column.path_in_schema.startswith("template")
                longest = 2 * self.space.dimension if template else 1
                if column.num_values > rows.num_rows * longest or column.total_uncompressed_size > LARGEST_CHUNK:
                    raise FileRefused(f"{self.path}: {column.path_in_schema}: far more values than rows.")

    def keys(self) -> Keys:
        """Of every row, 0 where path or box cannot be read; sixteen bytes a row. Raises: FileRefused."""
        found = np.zeros(self.rows, np.uint64)
        columns = [name for name in ("path", *BOX) if name in self._schema.names]
        position = 0
        for columns_of in self._batches(columns):
            for path, box in zip(columns_of["path"], own_rows.boxes(columns_of), strict=True):
                if position >= self.rows:
                    raise FileRefused(f"{self.path}: holds more rows than it says.")
                if isinstance(path, str) and isinstance(box, Box):
                    found[position] = key_of(path, box)
                position += 1
        return found

    def batches(self) -> Iterator[tuple[list[Row], list[Refusal]]]:
        """The rows that can be taken, batch by batch, and those that cannot. Raises: FileRefused."""
        number = 0
        for columns in self._batches([name for name in COLUMNS if name in self._schema.names]):
            rows, refused = [], []
            boxes = list(own_rows.boxes(columns))
            for index in range(len(boxes)):
                number += 1
                raw = {name: column[index] for name, column in columns.items()}
                try:
                    rows.append(self._row(number, raw, boxes[index]))
                except RowRefused as problem:
                    refused.append(Refusal(number, str(problem)))
            yield rows, refused

    def _batches(self, columns: list[str]) -> Iterator[dict[str, list[Any]]]:
        """Values by column; texts that are too long are `TOO_LONG`, templates are Arrow's own scalars."""
        try:
            for batch in self._file.iter_batches(batch_size=BATCH, columns=columns, use_threads=False):
                batch.validate(full=True)  # Positions that a file gives itself may lead anywhere.
                yield {name: _values(name, batch.column(name)) for name in batch.schema.names}
        except DAMAGED as error:
            raise FileRefused(f"{self.path}: is damaged, or claims more than fits in memory.") from error

    def _row(self, number: int, raw: dict[str, Any], box: Box | str) -> Row:
        if isinstance(box, str):
            raise RowRefused(box)
        if any(value is TOO_LONG for value in raw.values()):
            raise RowRefused("a text that is too long")
        raw = dict.fromkeys(COLUMNS) | raw
        return Row(
            number,
            own_rows.path(raw["path"]),
            box,
            self._template(raw["template"]),
            own_rows.sha256(raw["sha256"]),
            own_rows.url(raw["source_url"]),
            own_rows.moment(raw["taken_at"]),
            own_rows.score(raw["score"]),
            own_rows.metadata(raw["metadata"]),
        )

    def _template(self, raw: Any) -> Template:
        if not raw.is_valid:
            raise RowRefused("no template")
        if len(raw.values) != self.space.dimension:
            raise RowRefused(f"a template of {len(raw.values)} numbers instead of {self.space.dimension}")
        if raw.values.null_count:
            raise RowRefused("a template with an empty number")
        try:
            return spaces.fitted(self.space, raw.values.to_numpy(zero_copy_only=False))
        except ValueError as problem:
            raise RowRefused(str(problem)) from problem


# --- columns ----------------------------------------------------------------------------------------------------------


def _is_text(kind: pa.DataType) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _is_template(kind: pa.DataType) -> bool:
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_list(kind) for is_list in lists) and bool(pa.types.is_floating(kind.value_type))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


_TEXT: Final = (_is_text, "text")
_NUMBER: Final = (_is_number, "a whole number or a float")
TYPES: Final[dict[str, Any]] = {
    **dict.fromkeys(TEXTS, _TEXT),
    **dict.fromkeys((*BOX, "score"), _NUMBER),
    "template": (_is_template, "a list of float16, float32 or float64"),
    "taken_at": (lambda kind: _is_text(kind) or pa.types.is_timestamp(kind), "a timestamp, or ISO 8601 as text"),
}


def _values(name: str, column: Any) -> list[Any]:
    if name == "template":
        return list(column)
    if pa.types.is_timestamp(column.type):
        return [_seconds(value) for value in column.cast(pa.timestamp("us", tz=column.type.tz and "UTC"), safe=False)]
    if not pa.types.is_dictionary(column.type):
        return [_text(value) for value in column] if _is_text(column.type) else list(column.to_pylist())
    # Each text becomes a Python object once, however many rows repeat it.
    indices = column.indices.to_pylist()
    texts = {index: _text(column.dictionary[index]) for index in set(indices) - {None}}
    return [None if index is None else texts[index] for index in indices]


def _text(value: Any) -> Any:
    if not value.is_valid:
        return None
    return value.as_py() if value.as_buffer().size <= LONGEST else TOO_LONG


def _seconds(value: Any) -> Any:
    try:
        return value.as_py()
    except (ValueError, OverflowError):
        return "beyond every calendar"
