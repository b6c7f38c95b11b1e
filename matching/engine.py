"""What an engine that finds and encodes faces must offer, and the one that is in use."""

import threading
from functools import cache
from typing import Final, NamedTuple, Protocol

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

    def detect(self, pixels: npt.NDArray[np.uint8], *, threshold: float = 0.0) -> list[tuple[Box, float]]:
        """Boxes and scores; a lower `threshold` gives doubtful faces too."""
        ...

    def faces(self, pixels: npt.NDArray[np.uint8]) -> list[DetectedFace]:
        """Every face found, encoded."""
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
