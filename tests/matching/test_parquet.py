"""A Parquet file is hostile: what is wrong with a row is said by its number, and nothing of it is taken."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching import own_rows, parquet
from matching.engine import Box
from matching.models import TemplateSpace
from matching.parquet import FileRefused, TemplateFile
from tests.foreign import row, write
from tests.project import ROOT

DIMENSION = 64
GOOD = np.random.default_rng(1).normal(size=DIMENSION).astype(np.float32)
BOX = Box(10, 10, 90, 90)


def space(metric: str = "cosine") -> TemplateSpace:
    return TemplateSpace(name="foreign-1", dimension=DIMENSION, metric=metric, match=0.9, possible=0.5)


def read(path: Path, metric: str = "cosine") -> tuple[list[own_rows.Row], dict[int, str]]:
    rows: list[own_rows.Row] = []
    refused: dict[int, str] = {}
    for some, others in TemplateFile(path, space(metric)).batches():
        rows += some
        refused |= {other.number: other.why for other in others}
    return rows, refused


BAD = {
    "dots": row("../other/a.jpg", BOX, GOOD),
    "absolute": row("/etc/passwd", BOX, GOOD),
    "inner dots": row("a/../../b.jpg", BOX, GOOD),
    "scheme": row("file:/etc/a.jpg", BOX, GOOD),
    "backslash": row("..\\a.jpg", BOX, GOOD),
    "null byte": row("a\0.jpg", BOX, GOOD),
    "line": row("a\n.jpg", BOX, GOOD),
    "empty": row("", BOX, GOOD),
    "no path": row(None, BOX, GOOD),
    "double slash": row("a//b.jpg", BOX, GOOD),
    "long path": row("a" * 1001, BOX, GOOD),
    "short": row("a.jpg", BOX, GOOD[:-1]),
    "long": row("a.jpg", BOX, np.concatenate([GOOD, GOOD[:1]])),
    "no numbers": row("a.jpg", BOX, []),
    "no template": row("a.jpg", BOX, None),
    "nan": row("a.jpg", BOX, np.where(np.arange(DIMENSION) == 3, np.nan, GOOD)),
    "infinite": row("a.jpg", BOX, np.where(np.arange(DIMENSION) == 3, np.inf, GOOD)),
    "hole": row("a.jpg", BOX, [None, *GOOD[1:].tolist()]),
    "zero": row("a.jpg", BOX, np.zeros(DIMENSION)),
    "huge": row("a.jpg", BOX, GOOD * 1e9),
    "box inside out": row("a.jpg", Box(90, 10, 10, 90), GOOD),
    "box outside": row("a.jpg", Box(-90, -90, -10, -10), GOOD),
    "half a box": row("a.jpg", (1, 2, None, 4), GOOD),
    "box far away": row("a.jpg", Box(0, 0, 2**40, 10), GOOD),
    "sha": row("a.jpg", BOX, GOOD, sha256="abc"),
    "url": row("a.jpg", BOX, GOOD, source_url="https://example.org/" + "a" * 2000),
    "day": row("a.jpg", BOX, GOOD, taken_at="2024-13-45"),
    "score": row("a.jpg", BOX, GOOD, score=float("nan")),
    "no object": row("a.jpg", BOX, GOOD, metadata="[1]"),
    "no JSON": row("a.jpg", BOX, GOOD, metadata="{"),
    "deep": row("a.jpg", BOX, GOOD, metadata='{"a":' * 20_000 + "1" + "}" * 20_000),
    "metadata nan": row("a.jpg", BOX, GOOD, metadata='{"a": NaN}'),
    "metadata null byte": row("a.jpg", BOX, GOOD, metadata='{"a": "\\u0000"}'),
    "half a letter": row("a.jpg", BOX, GOOD, metadata='{"a": "\\ud800"}'),
    "long text": row("a.jpg", BOX, GOOD, metadata='{"a": "' + "x" * 100_001 + '"}'),
}


def test_each_bad_row_is_refused_by_its_number_and_its_neighbours_are_taken(tmp_path: Path) -> None:
    good = [row(f"good-{number}.jpg", BOX, GOOD) for number in range(len(BAD) + 1)]
    mixed = [item for pair in zip(good, BAD.values(), strict=False) for item in pair] + good[-1:]
    path = write(tmp_path / "mixed.parquet", mixed, kind=pa.list_(pa.float64()))
    rows, refused = read(path)
    assert [taken.number for taken in rows] == list(range(1, len(mixed) + 1, 2))
    assert list(refused) == list(range(2, len(mixed) + 1, 2))
    assert not [why for why in refused.values() if "example.org" in why or "passwd" in why]


def test_a_length_that_is_not_one_is_refused_where_the_inner_product_asks_for_it(tmp_path: Path) -> None:
    unit = GOOD / np.linalg.norm(GOOD)
    path = write(tmp_path / "t.parquet", [row("a.jpg", BOX, unit), row("b.jpg", BOX, GOOD)])
    rows, refused = read(path, "inner_product")
    assert [taken.path for taken in rows] == ["a.jpg"]
    assert "length" in refused[2]


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()], ids=str)
@pytest.mark.parametrize("listed", [pa.list_, pa.large_list, lambda kind: pa.list_(kind, DIMENSION)])
def test_every_kind_of_float_and_list_is_read(tmp_path: Path, kind: pa.DataType, listed: Any) -> None:
    plain = GOOD.astype(np.float16)
    table = pa.table({"path": ["a.jpg"], "template": pa.array([plain.tolist()], pa.list_(pa.float32()))})
    table = table.set_column(1, "template", table["template"].cast(listed(pa.float32())).cast(listed(kind)))
    pq.write_table(table, tmp_path / "t.parquet")
    ((taken,), refused) = read(tmp_path / "t.parquet", "euclidean")
    assert refused == {}
    assert np.array_equal(taken.template, plain.astype(np.float32))
    assert taken.template.dtype == np.float32
    assert taken.box == (0, 0, 0, 0)


def test_what_goes_with_a_template_is_read(tmp_path: Path) -> None:
    day = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    more = {"sha256": "AB" * 32, "source_url": "https://example.org/a", "score": 0.5, "metadata": '{"album": "Été"}'}
    path = write(tmp_path / "t.parquet", [row("x/a.jpg", (-3, 4.4, 50.6, 60), GOOD, taken_at=day, **more)])
    ((taken,), _none) = read(path)
    assert (taken.path, taken.box, taken.sha256) == ("x/a.jpg", Box(0, 4, 51, 60), "ab" * 32)
    assert (taken.taken_at, taken.score, taken.metadata) == (day, 0.5, {"album": "Été"})
    assert np.linalg.norm(taken.template) == pytest.approx(1)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_every_unit_are_read_and_impossible_ones_refused(tmp_path: Path, unit: str) -> None:
    values = pa.array([1_700_000_000, 2**62 if unit in ("us", "ns") else 2**52], pa.int64()).cast(pa.timestamp(unit))
    template = pa.array([GOOD.tolist()] * 2, pa.list_(pa.float32()))
    pq.write_table(pa.table({"path": ["a", "b"], "template": template, "taken_at": values}), tmp_path / "t.parquet")
    rows, refused = read(tmp_path / "t.parquet")
    assert rows[0].taken_at is not None
    assert len(rows) + len(refused) == 2


FILES: dict[str, Any] = {
    "a column too many": {"path": ["a"], "template": [GOOD.tolist()], "name": ["x"]},
    "no template": {"path": ["a"]},
    "no path": {"template": [GOOD.tolist()]},
    "half a box": {"path": ["a"], "template": [GOOD.tolist()], "left": [1]},
    "templates as text": {"path": ["a"], "template": ["1,2,3"]},
    "templates of whole numbers": {"path": ["a"], "template": [[1, 2, 3]]},
    "templates in templates": {"path": ["a"], "template": [[GOOD.tolist()]]},
    "templates as objects": {"path": ["a"], "template": [{"x": 1.0}]},
    "templates as bytes": {"path": ["a"], "template": [GOOD.tobytes()]},
    "paths as numbers": {"path": [1], "template": [GOOD.tolist()]},
    "paths as objects": {"path": [{"a": "b"}], "template": [GOOD.tolist()]},
    "boxes as text": {"path": ["a"], "template": [GOOD.tolist()], **{edge: ["1"] for edge in own_rows.BOX}},
    "metadata as objects": {"path": ["a"], "template": [GOOD.tolist()], "metadata": [{"a": 1}]},
    "far longer templates": {"path": ["a"], "template": [GOOD.tolist() * 50]},
}


@pytest.mark.parametrize("columns", FILES.values(), ids=FILES)
def test_a_file_of_another_shape_is_refused_whole(tmp_path: Path, columns: dict[str, Any]) -> None:
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(FileRefused, match=r"t\.parquet"):
        TemplateFile(tmp_path / "t.parquet", space())


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    for data in (b"", b"PAR1", b"PAR1" + b"\xff" * 200 + b"PAR1", b"\0" * 5000):
        path.write_bytes(data)
        with pytest.raises(FileRefused):
            TemplateFile(path, space())
    with pytest.raises(FileRefused):
        TemplateFile(tmp_path / "none.parquet", space())


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", [row(f"{number}.jpg", BOX, GOOD + number) for number in range(50)])
    data = path.read_bytes()
    for end in range(0, len(data), 997):
        path.write_bytes(data[:end])
        with pytest.raises(FileRefused):
            TemplateFile(path, space())


def test_turned_over_bytes_are_refused_or_read_as_numbers(tmp_path: Path) -> None:
    """In the pages; what becomes of the footer is tried in a process of its own."""
    path = write(tmp_path / "t.parquet", [row(f"{number}.jpg", BOX, GOOD + number) for number in range(50)])
    data = path.read_bytes()
    pages = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    rng = np.random.default_rng(3)
    refused = 0
    for _attempt in range(100):
        broken = bytearray(data)
        for position in rng.integers(4, pages, 6).tolist():
            broken[position] ^= int(rng.integers(1, 256))
        path.write_bytes(broken)
        try:
            file = TemplateFile(path, space())
            for rows, _others in file.batches():
                assert all(np.isfinite(taken.template).all() for taken in rows)
        except FileRefused:
            refused += 1
    assert refused > 5


def test_a_file_that_ends_the_process_that_reads_it_ends_no_other(tmp_path: Path) -> None:
    """Arrow calls `terminate` on a footer whose statistics do not fit its schema; found by turning bytes over."""
    path = write(tmp_path / "t.parquet", [row(f"{number}.jpg", BOX, GOOD + number) for number in range(50)])
    assert len(parquet.tried(path, space())) == 50
    with pytest.raises(FileRefused, match="ended the process"):
        parquet.tried(path, Fatal())
    path.write_bytes(b"PAR1")
    with pytest.raises(FileRefused, match="no Parquet file"):
        parquet.tried(path, space())


class Fatal:
    """Ends the process to which it is handed."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (3,)


def test_the_process_that_tries_a_file_may_not_take_all_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "t.parquet", [row("a.jpg", BOX, GOOD)])
    monkeypatch.setattr(parquet, "MOST_MEMORY", 2**28)
    with pytest.raises(FileRefused):
        parquet.tried(path, space())


def test_one_long_text_that_every_row_repeats_is_held_once(tmp_path: Path) -> None:
    """Forty kilobytes that would unfold to forty gigabytes, and one row of half a gigabyte of numbers."""
    count, text = 20_000, "x" * 2_000_000
    template = pa.FixedSizeListArray.from_arrays(pa.array(np.tile(GOOD, count)), DIMENSION)
    metadata = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))
    path = pa.array([f"{number}.jpg" for number in range(count)])
    table = pa.table({"path": path, "template": template, "metadata": metadata})
    pq.write_table(table, tmp_path / "t.parquet", compression="zstd", dictionary_pagesize_limit=2**24)
    assert (tmp_path / "t.parquet").stat().st_size < 1_000_000
    assert peak_of(tmp_path / "t.parquet", refused=count) < 300


def test_a_huge_row_group_is_read_piece_by_piece(tmp_path: Path) -> None:
    count = 300_000
    numbers = np.random.default_rng(4).normal(size=count * DIMENSION).astype(np.float32)
    template = pa.FixedSizeListArray.from_arrays(pa.array(numbers), DIMENSION)
    table = pa.table({"path": pa.array([f"{number}.jpg" for number in range(count)]), "template": template})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=count, use_dictionary=["path"])
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 1
    assert numbers.nbytes > 50 * 2**20
    assert peak_of(tmp_path / "t.parquet", refused=0, most=20_000) < 30


PEAK = """
import sys
from tests import environment
environment.prepare()
import django; django.setup()
import resource
import pyarrow as pa
from itertools import islice
from pathlib import Path
from matching.models import TemplateSpace
from matching.parquet import TemplateFile
space = TemplateSpace(name="f", dimension=64, metric="cosine", match=0.9, possible=0.5)
file = TemplateFile(Path(sys.argv[1]), space)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
refused = sum(len(others) for _rows, others in islice(file.batches(), int(sys.argv[2]) // 1000))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sys.stdout.write(f"{refused} {(after - before) // 1024}")
"""


def peak_of(path: Path, *, refused: int, most: int = 10**9) -> int:
    """MiB that reading takes beyond what the process had, in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", PEAK, str(path), str(most)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found, peak = result.stdout.split()[-2:]
    assert int(found) == refused
    return int(peak)


def test_keys_tell_rows_apart_by_path_and_box(tmp_path: Path) -> None:
    rows = [
        row("a.jpg", BOX, GOOD),
        row("a.jpg", Box(0, 0, 5, 5), GOOD),
        row("b.jpg", BOX, GOOD),
        row("a.jpg", BOX, -GOOD),
    ]
    keys = TemplateFile(write(tmp_path / "t.parquet", rows), space()).keys().tolist()
    assert len(set(keys)) == 3
    assert keys[0] == keys[3] == own_rows.key_of("a.jpg", BOX)
