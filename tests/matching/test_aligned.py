"""Faces whose eyes lie on the same points, whatever the picture they were cut out of."""

import io

import numpy as np
import pytest
from PIL import Image
from pytest_django.fixtures import Settings

from matching import aligned
from matching.aligned import EYES, SIDE, NoEyes
from matching.engine import Box, get_engine
from tests.fakes import PaintedEngine, paint
from tests.holdings import People

BOX = Box(20, 20, 100, 100)


class Dotted(PaintedEngine):
    """Sees eyes where a test says they are."""

    eyes: tuple[tuple[float, float], tuple[float, float]]

    def five_points(self, pixels: np.ndarray, box: Box) -> np.ndarray:
        return np.array([*self.eyes, (0, 0), (0, 0), (0, 0)], float)


@pytest.fixture
def dotted(monkeypatch: pytest.MonkeyPatch) -> Dotted:
    engine = Dotted()
    monkeypatch.setattr(aligned, "get_engine", lambda: engine)
    return engine


@pytest.mark.parametrize("large", [1, 12])
@pytest.mark.parametrize("degrees", [0, 30, -45])
def test_the_eyes_lie_on_the_same_points_however_tilted_and_large(dotted: Dotted, degrees: float, large: int) -> None:
    step = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]) * 18
    left, right = (np.array([60, 55]) + way * step for way in (-1, 1))
    pixels = np.zeros((120 * large, 120 * large, 3), np.uint8)
    rows, columns = np.mgrid[: 120 * large, : 120 * large] / large
    for channel, (x, y) in enumerate((left, right)):
        pixels[np.hypot(columns - x, rows - y) < 4, channel] = 255
    dotted.eyes = (tuple(left * large), tuple(right * large))
    cut = aligned.cut_out(pixels, Box(*(large * edge for edge in BOX)))
    assert cut.shape == (SIDE, SIDE, 3)
    for channel, wanted in enumerate(EYES):
        found = np.argwhere(cut[..., channel] > 200)[:, ::-1].mean(axis=0)
        assert found == pytest.approx(wanted, abs=4)


@pytest.mark.parametrize(
    ("eyes", "box"),
    [
        (((58, 50), (62, 50)), BOX),  # A profile.
        (((10, 50), (110, 50)), BOX),
        (((55, 40), (60, 80)), BOX),  # Steep.
        (((80, 50), (40, 50)), BOX),  # Upside down.
        (((40, 50), (80, 50)), Box(0, 0, 0, 0)),
    ],
)
def test_what_is_no_upright_face_from_the_front_is_not_aligned(
    dotted: Dotted, eyes: tuple[tuple[float, float], tuple[float, float]], box: Box
) -> None:
    dotted.eyes = eyes
    with pytest.raises(NoEyes):
        aligned.cut_out(np.zeros((120, 120, 3), np.uint8), box)


def test_a_picture_without_a_face_has_none(dotted: Dotted) -> None:
    empty, ada = (np.asarray(Image.open(io.BytesIO(paint([who])))) for who in (None, "ada"))
    with pytest.raises(NoEyes):
        aligned.face_in(empty)
    assert aligned.face_in(ada) == BOX


def test_real_eyes_lie_where_they_should(people: People, settings: Settings) -> None:
    """Seen again by dlib in what was made, from a picture that was tilted before."""
    settings.FACE_ENGINE = "dlib"
    picture = Image.open(people.selfie("P004")).convert("RGB").rotate(12, Image.Resampling.BICUBIC)
    pixels = np.asarray(picture)
    cut = aligned.cut_out(pixels, aligned.face_in(pixels))
    again = get_engine().five_points(cut, aligned.face_in(cut))[:2]
    assert np.abs(again - EYES).max() < 0.03 * SIDE
