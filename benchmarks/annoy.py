"""How many of the true matches the Annoy preview finds, and how long it takes, by trees and search_k.

    .venv/bin/python -m benchmarks.annoy --faces 1000000

The truth is the exhaustive sweep over the same vectors, whose own time is printed beside. Vectors are made, and lie as
dlib's templates do (`benchmarks.sweep.made`). Recall is the share of the true hits in the inner band that are among the
50 nearest given. Prints JSON.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")

import django

django.setup()

from benchmarks.sweep import probes_of, written  # noqa: E402
from matching.bands import bands  # noqa: E402
from matching.index import annoy  # noqa: E402
from matching.index.base import Rows  # noqa: E402

PROBES = 100
NEAREST = 50


def measured(rows: Rows, path: Path, probes: np.ndarray, truth: list[set[int]], search_k: int) -> dict[str, Any]:
    """Recall and median time at one search_k."""
    found, times = [], []
    for probe, exact in zip(probes, truth, strict=True):
        began = time.perf_counter()
        near = annoy.nearest([(rows, path)], probe, count=NEAREST, search_k=search_k)
        times.append(time.perf_counter() - began)
        found.append(len(exact & {face for face, _distance in near}) / len(exact))
    return {
        "search_k": search_k,
        "recall": round(float(np.mean(found)), 4),
        "ms": round(1000 * float(np.median(times)), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--trees", default="10,20,40")
    parser.add_argument("--search-k", default="1000,5000,20000,50000")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = written(Path(folder) / "index", wanted.faces, wanted.seed)
        probes = probes_of(index.root, wanted.faces, PROBES)
        began = time.perf_counter()
        swept = index.within(probes, owners=np.arange(PROBES), radius=bands().match)
        sweep_ms = 1000 * (time.perf_counter() - began) / PROBES
        truth = [set(swept[number].ids.tolist()) for number in range(PROBES)]
        (rows,) = index.opened()
        by_trees = []
        for trees in (int(number) for number in wanted.trees.split(",")):
            path = Path(folder) / f"of-{trees}-trees.ann"
            began = time.perf_counter()
            annoy.build(rows, path, trees=trees)
            built = time.perf_counter() - began
            annoy.nearest([(rows, path)], probes[0], count=NEAREST)
            curve = [measured(rows, path, probes, truth, int(k)) for k in wanted.search_k.split(",")]
            by_trees.append(
                {
                    "trees": trees,
                    "build_seconds": round(built, 1),
                    "megabytes": round(path.stat().st_size / 1e6),
                    "curve": curve,
                }
            )
            path.unlink()
    result = {
        "faces": wanted.faces,
        "radius": bands().match,
        "sweep_recall": 1.0,
        "sweep_ms_a_probe": round(sweep_ms, 2),
        "in_use": {"trees": annoy.TREES, "search_k": annoy.SEARCH_K},
        "annoy": by_trees,
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
