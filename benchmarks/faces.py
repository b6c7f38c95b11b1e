"""Pictures whose people are known: a folder with labels, and the people of `openpeople`, who do not exist.

A folder holds pictures and a `labels.csv` with the columns file, person, expression, age, gender, ethnicity; one
person in each picture. Persons are compared, never shown.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from django.conf import settings
from openpeople import curated
from PIL import Image

from matching.engine import Box, DetectedFace, get_engine
from matching.images import ImageProblem, Pixels, read_picture

AGES: Final = ((25, "24 and under"), (30, "25 to 29"))
OLDEST: Final = "30 and over"
UNKNOWN: Final = "not given"
PROBE: Final = "neutral"
"""The expression to search with; the alphabet's first where a folder has no such pictures."""
COLUMNS: Final = {"file", "person", "expression", "age", "gender", "ethnicity"}

SHEETS: Final = {
    "emotions_sheet": {"sheet, expressions": 16},
    "character_sheet": {
        "sheet, front": 1,
        "sheet, profile": 2,
        "sheet, small front": 1,
        "sheet, small profile": 2,
        "sheet, back": 0,
    },
}
"""How many faces of which kind the sheets of `openpeople` show, as counted by looking at all twenty."""
COLUMNS_OF_SHEET: Final = ("front", "profile", "back", "profile")
LOWER_ROW: Final = 0.43
"""Share of a character sheet's height above which heads are shown, and below which whole bodies are."""


class FolderUnusable(ValueError):  # noqa: N818 - what it says
    """The folder or its labels cannot be used; the message says why, and names no person."""


@dataclass(frozen=True)
class Picture:
    """One picture file of one person.

    Attributes:
        kind: what kind of picture it is: neutral, smiling, amateur_selfie, ...
        traits: sex, age and ethnicity as labelled.
    """

    path: Path
    person: str
    kind: str
    traits: Mapping[str, str] = field(hash=False)

    @property
    def shows(self) -> Mapping[str, int]:
        """The faces in it by kind; one of its own kind but for sheets."""
        return SHEETS.get(self.kind, {self.kind: 1})


@dataclass(frozen=True)
class Collection:
    """Pictures to be measured on.

    Attributes:
        synthetic: its people do not exist.
        probe: the kind of picture that a person searches with.
        reduced: the kind of picture that is made smaller to learn what happens to small faces.
    """

    name: str
    about: str
    pictures: tuple[Picture, ...]
    synthetic: bool
    probe: str
    reduced: str


class Found(NamedTuple):
    """What the engine found in a picture of `height` and `width` pixels."""

    faces: list[DetectedFace]
    height: int
    width: int

    @property
    def largest(self) -> DetectedFace:
        """Raises: ValueError without a face."""
        return max(self.faces, key=lambda face: side(face.box))


def side(box: Box) -> int:
    """The shorter side of a box in pixels."""
    return min(box.right - box.left, box.bottom - box.top)


# --- collections ------------------------------------------------------------------------------------------------------


def folder(path: Path, *, about: str) -> Collection:
    """A folder with labels. Raises: FolderUnusable."""
    try:
        with (path / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise FolderUnusable(f"labels.csv cannot be read: {type(problem).__name__}") from problem
    if not rows or not COLUMNS.issubset(rows[0]):
        raise FolderUnusable(f"labels.csv needs rows with the columns {', '.join(sorted(COLUMNS))}")
    pictures = tuple(_labelled(path, row) for row in rows)
    kinds = sorted({picture.kind for picture in pictures})
    probe = PROBE if PROBE in kinds else kinds[0]
    return Collection("folder", about, pictures, synthetic=False, probe=probe, reduced=kinds[-1])


def _labelled(path: Path, row: Mapping[str, str]) -> Picture:
    traits = {
        "sex": row["gender"] or UNKNOWN,
        "age": age_group(row["age"]),
        "ethnicity": row["ethnicity"].replace("_", " ") or UNKNOWN,
    }
    return Picture(path / Path(row["file"]).name, row["person"], row["expression"], traits)


def age_group(age: str) -> str:
    """The group of an age in years as written; `not given` where it is no number."""
    try:
        years = float(age)
    except ValueError:
        return UNKNOWN
    return next((name for below, name in AGES if years < below), OLDEST)


def synthetic() -> Collection:
    """All people of `openpeople`."""
    pictures = tuple(
        Picture(Path(person.asset_path(key)), person.person_id, key, _described(person.demographics))
        for person in curated.list()
        for key in person.list_assets()
    )
    return Collection(
        "openpeople",
        f"people who do not exist, of the package openpeople {version('openpeople')}",
        pictures,
        synthetic=True,
        probe="amateur_selfie",
        reduced="studio_portrait",
    )


def _described(demographics: object) -> dict[str, str]:
    """Ethnicities are given as shares that add up to 100 %; the largest counts."""
    shares = re.findall(r"(\d+)% ([^,]+)", str(getattr(demographics, "ethnicity", "")))
    largest = max(shares, key=lambda share: int(share[0]), default=("", UNKNOWN))
    return {
        "sex": getattr(demographics, "sex", None) or UNKNOWN,
        "age": getattr(demographics, "age_range", None) or UNKNOWN,
        "ethnicity": f"mostly {largest[1]}" if shares else UNKNOWN,
    }


# --- faces ------------------------------------------------------------------------------------------------------------


def look(picture: Picture, cache: Path, *, face_side: int | None = None) -> Found:
    """What the engine in use finds, or once found and kept in `cache`.

    Args:
        face_side: make the picture smaller first, so that the largest face in it has this many pixels; one that is
            smaller already stays as it is.

    Raises:
        FolderUnusable: the picture cannot be read.
        ValueError: `face_side` was given, and there is no face.
    """
    try:
        data = picture.path.read_bytes()
    except OSError as problem:
        raise FolderUnusable(f"a picture of labels.csv cannot be read: {type(problem).__name__}") from problem
    # By class too: engines that share a name promise the same templates, but a report says whose it measured.
    maker = f"{settings.FACE_ENGINE} {get_engine().name} {face_side} "
    key = hashlib.sha256(maker.encode() + data).hexdigest()
    kept = cache / f"{key}.npz"
    if kept.exists():
        return _kept(kept.read_bytes())
    pixels = _pixels(data)
    if face_side is not None:
        pixels = reduced(pixels, face_side / side(look(picture, cache).largest.box))
    found = Found(get_engine().faces(pixels), *pixels.shape[:2])
    kept.write_bytes(_packed(found))
    return found


def reduced(pixels: Pixels, factor: float) -> Pixels:
    """A picture made smaller by averaging; `factor` above 1 leaves it as it is."""
    if factor >= 1:
        return pixels
    height, width = (max(1, round(factor * length)) for length in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def _pixels(data: bytes) -> Pixels:
    try:
        return read_picture(data, max_bytes=len(data), max_pixels=settings.IMAGE_MAX_PIXELS).pixels
    except ImageProblem as problem:
        raise FolderUnusable(f"a picture cannot be read: {problem.code}") from problem


def _packed(found: Found) -> bytes:
    buffer = io.BytesIO()
    np.savez(
        buffer,
        boxes=np.array([face.box for face in found.faces], dtype=np.int64).reshape(-1, 4),
        templates=np.array([face.template for face in found.faces], dtype=np.float32),
        scores=np.array([face.score for face in found.faces]),
        size=np.array([found.height, found.width]),
    )
    return buffer.getvalue()


def _kept(data: bytes) -> Found:
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        rows = zip(kept["boxes"].tolist(), kept["templates"], kept["scores"].tolist(), strict=True)
        faces = [DetectedFace(Box(*box), template, score) for box, template, score in rows]
        return Found(faces, *kept["size"].tolist())


def by_kind(picture: Picture, found: Found) -> Iterator[tuple[str, DetectedFace]]:
    """The person's faces with their kinds. In a picture of one person it is the largest one."""
    if picture.kind not in SHEETS:
        if found.faces:
            yield picture.kind, found.largest
        return
    for face in found.faces:
        yield _kind_in_sheet(picture.kind, face.box, found), face


def _kind_in_sheet(sheet: str, box: Box, found: Found) -> str:
    if sheet == "emotions_sheet":
        return "sheet, expressions"
    column = min(3, int(4 * (box.left + box.right) / 2 / found.width))
    small = "small " if (box.top + box.bottom) / 2 > LOWER_ROW * found.height else ""
    view = COLUMNS_OF_SHEET[column]
    return "sheet, back" if view == "back" else f"sheet, {small}{view}"
