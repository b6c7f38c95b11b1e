"""Presentation attacks on the live photo check that are made of still pictures, and what a camera does to a frame."""

import io
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks import turning
from matching.pose import Floats

Change = Callable[[Image.Image, np.random.Generator], Image.Image]
Move = Callable[[Image.Image, Floats, float, float], Image.Image]


def same(image: Image.Image, _random: np.random.Generator) -> Image.Image:
    return image


def mirrored(image: Image.Image, _random: np.random.Generator) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def askew(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """As a print or a screen held askew looks: each corner moves by up to 12 % of the side."""
    width, height = image.size
    moved = random.uniform(-0.12, 0.12, size=8) * np.tile((width, height), 4)
    corners = np.array([0, 0, 0, height, width, height, width, 0]) + moved
    return image.transform(image.size, Image.Transform.QUAD, tuple(corners), Image.Resampling.BICUBIC)


def squeezed(image: Image.Image, random: np.random.Generator) -> Image.Image:
    share = random.uniform(0.7, 1.3)
    return image.resize((round(image.width * share), image.height), Image.Resampling.BICUBIC)


def anything(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """All of these, with another light and noise."""
    changed = squeezed(askew(image, random), random)
    if random.random() < 0.5:
        changed = mirrored(changed, random)
    first, last = random.uniform(0.6, 1.3, size=2)
    light = np.linspace(first, last, changed.width)[None, :, None]
    pixels = np.asarray(changed, dtype=np.float64) * light + random.normal(0, 6, (changed.height, changed.width, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).rotate(random.uniform(-12, 12))


ATTACKS: dict[str, Change] = {
    "the same picture thrice": same,
    "mirrored": mirrored,
    "held askew": askew,
    "squeezed": squeezed,
    "all of these at random": anything,
}


def in_other_light(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """As another frame of a camera: light, noise, and the hand that holds it."""
    pixels = np.asarray(image, dtype=np.float64) * random.uniform(0.9, 1.1)
    noisy = pixels + random.normal(0, 4, pixels.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).rotate(random.uniform(-4, 4))


def worse(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Small, dark, noisy, askew, cropped, and compressed much."""
    pixels = np.asarray(image, dtype=np.float64) * random.uniform(0.6, 0.8)
    noisy = Image.fromarray(np.clip(pixels + random.normal(0, 10, pixels.shape), 0, 255).astype(np.uint8))
    held = noisy.rotate(random.uniform(-8, 8), Image.Resampling.BICUBIC)
    smaller = held.resize((round(image.width * 0.6), round(image.height * 0.6)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    smaller.crop((10, 5, smaller.width - 12, smaller.height - 3)).save(buffer, "JPEG", quality=50)
    return Image.open(buffer)


def move_and_mirror(image: Image.Image, landmarks: Floats, aside: float, upwards: float) -> Image.Image:
    """The nose is moved to the other side, and the picture mirrored, but for the frame that looks ahead."""
    if max(abs(aside), abs(upwards)) < 0.1:
        return turning.move_nose(image, landmarks, aside, upwards)
    return turning.move_nose(image, landmarks, -aside, upwards).transpose(Image.Transpose.FLIP_LEFT_RIGHT)


class Moved(NamedTuple):
    """How frames are made of one picture: what moves it, how far aside and up, how exactly, what a camera adds."""

    move: Move
    turn: float
    tilt: float
    give_or_take: float
    change: Change


def _nose(move: Move, share: float, change: Change = in_other_light) -> Moved:
    """Moved by a share of the distance between the eyes."""
    return Moved(move, share, share, 0.02, change)


HEADS: dict[str, Moved] = {
    f"turned by {turn} degrees, tilted by {tilt}": Moved(turning.turn, turn, tilt, 2, in_other_light)
    for turn, tilt in ((15, 10), (20, 15), (25, 20), (30, 25))
}
NOSES: dict[str, Moved] = {
    "nose, by 0.2": _nose(turning.move_nose, 0.2),
    "nose, by 0.3": _nose(turning.move_nose, 0.3),
    "nose and little besides, by 0.2": _nose(partial(turning.move_nose, smeared=0.25), 0.2),
    "inner face, by 0.2": _nose(partial(turning.move_nose, smeared=0.6), 0.2),
    "inner face, by 0.3": _nose(partial(turning.move_nose, smeared=0.6), 0.3),
    "whole face, by 0.4": _nose(partial(turning.move_nose, smeared=0.8), 0.4),
    "nose, by 0.2, then mirrored": _nose(move_and_mirror, 0.2),
    "nose, by 0.2, then made small, dark, noisy, cropped": _nose(turning.move_nose, 0.2, worse),
}
