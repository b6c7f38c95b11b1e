"""One picture or two: a head of noise that is copied, mirrored, smeared and turned."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from benchmarks import turning
from matching.frames import AT_REST, SAME_PICTURE
from matching.pose import Floats
from matching.registration import MIRRORED, Picture, at_rest, correlation
from tests.fakes import HEAD

SIZE, SCALE = 360, 11.0
LANDMARKS = HEAD[:, :2] * (SCALE, -SCALE) + (SIZE / 2, SIZE / 2)
EYES = float(np.linalg.norm(LANDMARKS[45] - LANDMARKS[36]))


def noise(seed: int = 1) -> Image.Image:
    """Spots of many sizes, as skin and hair have them."""
    random, pixels = np.random.default_rng(seed), np.full((SIZE, SIZE), 128.0)
    for size in (4, 8, 16, 32):
        spots = Image.fromarray(random.normal(0, 22, (SIZE // size + 1,) * 2).astype(np.float32))
        pixels += np.asarray(spots.resize((SIZE, SIZE), Image.Resampling.BICUBIC), dtype=np.float64)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def picture(image: Image.Image, landmarks: Floats = LANDMARKS) -> Picture:
    return Picture(np.asarray(image.convert("L")), landmarks)


def smeared(image: Image.Image, aside: float, upwards: float) -> Picture:
    """The nose is moved, and with it the landmarks by as much as they are near."""
    away = np.linalg.norm(LANDMARKS - LANDMARKS[27:36].mean(axis=0), axis=1)
    near = np.exp(-(away**2) / (2 * (turning.SMEARED * EYES) ** 2))[:, None]
    moved = LANDMARKS + near * (aside * EYES, -upwards * EYES)
    return picture(turning.move_nose(image, LANDMARKS, aside, upwards), moved)


def in_other_light(still: Picture) -> Picture:
    random = np.random.default_rng(3)
    light = np.linspace(0.6, 1.1, still.grey.shape[1])
    pixels = still.grey * light + random.normal(0, 8, still.grey.shape)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=50)
    return picture(Image.open(buffer), still.landmarks)


def held_askew(still: Picture) -> Picture:
    """Smaller, turned and cropped: from where a point is to where it was, as Pillow wants it."""
    angle, scale, shift = np.radians(8), 1.4, np.array([-30.0, 12.0])
    back = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    rows = (*back[0], shift[0], *back[1], shift[1])
    image = Image.fromarray(still.grey).transform((280, 270), Image.Transform.AFFINE, rows, Image.Resampling.BICUBIC)
    return picture(image, (still.landmarks - shift) @ np.linalg.inv(back).T)


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    "untouched": lambda still: still,
    "mirrored": Picture.mirrored,
    "in other light": in_other_light,
    "held askew": held_askew,
    "all of these": lambda still: in_other_light(held_askew(still.mirrored())),
}
SMEARS = [(0.2, 0.0), (-0.2, 0.0), (0.0, 0.2), (0.0, -0.2), (0.3, 0.0)]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_picture_is_found_again_as_a_whole(change: Callable[[Picture], Picture]) -> None:
    assert at_rest(picture(noise()), change(picture(noise()))) > 0.8


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize(("aside", "upwards"), SMEARS)
def test_a_picture_whose_nose_was_moved_rests_around_it(
    change: Callable[[Picture], Picture], aside: float, upwards: float
) -> None:
    still = picture(noise())
    other = change(smeared(noise(), aside, upwards))
    assert max(correlation(still, other), correlation(still, other.mirrored())) < SAME_PICTURE
    assert at_rest(still, other) >= AT_REST


@pytest.mark.parametrize(("yaw", "pitch"), [(20, 0), (-20, 0), (0, 15), (0, -15)])
def test_a_head_that_turns_does_not_rest(yaw: float, pitch: float) -> None:
    turned = turning.turn(noise(), LANDMARKS, yaw, pitch)
    assert at_rest(picture(noise()), picture(turned)) < AT_REST


def test_two_pictures_have_nothing_in_common() -> None:
    assert at_rest(picture(noise(1)), picture(noise(2))) < 0.1


def test_without_texture_nothing_is_found() -> None:
    blank = picture(Image.new("L", (SIZE, SIZE), 90))
    assert at_rest(blank, blank) == 0


def test_mirroring_the_landmarks_twice_changes_nothing() -> None:
    assert (MIRRORED[MIRRORED] == np.arange(68)).all()
    assert (MIRRORED[[36, 48, 0, 17, 30, 60]] == [45, 54, 16, 26, 30, 64]).all()
