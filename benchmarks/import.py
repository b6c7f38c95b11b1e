"""How fast photos become rows: `face_recognition`'s own command-line path beside Regard's import, on the same photos.

    .venv/bin/python -m benchmarks.import
    .venv/bin/python -m benchmarks.import --photos 240 --processes 4

The photos are the demonstration's, repeated in slightly different light until there are enough; no two are the same
file. Each side reads all of them in as many processes:

- `face_recognition` as its command `face_recognition --cpus N` does: a pool of the same kind, in each process
  `load_image_file`, at most 1600 pixels a side, `face_encodings`. Nothing is written down.
- Regard's whole import, into a SQLite database of its own: listing, checksums, dates, sidecars, faces, rows, index.

The halves of the photos are read in turns, so that what else the machine does meets both; on a machine that others use,
the CPU seconds say more than the clock. Starting processes and loading models counts for both, once for each half.

That command places a face by 5 landmarks, Regard by 68, so that their templates of one face differ. Afterwards, and not
timed, `face_recognition` encodes the faces it found in some of the photos by 68 (`model="large"`), and these templates
are compared. Prints JSON.
"""

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from PIL import Image

LARGEST_SIDE: Final = 1600
"""To which `face_recognition`'s command reduces a photo."""
HALVES: Final = 2
COMPARED: Final = 40
"""Photos whose templates are compared: to encode one face again takes dlib a tenth of a second."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom: pixels within the photo, right and bottom exclusive."""
Faces = list[tuple[Box, np.ndarray]]
"""Boxes and templates, float (128,)."""


class Read(NamedTuple):
    """What one side made of half of the photos: faces by path, seconds by the clock, CPU seconds of all processes."""

    faces: dict[str, Faces]
    seconds: float
    cpu: float


# --- face_recognition -------------------------------------------------------------------------------------------------


def by_face_recognition(path: str) -> tuple[Faces, int, float]:
    """What `face_recognition.face_recognition_cli.test_image` does with a photo, but for printing names; also which
    process did it and how many CPU seconds that one has lived."""
    from face_recognition import api

    pixels = loaded(path)
    with _noted(api) as rectangles:
        templates = api.face_encodings(pixels)
    faces = list(zip(boxes_of(rectangles, pixels), templates, strict=True))
    return faces, os.getpid(), time.process_time()


def loaded(path: str) -> np.ndarray:
    """uint8 (height, width, 3), at most LARGEST_SIDE pixels a side."""
    from face_recognition import api

    pixels = api.load_image_file(path)
    if max(pixels.shape) > LARGEST_SIDE:
        image = Image.fromarray(pixels)
        image.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
        pixels = np.array(image)
    return pixels


def boxes_of(rectangles: list[Any], pixels: np.ndarray) -> list[Box]:
    height, width = pixels.shape[:2]
    return [
        (max(0, box.left()), max(0, box.top()), min(width, box.right() + 1), min(height, box.bottom() + 1))
        for box in rectangles
    ]


@contextmanager
def _noted(api: Any) -> Iterator[list[Any]]:
    """The rectangles that `face_encodings` finds before it encodes them: asking for them would detect twice."""
    real, found = api._raw_face_locations, []

    def noting(*args: Any, **options: Any) -> Any:
        found.extend(real(*args, **options))
        return found

    api._raw_face_locations = noting
    try:
        yield found
    finally:
        api._raw_face_locations = real


def by_68_landmarks(path: str) -> Faces:
    """The same faces, placed as Regard places them."""
    from face_recognition import api

    pixels = loaded(path)
    with _noted(api) as rectangles:
        templates = api.face_encodings(pixels, model="large")
    return list(zip(boxes_of(rectangles, pixels), templates, strict=True))


def read_by_face_recognition(folder: Path, processes: int) -> Read:
    """What a pool like that of `process_images_in_process_pool` reads."""
    paths = sorted(str(path) for path in folder.rglob("*.jpg"))
    began = time.perf_counter()
    with multiprocessing.get_context("forkserver").Pool(processes) as pool:
        found = pool.map(by_face_recognition, paths)
    seconds = time.perf_counter() - began
    cpu = {process: spent for _faces, process, spent in found}  # The last of each process.
    faces = {str(Path(path).relative_to(folder)): read[0] for path, read in zip(paths, found, strict=True)}
    return Read(faces, seconds, sum(cpu.values()))


# --- Regard -----------------------------------------------------------------------------------------------------------


def read_by_regard(folder: Path) -> Read:
    """What an import reads and writes."""
    from matching import ingest
    from matching.models import Photo

    source = ingest.register(url=str(folder))
    began, cpu = time.perf_counter(), _cpu()
    ingest.import_source(source=source)
    seconds, cpu = time.perf_counter() - began, _cpu() - cpu
    faces = {
        photo.path: [
            ((face.left, face.top, face.right, face.bottom), np.frombuffer(face.template, "<f4"))
            for face in photo.faces.order_by("pk")
        ]
        for photo in Photo.objects.filter(source=source)
    }
    return Read(faces, seconds, cpu)


def _cpu() -> float:
    """CPU seconds of this process and of those it began that have ended; not those of face_recognition's, which are
    begun by another."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def prepare(var: Path, processes: int) -> str:
    """An empty database, and the models converted, as a first start does; returns what encodes."""
    os.environ |= {
        "OMP_NUM_THREADS": "1",  # For both sides: each core has its process.
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONWARNINGS": "ignore::UserWarning",  # face_recognition_models asks for pkg_resources.
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "REGARD_PROFILE": "test",
        "REGARD_VAR": str(var),
        "REGARD_DATABASE_URL": f"sqlite:///{var / 'regard.sqlite3'}",
        "REGARD_IMPORT_PROCESSES": str(processes),
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from matching.engine import get_engine

    engine = get_engine()
    engine.prepare()
    return engine.runtime


# --- photos -----------------------------------------------------------------------------------------------------------


def make_photos(folder: Path, count: int, side: int) -> list[Path]:
    """So many different photos under `folder`, in halves of equal kind."""
    from django.utils import timezone

    from portal import demo

    demo.make(folder / "demo", until=timezone.localdate(), max_side=side)
    held = sorted((folder / "demo" / "photos").rglob("*.jpg"))
    halves = [folder / f"half-{number}" for number in range(HALVES)]
    for number in range(count):
        original = held[number * len(held) // count] if count < len(held) else held[number % len(held)]
        target = halves[number % HALVES] / f"{number:05}.jpg"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(f"{original}.json", f"{target}.json")
        with Image.open(original) as image:
            light = 1 + 0.02 * (number // len(held))
            image.point(lambda value, light=light: round(value * light)).save(
                target, "JPEG", quality=88, exif=image.getexif()
            )
    return halves


# --- comparison -------------------------------------------------------------------------------------------------------


def compared(ours: dict[str, Faces], theirs: dict[str, Faces]) -> dict[str, Any]:
    """Boxes that both found, and how far apart the templates in them are at most."""
    differences, missed = [], 0
    for path, faces in theirs.items():
        held = dict(ours[path])
        for box, template in faces:
            if box in held:
                differences.append(float(np.abs(held[box] - template).max()))
            else:
                missed += 1
    return {
        "photos": len(theirs),
        "same_boxes": len(differences),
        "boxes_only_face_recognition_found": missed,
        "largest_template_difference": max(differences, default=None),
    }


def told(reads: list[Read]) -> dict[str, Any]:
    photos = sum(len(read.faces) for read in reads)
    faces = sum(len(found) for read in reads for found in read.faces.values())
    seconds, cpu = sum(read.seconds for read in reads), sum(read.cpu for read in reads)
    return {
        "photos": photos,
        "faces": faces,
        "seconds_of_halves": [round(read.seconds, 2) for read in reads],
        "cpu_seconds_of_halves": [round(read.cpu, 2) for read in reads],
        "photos_per_second": round(photos / seconds, 2),
        "faces_per_second": round(faces / seconds, 2),
        "cpu_seconds_per_photo": round(cpu / photos, 3),
    }


def together(reads: list[Read]) -> dict[str, Faces]:
    return {path: faces for read in reads for path, faces in read.faces.items()}


def by_68(halves: list[Path], processes: int) -> dict[str, Faces]:
    """Some of the photos, evenly taken."""
    files = sorted((path.name, str(path)) for half in halves for path in half.glob("*.jpg"))
    chosen = files[:: max(1, len(files) // COMPARED)]
    with multiprocessing.get_context("forkserver").Pool(processes) as pool:
        found = pool.map(by_68_landmarks, [path for _name, path in chosen], chunksize=1)
    return {name: faces for (name, _path), faces in zip(chosen, found, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=120)
    parser.add_argument("--side", type=int, default=LARGEST_SIDE, help="largest side of a photo in pixels")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    chosen = parser.parse_args()
    theirs: list[Read] = []
    ours: list[Read] = []
    with tempfile.TemporaryDirectory() as folder:
        runtime = prepare(Path(folder, "var"), chosen.processes)
        halves = make_photos(Path(folder), chosen.photos, chosen.side)
        for half in halves:
            theirs.append(read_by_face_recognition(half, chosen.processes))
            ours.append(read_by_regard(half))
        reference = by_68(halves, chosen.processes)
    result = {
        "processes": chosen.processes,
        "largest_side": chosen.side,
        "encoded_by": runtime,
        "load_average": round(os.getloadavg()[0], 1),
        "face_recognition": told(theirs),
        "regard": told(ours),
        "times_as_fast": round(sum(read.seconds for read in theirs) / sum(read.seconds for read in ours), 2),
        "times_less_cpu": round(sum(read.cpu for read in theirs) / sum(read.cpu for read in ours), 2),
        "by_5_landmarks_as_the_command": compared(together(ours), together(theirs)),
        "by_68_landmarks_as_regard": compared(together(ours), reference),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
