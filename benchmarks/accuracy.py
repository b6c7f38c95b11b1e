"""How often the engine in use takes different people for one, and misses a face of the same person.

    .venv/bin/python -m benchmarks.accuracy [--faces FOLDER] [--plot FILE.svg] [--toml FILE.toml]

measures on the ten people of `openpeople`, who do not exist, and on a folder of photographs of people who agreed to
it (see `benchmarks.faces`). Prints JSON: rates at the bands of `matching/bands.toml` and along a grid of distances,
with 95 % intervals (`benchmarks.rates` says which and why), of everybody, by sex, age and ethnicity, with small groups
flagged, and by kind of picture the faces that a search would miss. Nothing printed or drawn shows a person.

Templates are kept in a temporary folder and gone at the end, or in `--cache FOLDER`, outside the repository: they
are biometric data of those people. A picture in the cache is not looked at again.
"""

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")

import django

django.setup()

from django.conf import settings  # noqa: E402

from benchmarks import faces, measure, plot, provenance  # noqa: E402
from benchmarks.rates import Rate  # noqa: E402
from matching.bands import bands  # noqa: E402
from matching.engine import get_engine  # noqa: E402

ABOUT = "a folder of consenting adults"


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description="Measure false matches and false non-matches; prints JSON.")
    parser.add_argument("--faces", type=Path, help="folder of labelled pictures, measured besides openpeople")
    parser.add_argument("--about", default=ABOUT, help="what is in that folder, for the report")
    parser.add_argument("--cache", type=Path, help="folder for templates, outside the repository")
    parser.add_argument("--plot", type=Path, help="SVG to write")
    parser.add_argument("--toml", type=Path, help="file to write the provenance to, as matching/bands.toml has it")
    parser.add_argument("--draws", type=int, default=2000, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args(given)
    if wanted.cache is not None and wanted.cache.resolve().is_relative_to(settings.BASE_DIR):
        parser.error("the cache holds templates of people; keep it outside the repository")
    return wanted


@contextmanager
def cache(folder: Path | None) -> Iterator[Path]:
    """The folder for templates, for its owner alone; a temporary one if none is given."""
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield folder


def command(wanted: argparse.Namespace) -> str:
    """The command that measures this again, without the names of folders."""
    folder = " --faces FOLDER" if wanted.faces else ""
    return f"python -m benchmarks.accuracy{folder} --draws {wanted.draws} --seed {wanted.seed}"


def report(wanted: argparse.Namespace, collections: list[faces.Collection]) -> dict[str, Any]:
    """Everything measured. Raises: benchmarks.faces.FolderUnusable."""
    limits = bands()
    results = []
    with cache(wanted.cache) as folder:
        for collection in collections:

            def tell(done: int, of: int, name: str = collection.name) -> None:
                if sys.stderr.isatty():
                    print(f"\r{name}: {done} of {of}", end="\n" if done == of else "", file=sys.stderr, flush=True)

            draw = measure.Draw(wanted.draws, wanted.seed)
            results.append(measure.collection(collection, cache=folder, limits=limits, draw=draw, tell=tell))
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "command": command(wanted),
        "engine": get_engine().name,
        "engine_class": settings.FACE_ENGINE,
        "bands": {"match": limits.match, "possible": limits.possible},
        "interval": f"95 %, bootstrap over people, {wanted.draws} draws, seed {wanted.seed}; see benchmarks/rates.py",
        "collections": results,
    }


def plain(value: Any) -> Any:
    """The same for JSON: rates by the names of their parts, rounded to six digits; null where there is none."""
    if isinstance(value, Rate):
        return {name: plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value


def main() -> None:
    wanted = arguments()
    try:
        collections = [faces.folder(wanted.faces, about=wanted.about)] if wanted.faces else []
        result = report(wanted, [*collections, faces.synthetic()])
    except faces.FolderUnusable as problem:
        raise SystemExit(str(problem)) from problem
    if wanted.plot:
        wanted.plot.write_text(plot.svg(result), encoding="utf-8")
    if wanted.toml:
        wanted.toml.write_text(provenance.toml(result), encoding="utf-8")
    print(json.dumps(plain(result), indent=1))


if __name__ == "__main__":
    main()
