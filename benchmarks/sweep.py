"""The exhaustive sweep against FAISS's flat index: the same vectors, the same probes, the same radius, in one run.

    .venv/bin/python -m benchmarks.sweep --faces 1000000 --probes 1,64,10000

Both use the same number of threads. Each time is the best of several repeats. `agree` says that the sets are equal but
for pairs whose distance is within 1e-5 of the radius, which FAISS decides in float32. Prints JSON.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import faiss
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")

import django

django.setup()

from matching.index.base import Block  # noqa: E402
from matching.index.sweep import sweep_many  # noqa: E402

RADIUS = 0.55
ROWS_PER_BLOCK = 65_536
PICTURES = 8
AT_THE_EDGE = 1e-5


def made(faces: int, seed: int) -> np.ndarray:
    """float32 (faces, 128): people at random, each with several pictures as far apart as dlib's of one person are."""
    draw = np.random.default_rng(seed)
    vectors = np.empty((faces, 128), np.float32)
    for start in range(0, faces, ROWS_PER_BLOCK):
        count = min(ROWS_PER_BLOCK, faces - start)
        centres = draw.standard_normal((count // PICTURES + 1, 128), dtype=np.float32)
        centres *= 1.4 / np.linalg.norm(centres, axis=1, keepdims=True)
        away = draw.standard_normal((count, 128), dtype=np.float32)
        away *= (draw.uniform(0.18, 0.36, count) / np.linalg.norm(away, axis=1))[:, None].astype(np.float32)
        vectors[start : start + count] = centres[np.arange(count) // PICTURES] + away
    return vectors


def best(repeats: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the fastest repeat, and its result."""
    times = []
    for _repeat in range(repeats):
        began = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - began)
    return min(times), result


def ours(vectors: np.ndarray, probes: np.ndarray, threads: int) -> dict[int, Any]:
    blocks = (
        Block(np.arange(start, min(start + ROWS_PER_BLOCK, len(vectors))), vectors[start : start + ROWS_PER_BLOCK])
        for start in range(0, len(vectors), ROWS_PER_BLOCK)
    )
    return sweep_many(blocks, probes, owners=np.arange(len(probes)), radius=RADIUS, threads=threads)


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


def compare(vectors: np.ndarray, index: Any, count: int, threads: int, repeats: int) -> dict[str, Any]:
    """One number of probes, both ways."""
    draw = np.random.default_rng(count)
    probes = vectors[draw.integers(0, len(vectors), count)] + draw.normal(scale=0.01, size=(count, 128)).astype(
        np.float32
    )
    repeats = repeats if count < 1000 else 1
    mine, swept = best(repeats, lambda: ours(vectors, probes, threads))
    theirs, (limits, distances, ids) = best(repeats, lambda: index.range_search(probes, RADIUS**2))
    return {
        "probes": count,
        "seconds": round(mine, 4),
        "ms_a_probe": round(1000 * mine / count, 3),
        "faiss_seconds": round(theirs, 4),
        "faiss_ms_a_probe": round(1000 * theirs / count, 3),
        "times_faiss": round(theirs / mine, 2),
        "pairs": int(sum(len(found.ids) for found in swept.values())),
        "agree": agree(swept, limits, ids, distances),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--probes", default="1,64,10000", help="numbers of probes")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="collections for the cost of one probe and 64")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    faiss.omp_set_num_threads(wanted.threads)
    sizes = [int(size) for size in wanted.sizes.split(",") if size]
    vectors = made(max([wanted.faces, *sizes]), wanted.seed)
    index = faiss.IndexFlatL2(128)
    index.add(vectors[: wanted.faces])
    counts = [int(count) for count in wanted.probes.split(",")]
    against = [compare(vectors[: wanted.faces], index, count, wanted.threads, wanted.repeats) for count in counts]
    del index
    costs = []
    for size in sizes:
        one, _found = best(wanted.repeats, partial(ours, vectors[:size], vectors[:1], wanted.threads))
        many, _found = best(wanted.repeats, partial(ours, vectors[:size], vectors[:64], wanted.threads))
        costs.append({"faces": size, "one_probe_ms": round(1000 * one, 2), "of_64_ms_each": round(1000 * many / 64, 3)})
    result = {
        "faces": wanted.faces,
        "radius": RADIUS,
        "threads": wanted.threads,
        "against_faiss": against,
        "cost": costs,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
