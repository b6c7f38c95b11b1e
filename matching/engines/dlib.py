"""dlib: HOG detector and, if asked, the CNN detector as well; 68 landmarks, ResNet templates of 128 floats.

The model files come with the package `face_recognition_models`, which is found but never imported: importing it needs
`pkg_resources` and loads nothing of use here.
"""

import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import dlib
import numpy as np
import numpy.typing as npt
from PIL import Image

from matching.engine import Box, DetectedFace, Detector, overlap

Pixels = npt.NDArray[np.uint8]

UPSAMPLED_UP_TO: Final = 2400 * 2400
"""Pixels. dlib's detector sees faces from 80 pixels on; doubling the picture brings that to 40, at four times the
work and memory. Pictures larger than this are not doubled: the detector's pyramid of a doubled 24-megapixel
picture takes over a gigabyte."""

CNN: Final = "mmod_human_face_detector.dat"
CNN_PIXELS: Final = 1_000_000
"""Pixels that the CNN detector sees: larger pictures are reduced, smaller ones enlarged, at most to twice their sides.
It sees faces from 80 pixels on there, and takes 7 seconds and 0.95 GB for each megapixel on one core. Half a megapixel
lost profiles in the demonstration's sheets; two found no more than one (docs/detection.md)."""
SAME: Final = 0.5
"""Share of the smaller box from which two detectors mean one face."""

ANGLES: Final = (0, 30, -30, 60, -60, 90, -90, 120, -120, 150, -150, 180)
"""Degrees by which a face that stands in no upright position is turned to look for one."""
FACE_SIDE: Final = 150
ROOM: Final = 2.0
OFF_MIDDLE: Final = 0.35
"""It is looked at with a side of so many pixels, in a square so much larger, and may lie so far from its middle."""
LEAST_UPRIGHT: Final = -0.5
"""HOG score from which a position counts: lower than for a detection, for here somebody says that there is a face."""

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
    def _cnn(self) -> Any:
        return dlib.cnn_face_detection_model_v1(model(CNN))

    @cached_property
    def _landmarks(self) -> Any:
        return dlib.shape_predictor(model("shape_predictor_68_face_landmarks.dat"))

    @cached_property
    def _encoder(self) -> Any:
        return dlib.face_recognition_model_v1(model(ENCODER))

    @property
    def runtime(self) -> str:
        """dlib itself."""
        return f"dlib {dlib.__version__}"

    def prepare(self) -> None:
        """Load every model now. Raises: ModelsMissing."""
        with self._lock:
            _loaded = self._detector, self._landmarks, self._encoder

    def detect(
        self, pixels: Pixels, *, threshold: float = 0.0, detector: Detector = Detector.DEFAULT
    ) -> list[tuple[Box, float]]:
        """Boxes clipped to the picture, with dlib's own score (0 is the customary threshold; lower is doubtful).

        The CNN detector, which `thorough` adds, always has a threshold of 0.
        """
        found = self._by_hog(pixels, threshold)
        if detector == Detector.THOROUGH:
            found += self._beside(found, pixels)
        return [(_clipped(rectangle, pixels), score) for rectangle, score in found]

    def _beside(self, found: Sequence[tuple[Any, float]], pixels: Pixels) -> list[tuple[Any, float]]:
        """What the CNN detector finds besides. Where both see a face, the box and the template stay the HOG
        detector's: `thorough` loses nothing and moves nothing."""
        boxes = [_clipped(rectangle, pixels) for rectangle, _score in found]
        return [
            (rectangle, score)
            for rectangle, score in self._by_cnn(pixels)
            if all(overlap(_clipped(rectangle, pixels), box) < SAME for box in boxes)
        ]

    def _by_cnn(self, pixels: Pixels) -> list[tuple[Any, float]]:
        height, width = pixels.shape[:2]
        scale = min(2.0, (CNN_PIXELS / (height * width)) ** 0.5)
        size = (max(1, round(scale * width)), max(1, round(scale * height)))
        seen = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
        with self._lock:
            return [
                (
                    dlib.rectangle(
                        round(found.rect.left() / scale),
                        round(found.rect.top() / scale),
                        round(found.rect.right() / scale),
                        round(found.rect.bottom() / scale),
                    ),
                    float(found.confidence),
                )
                for found in self._cnn(seen, 0)
            ]

    def _by_hog(self, pixels: Pixels, threshold: float, upsample: int | None = None) -> list[tuple[Any, float]]:
        if upsample is None:
            upsample = 1 if pixels.shape[0] * pixels.shape[1] <= UPSAMPLED_UP_TO else 0
        with self._lock:
            rectangles, scores, _detector = self._detector.run(np.ascontiguousarray(pixels), upsample, threshold)
        return [(rectangle, float(score)) for rectangle, score in zip(rectangles, scores, strict=True)]

    def faces(self, pixels: Pixels, *, detector: Detector = Detector.DEFAULT) -> list[DetectedFace]:
        """Every face found, encoded once without jitter, as `face_recognition` does by default."""
        pixels = np.ascontiguousarray(pixels)
        found = self._by_hog(pixels, 0.0)
        templates = self._encoded(pixels, [rectangle for rectangle, _score in found])
        faces = [
            DetectedFace(_clipped(rectangle, pixels), template, score)
            for (rectangle, score), template in zip(found, templates, strict=True)
        ]
        if detector == Detector.THOROUGH:
            turned = [(_clipped(rectangle, pixels), score) for rectangle, score in self._beside(found, pixels)]
            templates = self.encode(pixels, [box for box, _score in turned])
            faces += [
                DetectedFace(box, template, score) for (box, score), template in zip(turned, templates, strict=True)
            ]
        return faces

    def encode(self, pixels: Pixels, boxes: Sequence[Box]) -> npt.NDArray[np.float32]:
        """float32 (boxes, 128). Each box is looked at in turned positions too: the landmarks are those of upright
        faces. Where no position shows one, they are put into the box as it is."""
        pixels = np.ascontiguousarray(pixels)
        rows = [self._encoded(*self._upright(pixels, box)) for box in boxes]
        return np.concatenate([np.empty((0, self.dimension), np.float32), *rows])

    def landmarks(self, pixels: Pixels, box: Box) -> npt.NDArray[np.float64]:
        """(68, 2): where dlib's predictor sees the points of a face in a box. It always sees some."""
        rectangle = dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1)
        with self._lock:
            shape = self._landmarks(np.ascontiguousarray(pixels), rectangle)
        return np.array([[point.x, point.y] for point in shape.parts()], dtype=np.float64)

    def five_points(self, pixels: Pixels, box: Box) -> npt.NDArray[np.float64]:
        """Of dlib's 68 landmarks: the middles of the eyes (36 to 41, 42 to 47), 30, 48 and 54."""
        points = self.landmarks(pixels, box)
        return np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]])

    def _upright(self, pixels: Pixels, box: Box) -> tuple[Pixels, list[Any]]:
        """Pixels in which the face of a box stands upright, and the one rectangle around it."""
        middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
        side = max(box.right - box.left, box.bottom - box.top)
        half = ROOM * side / 2
        size = round(ROOM * FACE_SIDE)
        area = (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
        cut = Image.fromarray(pixels).transform((size, size), Image.Transform.EXTENT, area, Image.Resampling.BICUBIC)
        best, score = None, LEAST_UPRIGHT
        for angle in ANGLES:
            turned = np.asarray(cut.rotate(angle, Image.Resampling.BICUBIC))
            for rectangle, confidence in self._by_hog(turned, LEAST_UPRIGHT, upsample=0):
                off = rectangle.center() - dlib.point(size // 2, size // 2)
                if confidence > score and max(abs(off.x), abs(off.y)) < OFF_MIDDLE * FACE_SIDE:
                    best, score = (turned, [rectangle]), confidence
        if best is None:
            return pixels, [dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1)]
        return best

    def _encoded(self, pixels: Pixels, rectangles: Sequence[Any]) -> npt.NDArray[np.float32]:
        if not rectangles:
            return np.empty((0, self.dimension), np.float32)
        with self._lock:
            shapes = dlib.full_object_detections()
            for rectangle in rectangles:
                shapes.append(self._landmarks(pixels, rectangle))
        return self._templates(pixels, shapes)

    def _templates(self, pixels: Pixels, shapes: Any) -> npt.NDArray[np.float32]:
        """float32 (faces, 128), one row for each of the landmarks in `shapes` (dlib.full_object_detections).

        Each face is cut out alone, as `face_recognition` does. Where dlib cuts out several at once, it reduces the part
        of the picture that holds them all, and templates depend on who else is in it, by up to 0.007.
        """
        with self._lock:
            rows = [self._encoder.compute_face_descriptor(pixels, shape) for shape in shapes]
        return np.asarray(rows, dtype=np.float32)


def _clipped(rectangle: Any, pixels: Pixels) -> Box:
    """dlib's rectangle (edges included, may reach outside) as a box inside the picture, at least one pixel large."""
    height, width = pixels.shape[:2]
    left, top = min(max(0, rectangle.left()), width - 1), min(max(0, rectangle.top()), height - 1)
    right, bottom = min(width, rectangle.right() + 1), min(height, rectangle.bottom() + 1)
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))
