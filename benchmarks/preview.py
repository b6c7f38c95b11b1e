"""How many of the true matches the Annoy preview finds, and how long it takes, against the exhaustive sweep.

    .venv/bin/python -m benchmarks.preview --faces 200000

Vectors are made: people are random centres on a sphere, and each has several pictures at 0.25 to 0.5 from the
centre, as far apart as dlib's templates of one person are. Prints JSON.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")

import django

django.setup()

from matching.bands import bands  # noqa: E402
from matching.index import annoy  # noqa: E402
from matching.index.base import Block  # noqa: E402
from matching.index.sweep import sweep  # noqa: E402

PICTURES = 8
PROBES = 50


def made(faces: int, seed: int) -> np.ndarray:
    """float32 (faces, 128)."""
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(faces // PICTURES + 1, 128)).astype(np.float32)
    centres *= 1.4 / np.linalg.norm(centres, axis=1, keepdims=True)
    away = draw.normal(size=(faces, 128)).astype(np.float32)
    away *= (draw.uniform(0.18, 0.36, faces) / np.linalg.norm(away, axis=1))[:, None].astype(np.float32)
    return centres[np.arange(faces) // PICTURES] + away


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    vectors = made(wanted.faces, wanted.seed)
    blocks = [
        Block(np.arange(s, min(s + 65_536, len(vectors))), vectors[s : s + 65_536])
        for s in range(0, len(vectors), 65_536)
    ]
    probes = vectors[np.random.default_rng(wanted.seed + 1).integers(0, len(vectors), PROBES)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.ann"
        began = time.perf_counter()
        annoy.build(vectors, path)
        built = time.perf_counter() - began
        segment = [(Block(np.arange(len(vectors)), vectors), path)]
        annoy.nearest(segment, probes[0], count=50)
        found, times, sweeps = [], [], []
        for probe in probes:
            began = time.perf_counter()
            near = annoy.nearest(segment, probe, count=50)
            times.append(time.perf_counter() - began)
            began = time.perf_counter()
            exact = set(sweep(blocks, probe[None], radius=bands().possible).ids.tolist())
            sweeps.append(time.perf_counter() - began)
            found.append(len(exact & {face for face, _distance in near}) / len(exact))
    print(
        json.dumps(
            {
                "faces": wanted.faces,
                "trees": annoy.TREES,
                "search_k": annoy.SEARCH_K,
                "build_seconds": round(built, 1),
                "preview_recall": round(float(np.mean(found)), 4),
                "preview_ms": round(1000 * float(np.median(times)), 2),
                "sweep_recall": 1.0,
                "sweep_ms": round(1000 * float(np.median(sweeps)), 2),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
