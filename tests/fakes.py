"""A face engine for tests in which dlib is not what is tested: people are painted as striped squares.

A picture is a grey row of cells of 120 pixels; a person is a square of 80 pixels in the middle of a cell, in a
colour of their own. Everything around the engine is real: files, decoding, index, sweep, erasure.
"""

import colorsys
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from matching import pose
from matching.engine import Box, DetectedFace, Detector

CELL = 120
SIDE = 80
PEOPLE = ("ada", "bo", "cy", "di", "ed", "flo")
TWIN = "ada's twin"
"""Somebody at a distance of 0.5 from ada: a possible hit, and not her."""
PROFILE = "whom the twin leads to"
"""At 0.5 from the twin and 0.71 from ada: beyond every band of hers, but not of the twin's."""
BETWEEN = {TWIN: 0.5, PROFILE: 1.5}
"""Colours between those of the people, counted in people."""
DIMENSION = 128


def _hue(name: str) -> float:
    return (BETWEEN[name] if name in BETWEEN else PEOPLE.index(name)) / len(PEOPLE)


_BASIS = np.linalg.qr(np.random.default_rng(1).normal(size=(DIMENSION, DIMENSION)))[0].astype(np.float32)


def _basis(index: int) -> np.ndarray:
    """Orthonormal vectors without zeros, so that no stretch of one row looks like another's."""
    return _BASIS[index]


def template_of(name: str) -> np.ndarray:
    """The person's template; distances between different people are 1.41, between ada and her twin 0.5."""
    if name == TWIN:
        return _basis(0) + 0.5 * _basis(DIMENSION - 1)
    if name == PROFILE:
        return template_of(TWIN) + 0.5 * _basis(DIMENSION - 2)
    return _basis(PEOPLE.index(name))


def paint(people: Sequence[str | None], *, shade: int = 0, turned: tuple[float, float] | None = None) -> bytes:
    """A JPEG of these people side by side; None leaves a cell empty. `shade` makes otherwise equal files differ.

    `turned` is the yaw and pitch in degrees that `PaintedEngine` sees; it is written into a corner of the picture.
    """
    pixels = np.full((CELL, CELL * len(people), 3), 128 + shade % 16, np.uint8)
    for number, name in enumerate(people):
        if name is None:
            continue
        left, top = number * CELL + (CELL - SIDE) // 2, (CELL - SIDE) // 2
        for value, rows in ((1.0, slice(0, None, 16)), (0.55, slice(8, None, 16))):
            colour = np.array(colorsys.hsv_to_rgb(_hue(name), 1.0, value)) * 255
            for row in range(top, top + SIDE)[rows]:
                pixels[row : row + 8, left : left + SIDE] = colour * _folds(turned, row)
    if turned is not None:
        pixels[:MARK, :MARK] = (128 + round(turned[0]), 128 + round(turned[1]), 0)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


MARK = 16
"""Pixels of the corner that tells the pose."""


def _folds(turned: tuple[float, float] | None, row: int) -> np.ndarray:
    """Shades (8, SIDE, 1) of a stripe by which a painted person looks another way in each pose."""
    if turned is None:
        return np.ones((8, SIDE, 1))
    random = np.random.default_rng([round(angle) + 180 for angle in turned] + [row])
    return random.uniform(0.25, 1.0, (2, SIDE // 4, 1)).repeat(4, axis=0).repeat(4, axis=1)


def _colour(pixels: np.ndarray, box: Box) -> np.ndarray:
    """Mean red, green and blue of a box, 0 to 1."""
    return pixels[box.top : box.bottom, box.left : box.right].reshape(-1, 3).mean(axis=0) / 255


def turned_by(yaw: float, pitch: float) -> np.ndarray:
    """The rotation (3, 3) of a head, degrees as `matching.pose.Pose` has them."""
    y, p = np.radians([yaw, -pitch])
    sideways = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    return sideways @ np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])


HEAD = np.column_stack([5 * np.cos(np.arange(68.0)), 5 * np.sin(np.arange(68.0)), np.full(68, 3.0)])
"""(68, 3): points of a head; those that `matching.pose` looks at are where it has them."""
HEAD[list(pose.MODEL)] = list(pose.MODEL.values())


class PaintedEngine:
    """Finds painted people."""

    name = "painted/1"
    dimension = DIMENSION
    overlooks: tuple[str, ...] = ()
    """Whom the default detector does not see."""
    runtime = "paint"

    def prepare(self) -> None:
        """There is nothing to load."""

    def detect(
        self, pixels: np.ndarray, *, threshold: float = 0.0, detector: Detector = Detector.DEFAULT
    ) -> list[tuple[Box, float]]:
        return [(face.box, face.score) for face in self.faces(pixels, detector=detector)]

    def faces(self, pixels: np.ndarray, *, detector: Detector = Detector.DEFAULT) -> list[DetectedFace]:
        return [
            DetectedFace(box, template_of(name), 1.0)
            for box, name in self._found(pixels)
            if detector == Detector.THOROUGH or name not in self.overlooks
        ]

    def encode(self, pixels: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
        """Whoever's colour is in a box, were it only a part of them."""
        names = [self._name(colorsys.rgb_to_hsv(*_colour(pixels, box))[0]) for box in boxes]
        return np.array([template_of(name) for name in names], np.float32).reshape(-1, DIMENSION)

    def five_points(self, pixels: np.ndarray, box: Box) -> np.ndarray:
        shares = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.55], [0.35, 0.75], [0.65, 0.75]])
        return np.array(box[:2]) + shares * (box.right - box.left, box.bottom - box.top)

    def landmarks(self, pixels: np.ndarray, box: Box) -> np.ndarray:
        """The points of a rigid head in the pose that the corner tells; ahead where it tells none."""
        red, green, blue = pixels[4 : MARK - 4, 4 : MARK - 4].reshape(-1, 3).mean(axis=0)
        yaw, pitch = (red - 128, green - 128) if blue < 64 else (0.0, 0.0)
        seen = HEAD @ turned_by(yaw, pitch)[:2].T * (1.0, -1.0)
        middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
        return seen * (box.right - box.left) / 28 + middle

    def _found(self, pixels: np.ndarray) -> list[tuple[Box, str]]:
        found = []
        scale = pixels.shape[0] / CELL
        for number in range(round(pixels.shape[1] / scale / CELL)):
            left, top = number * CELL + (CELL - SIDE) // 2, (CELL - SIDE) // 2
            box = Box(*(round(edge * scale) for edge in (left, top, left + SIDE, top + SIDE)))
            hue, saturation, _value = colorsys.rgb_to_hsv(*_colour(pixels, box))
            if saturation > 0.6:
                found.append((box, self._name(hue)))
        return found

    @staticmethod
    def _name(hue: float) -> str:
        names = (*PEOPLE, *BETWEEN)
        return min(names, key=lambda name: min(abs(hue - _hue(name)), 1 - abs(hue - _hue(name))))


class ShortSightedEngine(PaintedEngine):
    """Sees cy only if it looks thoroughly."""

    overlooks = ("cy",)
