"""dlib: HOG detector, 68 landmarks, ResNet templates of 128 floats.

The model files come with the package `face_recognition_models`, which is found but never imported: importing it needs
`pkg_resources` and loads nothing of use here.
"""

import threading
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import dlib
import numpy as np
import numpy.typing as npt

from matching.engine import Box, DetectedFace

UPSAMPLED_UP_TO: Final = 2400 * 2400
"""Pixels. dlib's detector sees faces from 80 pixels on; doubling the picture brings that to 40, at four times the
work and memory. Pictures larger than this are not doubled: the detector's pyramid of a doubled 24-megapixel
picture takes over a gigabyte."""


ENCODER: Final = "dlib_face_recognition_resnet_model_v1.dat"
"""The weights of the network that makes templates."""


class ModelsMissing(RuntimeError):  # noqa: N818 - what it says
    """The package with dlib's model files is not installed."""


def model(name: str) -> str:
    """The path of a model file. Raises: ModelsMissing."""
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise ModelsMissing("face_recognition_models is not installed; run: pip install -r requirements.txt")
    return str(Path(spec.submodule_search_locations[0], "models", name))


class DlibEngine:
    """The reference engine. Safe to share between threads: dlib's objects are used under a lock."""

    name: Final = f"dlib {dlib.__version__} hog/68/resnet-v1"
    dimension: Final = 128

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @cached_property
    def _detector(self) -> Any:
        return dlib.get_frontal_face_detector()

    @cached_property
    def _landmarks(self) -> Any:
        return dlib.shape_predictor(model("shape_predictor_68_face_landmarks.dat"))

    @cached_property
    def _encoder(self) -> Any:
        return dlib.face_recognition_model_v1(model(ENCODER))

    def detect(self, pixels: npt.NDArray[np.uint8], *, threshold: float = 0.0) -> list[tuple[Box, float]]:
        """Boxes clipped to the picture, with dlib's own score (0 is the customary threshold; lower is doubtful)."""
        return [(_clipped(rectangle, pixels), score) for rectangle, score in self._rectangles(pixels, threshold)]

    def _rectangles(self, pixels: npt.NDArray[np.uint8], threshold: float) -> list[tuple[Any, float]]:
        upsample = 1 if pixels.shape[0] * pixels.shape[1] <= UPSAMPLED_UP_TO else 0
        with self._lock:
            rectangles, scores, _detector = self._detector.run(np.ascontiguousarray(pixels), upsample, threshold)
        return [(rectangle, float(score)) for rectangle, score in zip(rectangles, scores, strict=True)]

    def faces(self, pixels: npt.NDArray[np.uint8]) -> list[DetectedFace]:
        """Every face found, encoded once without jitter, as `face_recognition` does by default."""
        pixels = np.ascontiguousarray(pixels)
        found = self._rectangles(pixels, 0.0)
        if not found:
            return []
        with self._lock:
            shapes = dlib.full_object_detections()
            for rectangle, _score in found:
                shapes.append(self._landmarks(pixels, rectangle))
        return [
            DetectedFace(_clipped(rectangle, pixels), template, score)
            for (rectangle, score), template in zip(found, self._templates(pixels, shapes), strict=True)
        ]

    def five_points(self, pixels: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.float64]:
        """Of dlib's 68 landmarks: the middles of the eyes (36 to 41, 42 to 47), 30, 48 and 54."""
        rectangle = dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1)
        with self._lock:
            shape = self._landmarks(np.ascontiguousarray(pixels), rectangle)
        points = np.array([[point.x, point.y] for point in shape.parts()], dtype=np.float64)
        return np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]])

    def _templates(self, pixels: npt.NDArray[np.uint8], shapes: Any) -> npt.NDArray[np.float32]:
        """float32 (faces, 128), one row for each of the landmarks in `shapes` (dlib.full_object_detections)."""
        with self._lock:
            return np.asarray(self._encoder.compute_face_descriptor(pixels, shapes), dtype=np.float32)


def _clipped(rectangle: Any, pixels: npt.NDArray[np.uint8]) -> Box:
    """dlib's rectangle (edges included, may reach outside) as a box inside the picture, at least one pixel large."""
    height, width = pixels.shape[:2]
    left, top = min(max(0, rectangle.left()), width - 1), min(max(0, rectangle.top()), height - 1)
    right, bottom = min(width, rectangle.right() + 1), min(height, rectangle.bottom() + 1)
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))
