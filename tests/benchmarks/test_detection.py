"""The measurement of detectors: where faces are is known beforehand, and what else is found counts as false."""

import io
import json
import sys

import numpy as np
import pytest
from PIL import Image
from pytest_django.fixtures import Settings

from benchmarks import detection
from benchmarks.detection import View
from matching.engine import Box, Detector, overlap
from tests.fakes import CELL, SIDE, PaintedEngine, paint


@pytest.fixture
def two(settings: Settings) -> View:
    """Two painted people, of one of whom the measurement was not told; and a place that shows nobody."""
    settings.FACE_ENGINE = "tests.fakes.ShortSightedEngine"
    with Image.open(io.BytesIO(paint(["cy", "bo", None]))) as image:
        pixels = np.asarray(image.convert("RGB"))
    middle = CELL / 2
    return View("row", "cy", pixels, (("left", middle, middle, SIDE / 2), ("none", 2.5 * CELL, middle, SIDE / 2)))


def test_a_face_counts_where_it_is_known_to_be_and_false_elsewhere(two: View) -> None:
    by_default, by_thorough = (detection.look(two, detector) for detector in Detector)
    assert (by_default.found, by_default.false) == ({}, 1)
    assert (by_thorough.found, by_thorough.false) == ({0: Box(20, 20, 100, 100)}, 1)


def test_one_box_is_no_two_faces_and_a_second_box_on_a_face_is_false(
    two: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = [(Box(20, 20, 100, 100), 1.0), (Box(30, 30, 100, 100), 1.0)]
    monkeypatch.setattr(PaintedEngine, "detect", lambda self, pixels, **how: boxes)
    crowded = two._replace(faces=(two.faces[0], ("again", 70.0, 70.0, 40.0)))
    assert detection.look(two, Detector.DEFAULT).false == 1
    assert detection.look(crowded, Detector.DEFAULT).found == {0: boxes[0][0], 1: boxes[1][0]}


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (9, 20, 0.2582, 0.6579), (81, 263, 0.2553, 0.3662), (0, 0, 0, 1)],
)
def test_intervals_are_wilsons(successes: int, trials: int, low: float, high: float) -> None:
    """The fourth is Newcombe's (1998) example, without correction for continuity."""
    assert detection.wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_the_layout_of_sheets_and_portraits_is_as_dlib_sees_it() -> None:
    """The front faces that the default detector finds everywhere lie where they are said to be."""
    views = {kind: view for view in detection.views("P003") for kind in [view.faces[0][0]]}
    assert len(views["sheet, expressions"].faces) == 16
    assert len(detection.look(views["sheet, expressions"], Detector.DEFAULT).found) == 16
    assert {0, 3} <= set(detection.look(views["sheet, front"], Detector.DEFAULT).found)
    for kind in ("turned by 0 degrees", "turned by 45 degrees", "front, 40 pixels"):
        seen = detection.look(views[kind], Detector.DEFAULT)
        assert (len(seen.found), seen.false) == (1, 0)
        assert overlap(seen.found[0], detection.drawn(views[kind], 0)) > 0.5


def test_the_report_is_json(two: View, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(detection, "views", lambda person: iter([two]))
    monkeypatch.setattr(detection, "own_template", lambda person: np.zeros(128, np.float32))
    monkeypatch.setattr(sys, "argv", ["detection", "--people", "2", "--detectors", "thorough"])
    detection.main()
    result = json.loads(capsys.readouterr().out)
    assert result["people"] == 2
    assert result["faces"]["left"]["thorough"] | {"low": 0, "high": 0} == {
        "count": 2, "of": 2, "share": 1.0, "low": 0, "high": 0, "recognised": 0,
    }  # fmt: skip
    assert result["false_detections"] == {"thorough": 2, "pictures": 2}
    monkeypatch.setattr(sys, "argv", ["detection", "--detectors", "magic"])
    with pytest.raises(SystemExit):
        detection.main()
