"""How many faces each detector finds, and what a template of a face is worth that no detector found.

    .venv/bin/python -m benchmarks.detection --people 4
    .venv/bin/python -m benchmarks.detection --people 10 --detectors default

The pictures are those of `openpeople`: both sheets as the demonstration holds them, cells cut out of them, and
portraits made smaller and turned in their plane. Where their faces are is known from how the sheets and portraits are
laid out, not from a detector. Whatever else a detector reports is a false detection, a second box on the same face
included.

Every detector sees the same pictures. Intervals are Wilson's (1927, "Probable inference, the law of succession, and
statistical inference"), 95 %, as if the faces were independent; those of one person are not, so they promise too much.
A face counts as recognised if its template lies within the band `possible` of the person's own portrait. Marked by hand
is a box drawn loosely: off the middle by a tenth of its side, and a fifth too large. Prints JSON.
"""

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import NormalDist, median
from typing import Any, Final, NamedTuple

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")

import django

django.setup()

from PIL import Image  # noqa: E402

from matching.bands import bands  # noqa: E402
from matching.engine import Box, Detector, get_engine  # noqa: E402
from matching.engines import dlib  # noqa: E402
from matching.images import Pixels  # noqa: E402
from portal import demo  # noqa: E402

COLUMNS: Final = (("front", 0.13), ("profile", 0.38), ("back", 0.62), ("profile", 0.87))
"""Views of a character sheet, and the middle of their cells as a share of the width."""
ROWS: Final = (("", 0.20, 0.07), ("small ", 0.545, 0.03))
"""Rows of heads in it, large and on whole bodies: their middle as a share of the height, half a face of the width."""
CELLS: Final = 4
"""Rows and columns of the sheet of expressions."""
MIDDLE: Final = (0.5, 0.47)
SHARE: Final = 0.42
"""Where the face is in a portrait, and how large, as shares of its side."""
ANGLES: Final = (0, 15, 30, 45, 60, 90, 180)
SIDES: Final = (80, 40, 30, 20)
SIDE: Final = 100
"""Pixels of the faces that are turned."""
GREY: Final = (128, 128, 128)


class View(NamedTuple):
    """A picture, and the middle and half the side of each face in it, in pixels, with its kind."""

    kind: str
    person: str
    pixels: Pixels
    faces: tuple[tuple[str, float, float, float], ...]


class Seen(NamedTuple):
    """What a detector made of one picture: the box of each face that it found, by number; what it saw besides."""

    found: dict[int, Box]
    false: int
    seconds: float


# --- pictures ---------------------------------------------------------------------------------------------------------


def views(person: str) -> Iterator[View]:
    """Every picture of a person."""
    yield _character_sheet(person)
    yield _expressions(person)
    yield from _profiles(person)
    for angle in ANGLES:
        yield _portrait(person, f"turned by {angle} degrees", SIDE, angle)
    for side in SIDES:
        yield _portrait(person, f"front, {side} pixels", side, 0)
        yield _portrait(person, f"turned by 30 degrees, {side} pixels", side, 30)


def _character_sheet(person: str) -> View:
    pixels = np.asarray(demo.asset(person, "character_sheet", max_side=demo.MAX_SIDE))
    height, width = pixels.shape[:2]
    faces = [
        (f"sheet, {size}{view}", across * width, down * height, half * width)
        for size, down, half in ROWS
        for view, across in COLUMNS
        if view != "back"
    ]
    return View("character sheet", person, pixels, tuple(faces))


def _expressions(person: str) -> View:
    pixels = np.asarray(demo.asset(person, "emotions_sheet", max_side=demo.MAX_SIDE))
    height, width = pixels.shape[:2]
    places = [(number + 0.5) / CELLS for number in range(CELLS)]
    faces = [("sheet, expressions", x * width, y * height, height / 2 / CELLS) for y in places for x in places]
    return View("sheet of expressions", person, pixels, tuple(faces))


def _profiles(person: str) -> Iterator[View]:
    """The two heads in profile, each a picture of its own."""
    sheet = demo.asset(person, "character_sheet", max_side=demo.MAX_SIDE)
    for view, across in COLUMNS:
        if view == "profile":
            middle, half = across * sheet.width, 0.1 * sheet.width
            cell = sheet.crop(
                (round(middle - half), round(0.07 * sheet.height), round(middle + half), round(0.35 * sheet.height))
            )
            yield View("profile alone", person, np.asarray(cell), (("profile", half, cell.height / 2, 0.7 * half),))


def _portrait(person: str, kind: str, side: int, angle: int) -> View:
    """The portrait around its face of `side` pixels, turned around the face by `angle` degrees."""
    portrait = demo.asset(person, demo.PORTRAIT, max_side=2048)
    middle = (MIDDLE[0] * portrait.width, MIDDLE[1] * portrait.height)
    turned = portrait.rotate(angle, Image.Resampling.BICUBIC, center=middle, fillcolor=GREY)
    half = SHARE * portrait.width
    x, y = middle
    cut = turned.crop((round(x - half), round(y - half), round(x + half), round(y + half)))
    pixels = np.asarray(cut.resize((2 * side, 2 * side), Image.Resampling.LANCZOS))
    return View("portrait", person, pixels, ((kind, side, side, side / 2),))


# --- detectors --------------------------------------------------------------------------------------------------------


def look(view: View, detector: Detector) -> Seen:
    """Every face is found by at most one box, the one nearest to its middle."""
    began = time.perf_counter()
    boxes = [box for box, _score in get_engine().detect(view.pixels, detector=detector)]
    spent = time.perf_counter() - began
    found: dict[int, Box] = {}
    for number, (_kind, x, y, half) in enumerate(view.faces):
        near = {_off(box, x, y): box for box in boxes if _off(box, x, y) <= half and box not in found.values()}
        if near:
            found[number] = near[min(near)]
    return Seen(found, len(boxes) - len(found), spent)


def _off(box: Box, x: float, y: float) -> float:
    """How far the middle of a box is from a point, the larger of both directions."""
    return max(abs((box.left + box.right) / 2 - x), abs((box.top + box.bottom) / 2 - y))


def drawn(view: View, number: int) -> Box:
    """A box around a face of a picture of one, as somebody would draw it who does not take pains."""
    _kind, x, y, half = view.faces[number]
    height, width = view.pixels.shape[:2]
    x, y, half = x + 0.2 * half, y - 0.2 * half, 1.2 * half
    return Box(
        max(0, round(x - half)), max(0, round(y - half)), min(width, round(x + half)), min(height, round(y + half))
    )


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The score interval of a share at 95 %; 0 to 1 without trials."""
    if not trials:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.975)
    share, spread = successes / trials, z * z / trials
    middle = share + spread / 2
    reach = z * (share * (1 - share) / trials + spread / 4 / trials) ** 0.5
    return max(0.0, (middle - reach) / (1 + spread)), min(1.0, (middle + reach) / (1 + spread))


def _share(successes: int, trials: int) -> dict[str, Any]:
    low, high = wilson(successes, trials)
    return {
        "count": successes,
        "of": trials,
        "share": round(successes / trials, 3),
        "low": round(low, 3),
        "high": round(high, 3),
    }


# --- the whole --------------------------------------------------------------------------------------------------------


def recognised(view: View, boxes: Sequence[Box], portrait: np.ndarray[Any, Any]) -> int:
    """How many of the boxes give a template that lies near the person's own."""
    if not boxes:
        return 0
    apart = np.linalg.norm(get_engine().encode(view.pixels, boxes) - portrait, axis=1)
    return int((apart <= bands().possible).sum())


def own_template(person: str) -> np.ndarray[Any, Any]:
    """Of the person's portrait as it is, float32 (dimension,)."""
    faces = get_engine().faces(np.asarray(demo.asset(person, demo.PORTRAIT, max_side=800)))
    return max(faces, key=lambda face: face.score).template


def measured(people: Sequence[str], detectors: Sequence[Detector]) -> dict[str, Any]:
    """Counts by kind of face, and what each kind of picture cost."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    costs: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    false: dict[str, int] = dict.fromkeys(detectors, 0)
    pictures = 0
    for person in people:
        portrait = own_template(person)
        for view in views(person):
            pictures += 1
            for number, (kind, *_place) in enumerate(view.faces):
                counts[kind]["faces"] += 1
                if len(view.faces) == 1:
                    counts[kind]["by_hand"] += recognised(view, [drawn(view, number)], portrait)
            for detector in detectors:
                seen = look(view, detector)
                false[detector] += seen.false
                costs[f"{view.kind}, {view.pixels.shape[1]} x {view.pixels.shape[0]}"][detector].append(seen.seconds)
                for number, box in seen.found.items():
                    kind = view.faces[number][0]
                    counts[kind][detector] += 1
                    counts[kind][f"{detector}_recognised"] += recognised(view, [box], portrait)
    return {
        "faces": {kind: _row(count, detectors) for kind, count in counts.items()},
        "false_detections": {**false, "pictures": pictures},
        "seconds_a_picture": {
            kind: {detector: round(median(taken), 2) for detector, taken in spent.items()}
            for kind, spent in costs.items()
        },
    }


def _row(count: dict[str, int], detectors: Sequence[Detector]) -> dict[str, Any]:
    row: dict[str, Any] = {
        detector: _share(count[detector], count["faces"]) | {"recognised": count[f"{detector}_recognised"]}
        for detector in detectors
    }
    return row | ({"marked_by_hand_recognised": count["by_hand"]} if "by_hand" in count else {})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=4, help="how many of the ten; four take about three minutes")
    parser.add_argument("--detectors", nargs="+", type=Detector, choices=list(Detector), default=list(Detector))
    chosen = parser.parse_args()
    people = demo.people()[: chosen.people]
    about = {"people": len(people), "engine": get_engine().name, "cnn_pixels": dlib.CNN_PIXELS}
    print(json.dumps(about | measured(people, chosen.detectors), indent=1))


if __name__ == "__main__":
    main()
