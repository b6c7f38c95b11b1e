"""What an engine that finds and encodes faces must offer, and the one that is in use."""

import threading
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.utils.module_loading import import_string

Template = npt.NDArray[np.float32]
"""Shape (dimension,): the embedding of one face."""


class Box(NamedTuple):
    """Pixels of the upright picture; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


def overlap(one: Box, other: Box) -> float:
    """How much of the smaller box lies in the other, from 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min((box.right - box.left) * (box.bottom - box.top) for box in (one, other))


class DetectedFace(NamedTuple):
    """One face: where, its template (float32, (dimension,)), and the detector's confidence on its own scale."""

    box: Box
    template: Template
    score: float


class FaceEngine(Protocol):
    """Finds faces in pixels (uint8, (height, width, 3), RGB, upright) and encodes them."""

    name: str
    """With its version: templates of different names are never compared."""
    dimension: int

    def detect(self, pixels: npt.NDArray[np.uint8], *, threshold: float = 0.0) -> list[tuple[Box, float]]:
        """Boxes and scores; a lower `threshold` gives doubtful faces too."""
        ...

    def faces(self, pixels: npt.NDArray[np.uint8]) -> list[DetectedFace]:
        """Every face found, encoded."""
        ...

    def five_points(self, pixels: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.float64]:
        """(5, 2): x and y of eyes, nose tip and corners of the mouth of the face in a box, those on the left first."""
        ...


_lock = threading.Lock()


@cache
def _engine(path: str) -> FaceEngine:
    engine: FaceEngine = import_string(path)()
    return engine


def get_engine() -> FaceEngine:
    """The engine of `settings.FACE_ENGINE`, one per process. Its models load at their first use."""
    with _lock:
        return _engine(settings.FACE_ENGINE)
