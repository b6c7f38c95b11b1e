"""What it costs to decode an upload in a process of its own: the same files, the same code, in one run.

    .venv/bin/python -m benchmarks.decoding

Photographs are made (smoothed noise, which compresses like one) at the sizes that telephones and web cameras send. Each
file is decoded in turns in this process and in a child of the kept decoding process, to the same pixels; a time is the
median of the repeats, in milliseconds. `start_ms` is paid once by each web process, at its first upload. Prints JSON.
"""

import argparse
import io
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from PIL import Image

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")

import django

django.setup()

from django.conf import settings  # noqa: E402

from matching import decoder, decoding  # noqa: E402
from matching.images import UPLOAD_SIDE, Pixels  # noqa: E402

SIZES = {"small": (64, 48), "web camera": (1280, 720), "telephone": (4032, 3024)}


def photograph(width: int, height: int, format: str) -> bytes:
    draw = np.random.default_rng(1)
    coarse = Image.fromarray(draw.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = draw.integers(-6, 7, smooth.shape, dtype=np.int16)
    buffer = io.BytesIO()
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(buffer, format)
    return buffer.getvalue()


def here(data: bytes) -> Pixels:
    """As the child does it, without the child."""
    image = decoding.reduced(
        data, max_bytes=settings.UPLOAD_MAX_BYTES, max_pixels=settings.IMAGE_MAX_PIXELS, side=UPLOAD_SIDE
    )
    return np.asarray(image, dtype=np.uint8)


def apart(data: bytes) -> Pixels:
    return decoder.decode(data, side=UPLOAD_SIDE)


def took(work: Callable[[bytes], Pixels], data: bytes) -> float:
    began = time.perf_counter()
    work(data)
    return 1000 * (time.perf_counter() - began)


def compared(data: bytes, repeats: int) -> dict[str, Any]:
    """Both ways in turns, so that whatever else the machine does falls on both."""
    times = [(took(here, data), took(apart, data)) for _repeat in range(repeats)]
    one, other = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "bytes": len(data),
        "in_process_ms": round(one, 1),
        "in_child_ms": round(other, 1),
        "costs_ms": round(other - one, 1),
        "agree": bool((here(data) == apart(data)).all()),
    }


def kept_memory() -> int:
    """Bytes that the kept process alone holds (Linux: private pages)."""
    rollup = Path(f"/proc/{decoder.kept_process()}/smaps_rollup").read_text()
    return 1024 * sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    start = took(apart, photograph(64, 48, "JPEG"))
    results = {
        f"{format}, {name}, {width}x{height}": compared(photograph(width, height, format), repeats)
        for name, (width, height) in SIZES.items()
        for format in ("JPEG", "HEIF", "PNG")
        if not (format == "PNG" and name == "telephone")
    }
    print(json.dumps({
        "start_ms": round(start, 1), "kept_bytes": kept_memory(), "cpus": os.cpu_count(), "load": os.getloadavg()[0],
        "pillow": PIL.__version__, "repeats": repeats, "photographs": results,
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
