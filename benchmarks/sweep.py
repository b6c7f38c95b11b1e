"""The exhaustive sweep against FAISS's flat index: the same vectors, the same probes, the same radius, in one run.

    .venv/bin/python -m benchmarks.sweep --faces 1000000 --probes 1,64,10000 --sizes 10000,100000,1000000,10000000

Ours reads segment files as an installation does (in the page cache after the first pass), FAISS has its vectors in its
own memory. Both use the same number of threads. Each time is the best of several repeats. `agree` says that the sets
are equal but for pairs whose distance is within 1e-5 of the radius, which FAISS decides in float32. Prints JSON.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")

import django

django.setup()

from matching.index import segment_files  # noqa: E402
from matching.index.base import Block  # noqa: E402
from matching.index.segment_files import ROWS_PER_BLOCK  # noqa: E402
from matching.index.segments import SegmentIndex  # noqa: E402

RADIUS = 0.55
DIMENSION = 128
PICTURES = 8
AT_THE_EDGE = 1e-5


def made(faces: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks of float32 (n, 128) that lie as dlib's templates do.

    All have a direction in common and people differ from it mostly in few of the dimensions: pictures of strangers lie
    0.80 apart on average, and one pair in ninety is closer than 0.6 (dlib's: 0.8 % of 102 people, docs/accuracy.md).
    Each person has several pictures at 0.18 to 0.36 from their own centre.
    """
    draw = np.random.default_rng(seed)
    turn = np.linalg.qr(draw.standard_normal((DIMENSION, DIMENSION)))[0].astype(np.float32)
    spread = np.exp(-np.arange(DIMENSION) / 24).astype(np.float32)
    spread *= 0.5 / np.linalg.norm(spread)
    common = np.full(DIMENSION, 1.3 / np.sqrt(DIMENSION), np.float32)
    for start in range(0, faces, ROWS_PER_BLOCK):
        count = min(ROWS_PER_BLOCK, faces - start)
        people = draw.standard_normal((count // PICTURES + 1, DIMENSION), dtype=np.float32)
        centres = common + (people * spread) @ turn
        away = draw.standard_normal((count, DIMENSION), dtype=np.float32)
        away *= (draw.uniform(0.18, 0.36, count) / np.linalg.norm(away, axis=1))[:, None].astype(np.float32)
        yield centres[np.arange(count) // PICTURES] + away


def best(repeats: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the fastest repeat, and its result."""
    times = []
    for _repeat in range(repeats):
        began = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - began)
    return min(times), result


def written(folder: Path, faces: int, seed: int) -> SegmentIndex:
    """An index of so many faces, as an installation has it, with the ids 0, 1, ... Not kept in memory."""
    index = SegmentIndex(folder, engine="made", dimension=DIMENSION)
    folder.mkdir(parents=True)
    blocks = (
        Block(np.arange(start, start + len(vectors)), vectors)
        for start, vectors in zip(range(0, faces, ROWS_PER_BLOCK), made(faces, seed), strict=True)
    )
    index.put([segment_files.write(folder, blocks)])
    return index


def ours(index: SegmentIndex, probes: np.ndarray) -> dict[int, Any]:
    return index.within(probes, owners=np.arange(len(probes)), radius=RADIUS)


def agree(swept: dict[int, Any], limits: np.ndarray, ids: np.ndarray, distances: np.ndarray) -> bool:
    """Whether both found the same pairs; FAISS's distances are squared."""
    for probe, mine in swept.items():
        part = slice(int(limits[probe]), int(limits[probe + 1]))
        clear = np.abs(np.sqrt(distances[part]) - RADIUS) > AT_THE_EDGE
        sure = np.abs(mine.distances - RADIUS) > AT_THE_EDGE
        if set(ids[part][clear].tolist()) - set(mine.ids.tolist()):
            return False
        if set(mine.ids[sure].tolist()) - set(ids[part].tolist()):
            return False
    return True


def probes_of(folder: Path, faces: int, count: int) -> np.ndarray:
    """Probes a little away from faces that are held; float32 (count, 128)."""
    draw = np.random.default_rng(count)
    vectors = np.memmap(next(folder.glob("*.vec")), "<f4", "r", shape=(faces, DIMENSION))
    near = draw.normal(scale=0.01, size=(count, DIMENSION)).astype(np.float32)
    chosen: np.ndarray = vectors[draw.integers(0, faces, count)] + near
    return chosen


def compare(mine: SegmentIndex, theirs: Any, faces: int, count: int, repeats: int) -> dict[str, Any]:
    """One number of probes, both ways."""
    probes = probes_of(mine.root, faces, count)
    repeats = repeats if count < 1000 else 1
    seconds, swept = best(repeats, lambda: ours(mine, probes))
    faiss_seconds, (limits, distances, ids) = best(repeats, lambda: theirs.range_search(probes, RADIUS**2))
    return {
        "probes": count,
        "seconds": round(seconds, 4),
        "ms_a_probe": round(1000 * seconds / count, 3),
        "faiss_seconds": round(faiss_seconds, 4),
        "faiss_ms_a_probe": round(1000 * faiss_seconds / count, 3),
        "times_faiss": round(faiss_seconds / seconds, 2),
        "pairs": int(sum(len(found.ids) for found in swept.values())),
        "agree": agree(swept, limits, ids, distances),
    }


def cost(folder: Path, faces: int, seed: int, repeats: int) -> dict[str, Any]:
    """Of a pass over so many faces."""
    index = written(folder, faces, seed)
    before = _resident()
    one, _found = best(repeats, partial(ours, index, probes_of(folder, faces, 1)))
    grown = _resident() - before
    many, _found = best(repeats, partial(ours, index, probes_of(folder, faces, 64)))
    return {
        "faces": faces,
        "one_probe_ms": round(1000 * one, 2),
        "of_64_ms_each": round(1000 * many / 64, 3),
        "megabytes_on_disk": round(sum(path.stat().st_size for path in folder.iterdir()) / 1e6),
        "peak_memory_grown_megabytes": round(grown / 1e6),
    }


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--probes", default="1,64,10000", help="numbers of probes")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="collections for the cost of one probe and 64")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the segments are written; a temporary folder if not given")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        sizes = [int(size) for size in wanted.sizes.split(",") if size]
        costs = [cost(Path(folder) / f"of-{size}", size, wanted.seed, wanted.repeats) for size in sizes]
        mine = written(Path(folder) / "against", wanted.faces, wanted.seed)
        theirs = faiss.IndexFlatL2(DIMENSION)
        for vectors in made(wanted.faces, wanted.seed):
            theirs.add(vectors)
        counts = [int(count) for count in wanted.probes.split(",") if count]
        against = [compare(mine, theirs, wanted.faces, count, wanted.repeats) for count in counts]
    result = {
        "faces": wanted.faces,
        "radius": RADIUS,
        "threads": os.cpu_count(),
        "against_faiss": against,
        "cost": costs,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
