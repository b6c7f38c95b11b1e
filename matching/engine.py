"""What an engine that finds and encodes faces must offer, and the one that is in use."""

import threading
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db.models import TextChoices
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

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


class Detector(TextChoices):
    """How hard faces are looked for. It says nothing of templates: those of one engine compare whoever found them."""

    DEFAULT = "default", _("default (faces from the front, quickly)")
    THOROUGH = "thorough", _("thorough (turned and tilted faces too, seconds a picture)")


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

    @property
    def runtime(self) -> str:
        """What makes the templates in this process, with its version. May load the models to know."""
        ...

    def prepare(self) -> None:
        """Load every model now instead of at its first use."""
        ...

    def detect(
        self, pixels: npt.NDArray[np.uint8], *, threshold: float = 0.0, detector: Detector = Detector.DEFAULT
    ) -> list[tuple[Box, float]]:
        """Boxes and scores; a lower `threshold` gives doubtful faces too. `thorough` finds what `default` does, and
        more."""
        ...

    def faces(self, pixels: npt.NDArray[np.uint8], *, detector: Detector = Detector.DEFAULT) -> list[DetectedFace]:
        """Every face found, encoded."""
        ...

    def encode(self, pixels: npt.NDArray[np.uint8], boxes: Sequence[Box]) -> npt.NDArray[np.float32]:
        """float32 (boxes, dimension): a template for each box that somebody says holds a face."""
        ...

    def landmarks(self, pixels: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.float64]:
        """(68, 2): x and y in pixels of the points of the 300-W markup (Sagonas et al. 2013) of an upright face."""
        ...

    def five_points(self, pixels: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.float64]:
        """(5, 2): x and y of eyes, nose tip and corners of the mouth of the face in a box, those on the left first."""
        ...


ENGINES: Final = {"auto": "matching.engines.auto.engine", "dlib": "matching.engines.dlib.DlibEngine"}
"""What `settings.FACE_ENGINE` may say instead of the path of a class."""

_lock = threading.Lock()


@cache
def _engine(path: str) -> FaceEngine:
    engine: FaceEngine = import_string(ENGINES.get(path, path))()
    return engine


def get_engine() -> FaceEngine:
    """The engine of `settings.FACE_ENGINE`, one per process. Its models load at their first use."""
    with _lock:
        return _engine(settings.FACE_ENGINE)
