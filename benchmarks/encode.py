"""How long a template takes in dlib and in ONNX Runtime, and how far apart the two are.

    .venv/bin/python -m benchmarks.encode

Both encode the same faces, cut from the portraits of `openpeople` at several sizes, in turns, so that what else the
machine does meets both. Times are medians over the rounds, in milliseconds a face. Prints JSON.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")

import django

django.setup()

import dlib  # noqa: E402
import onnxruntime  # noqa: E402
from openpeople import curated  # noqa: E402

from matching.engines import onnx  # noqa: E402
from matching.engines.dlib import ENCODER, model  # noqa: E402

BATCHES = (1, 16)
THREADS = (1, 2)


def portraits(count: int) -> onnx.Chips:
    """uint8 (count, 150, 150, 3): faces, no two the same."""
    people = curated.list()
    return np.stack(
        [
            onnx.cut(people[number % len(people)].asset_path("studio_portrait"), inset=0.02 * (number // len(people)))
            for number in range(count)
        ]
    )


def encoders(folder: Path) -> dict[str, Callable[[onnx.Chips], Any]]:
    """Every way to encode, by its name."""
    reference = dlib.face_recognition_model_v1(model(ENCODER))
    path = onnx.converted(Path(model(ENCODER)), folder)
    ways: dict[str, Callable[[onnx.Chips], Any]] = {
        "dlib": lambda chips: reference.compute_face_descriptor(list(chips)),
    }
    for threads in THREADS:
        ways[f"onnx, threads {threads}"] = partial(onnx.encode, onnx.load(path, threads))
    return ways


def measured(ways: dict[str, Callable[[onnx.Chips], Any]], chips: onnx.Chips, rounds: int) -> dict[str, float]:
    """Milliseconds a face for each way, the median over rounds in which the ways take turns."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(rounds + 1):
        for name, encode in ways.items():
            began = time.perf_counter()
            encode(chips)
            times[name].append(1000 * (time.perf_counter() - began) / len(chips))
    return {name: float(np.median(taken[1:])) for name, taken in times.items()}  # The first round warms up.


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    faces = portraits(max(BATCHES))
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        onnx.converted(Path(model(ENCODER)), Path(folder))
        conversion = time.perf_counter() - began
        ways = encoders(Path(folder))
        templates = {name: np.asarray(encode(faces), dtype=np.float32) for name, encode in ways.items()}
        times = {batch: measured(ways, faces[:batch], rounds) for batch in BATCHES}
    reference = templates.pop("dlib")
    result: dict[str, Any] = {
        "dlib": dlib.__version__,
        "onnxruntime": onnxruntime.__version__,
        "rounds": rounds,
        "conversion_seconds": round(conversion, 2),
        "largest_difference": max(float(np.abs(found - reference).max()) for found in templates.values()),
    }
    for batch, taken in times.items():
        result[f"batch {batch}"] = {
            name: {"ms_per_face": round(spent, 2), "speed_up": round(taken["dlib"] / spent, 1)}
            for name, spent in taken.items()
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
