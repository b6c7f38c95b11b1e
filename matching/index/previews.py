"""Annoy files of an index: built for its large segments, and measured against the sweep on the collection's own faces.

Building takes long, so neither searches nor writers wait for it. A preview that is missing, or of a segment that was
compacted since, costs time and nothing else: what has no Annoy file is compared row by row.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from matching.bands import bands
from matching.index import annoy
from matching.index.base import Quality, Vectors
from matching.index.segment_files import SegmentRows
from matching.index.sweep import sweep_many

MEASURED: Final = "previews.json"
PROBES: Final = 50
NEAREST: Final = 50


def path_of(rows: SegmentRows) -> Path:
    """Where the Annoy file of a segment is, if it has one."""
    return rows.root / f"{rows.segment.name}.ann"


def is_whole(path: Path) -> bool:
    """Whether an Annoy file is what was built: a damaged one ends the process that asks it."""
    try:
        state = path.stat()
        return _checksum(path, state.st_mtime_ns, state.st_size, state.st_ino) == _sum_of(path).read_text()
    except FileNotFoundError:
        return False


@lru_cache(maxsize=64)
def _checksum(path: Path, *_state: int) -> str:
    """SHA-256 in hex; once for each state of a file, in each process."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sum_of(path: Path) -> Path:
    return path.with_suffix(".ann-sha256")


def damaged(every: Sequence[SegmentRows]) -> list[str]:
    """Names of Annoy files that are not what was built; `build` makes them anew, and nothing asks them until then."""
    return [path.name for path in map(path_of, every) if path.exists() and not is_whole(path)]


def nearest(every: Sequence[SegmentRows], template: Vectors, *, count: int) -> list[tuple[int, float]]:
    """Likely the nearest faces of some segments: see `matching.index.annoy.nearest`."""
    asked = [(rows, path if is_whole(path) else None) for rows, path in zip(every, map(path_of, every), strict=True)]
    return annoy.nearest(asked, template, count=count)


def build(every: Sequence[SegmentRows], settle: Callable[[], AbstractContextManager[None]]) -> bool:
    """Build the Annoy files that large segments lack; whether any was.

    Args:
        settle: holds the writers' lock and, at its end, deletes files whose segment is gone by now.
    """
    built = False
    for rows in every:
        path = path_of(rows)
        if len(rows.ids) >= annoy.WORTH_IT and not is_whole(path):
            partial = path.with_suffix(".ann.partial")
            annoy.build(rows, partial)
            with partial.open("rb") as file:
                checksum = hashlib.file_digest(file, "sha256").hexdigest()
            with settle():
                _sum_of(path).write_text(checksum)
                partial.replace(path)
            built = True
    return built


def measure(root: Path, every: Sequence[SegmentRows]) -> None:
    """Measure the previews on faces held, and keep the figures beside the index."""
    large = [rows for rows in every if path_of(rows).exists()]
    if not large:
        return
    draw = np.random.default_rng()
    chosen = [draw.choice(len(rows.ids), min(PROBES, len(rows.ids)), replace=False) for rows in large]
    probes = np.concatenate([rows.vectors[some] for rows, some in zip(large, chosen, strict=True)])
    own = np.concatenate([rows.ids[some] for rows, some in zip(large, chosen, strict=True)])
    swept = sweep_many(every, probes, owners=np.arange(len(probes)), radius=bands().match)
    true, found, times = 0, 0, []
    for number, probe in enumerate(probes):
        began = time.perf_counter()
        near = {face for face, _distance in nearest(every, probe, count=NEAREST)}
        times.append(time.perf_counter() - began)
        exact = set(swept[number].ids[:NEAREST].tolist()) - {int(own[number])}
        true, found = true + len(exact), found + len(exact & near)
    quality = Quality(
        recall=round(found / true, 4) if true else None,
        probes=len(probes),
        faces=sum(len(rows.ids) - len(rows.gone) for rows in every),
        milliseconds=round(1000 * float(np.median(times)), 2),
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    (root / MEASURED).write_text(json.dumps(asdict(quality), indent=1))


def quality(root: Path) -> Quality | None:
    """What was measured last; None where nothing is approximate, so that nothing is missed."""
    try:
        return Quality(**json.loads((root / MEASURED).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
