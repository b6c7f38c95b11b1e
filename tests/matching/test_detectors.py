"""dlib's detectors on heads of people who do not exist: seen from the front, in profile, and lying on their side."""

import numpy as np
import pytest
from PIL import Image

from matching.engine import Box, Detector, overlap
from matching.engines import dlib
from matching.engines.dlib import DlibEngine
from matching.engines.onnx import AGREEMENT, OnnxEngine
from portal import demo

pytestmark = pytest.mark.any_database

NAME = "P004"
FACE = Box(60, 56, 144, 140)
"""Where the face is in the small portrait, as told by looking."""


@pytest.fixture(scope="module")
def engine() -> DlibEngine:
    return DlibEngine()


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return demo.asset(NAME, demo.PORTRAIT, max_side=200)


@pytest.fixture(scope="module")
def own(engine: DlibEngine, portrait: Image.Image) -> np.ndarray:
    (face,) = engine.faces(np.asarray(portrait))
    assert overlap(face.box, FACE) > 0.8
    return face.template


def lying(portrait: Image.Image) -> np.ndarray:
    return np.asarray(portrait.rotate(90))


def test_a_face_on_its_side_is_seen_only_by_a_thorough_look_and_then_recognised(
    engine: DlibEngine, portrait: Image.Image, own: np.ndarray
) -> None:
    pixels = lying(portrait)
    assert engine.faces(pixels) == []
    (face,) = engine.faces(pixels, detector=Detector.THOROUGH)
    assert [(face.box, face.score)] == engine.detect(pixels, detector=Detector.THOROUGH)
    assert (face.template.shape, face.template.dtype) == ((128,), np.float32)
    assert np.linalg.norm(face.template - own) < 0.45


def test_a_profile_is_seen_by_a_thorough_look(engine: DlibEngine) -> None:
    sheet = demo.asset("P005", "character_sheet", max_side=1600)
    cell = np.asarray(sheet.crop((448, 84, 768, 418)).resize((240, 250)))
    (box,) = [box for box, _score in engine.detect(cell, detector=Detector.THOROUGH)]
    assert overlap(box, Box(60, 60, 180, 180)) > 0.5


def test_what_both_detectors_see_is_one_face_with_the_template_it_had(
    engine: DlibEngine, portrait: Image.Image, own: np.ndarray
) -> None:
    pixels = np.asarray(portrait)
    (before,), (after,) = engine.faces(pixels), engine.faces(pixels, detector=Detector.THOROUGH)
    assert (after.box, after.score) == (before.box, before.score)
    assert np.array_equal(after.template, own)
    assert engine._by_cnn(pixels), "The CNN detector was not asked, or saw nothing."


def test_the_cnn_never_sees_more_pixels_than_it_may(engine: DlibEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def cnn(pixels: np.ndarray, upsample: int) -> list[object]:
        seen.append(pixels.shape[0] * pixels.shape[1])
        return []

    monkeypatch.setitem(engine.__dict__, "_cnn", cnn)
    for shape in ((3000, 4000), (1, 5000), (10_000, 300), (300, 300), (1, 1)):
        engine._by_cnn(np.zeros((*shape, 3), np.uint8))
    assert max(seen) <= dlib.CNN_PIXELS * 1.01
    assert seen[-2:] == [600 * 600, 4]


@pytest.mark.parametrize("angle", [0, 45, 90, 180])
def test_a_face_marked_by_hand_is_recognised_however_it_is_turned(
    engine: DlibEngine, portrait: Image.Image, own: np.ndarray, angle: int
) -> None:
    middle = ((FACE.left + FACE.right) / 2, (FACE.top + FACE.bottom) / 2)
    pixels = np.asarray(portrait.rotate(angle, Image.Resampling.BICUBIC, center=middle))
    loosely = Box(FACE.left - 4, FACE.top - 12, FACE.right + 14, FACE.bottom + 6)
    (template,) = engine.encode(pixels, [loosely])
    assert np.linalg.norm(template - own) < 0.45


def test_any_box_gives_a_template(engine: DlibEngine, portrait: Image.Image) -> None:
    pixels = np.asarray(portrait)
    boxes = [Box(0, 0, 200, 200), Box(0, 0, 16, 16), Box(184, 0, 200, 200)]
    templates = engine.encode(pixels, boxes)
    assert (templates.shape, templates.dtype) == ((3, 128), np.float32)
    assert np.isfinite(templates).all()
    assert engine.encode(pixels, []).shape == (0, 128)


def test_onnx_gives_the_same_templates_to_turned_and_marked_faces(engine: DlibEngine, portrait: Image.Image) -> None:
    onnx, pixels = OnnxEngine(), lying(portrait)
    (ours,) = onnx.faces(pixels, detector=Detector.THOROUGH)
    (theirs,) = engine.faces(pixels, detector=Detector.THOROUGH)
    assert ours.box == theirs.box
    assert np.abs(ours.template - theirs.template).max() <= AGREEMENT
    marked = [encoder.encode(pixels, [FACE]) for encoder in (onnx, engine)]
    assert np.abs(marked[0] - marked[1]).max() <= AGREEMENT
