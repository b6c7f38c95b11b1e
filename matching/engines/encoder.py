"""Encoding a probe with the controller's own model, as its template space declares it.

The file is read once, compared with its declared SHA-256, and run from memory: what was checked is what runs, and a
model cannot load further files.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import onnxruntime
from django.conf import settings
from onnxruntime.capi import onnxruntime_pybind11_state as errors
from PIL import Image

from matching.engine import Box, Template

Pixels = npt.NDArray[np.uint8]

FIVE_POINTS: Final = np.array(
    [38.2946 + 51.6963j, 73.5318 + 51.5014j, 56.0252 + 71.7366j, 41.5493 + 92.3655j, 70.7299 + 92.2041j]
)
"""Where eyes, nose and corners of the mouth lie in a chip of 112 pixels, as complex numbers: x + y·j, pixel centres
whole. The usual one of ArcFace: `arcface_dst` in `insightface/utils/face_align.py` (MIT)."""
CHIP: Final = 112
UNUSABLE: Final = (
    ValueError,
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
    errors.RuntimeException,
)
"""What ONNX Runtime raises on a model that is none, or does not take what it is given."""


class ModelUnusable(Exception):  # noqa: N818 - a state
    """The model cannot encode.

    Attributes:
        code: model_missing, model_altered (another SHA-256 than declared) or model_unusable (it does not run, or does
            not give what was declared).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class ProbeModel:
    """An ONNX model with one input and one output, and what it expects.

    Attributes:
        dimension: numbers it gives for a face.
        size: side of its square input, in pixels.
        layout: of the input: channels before rows and columns, or after them.
        mean, std: what is subtracted from the values 0 to 255 of each channel, and what they are then divided by.
        alignment: five landmarks moved to where ArcFace expects them, or the detected box.
        margin: of a crop, on each side, as a share of the box.
    """

    path: str
    sha256: str
    dimension: int
    size: int
    layout: Literal["nchw", "nhwc"]
    colours: Literal["rgb", "bgr", "grey"]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    alignment: Literal["five_points", "crop"]
    margin: float = 0.0

    @property
    def channels(self) -> int:
        """Of the input."""
        return 1 if self.colours == "grey" else 3


class Encoder:
    """A loaded model. Safe to share between threads."""

    def __init__(self, model: ProbeModel, data: bytes) -> None:
        """Load and try it. Raises: ModelUnusable."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.ENCODER_THREADS
        options.log_severity_level = 4  # What is wrong is raised; its own lines may quote the file.
        self.model = model
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except UNUSABLE as error:
            raise ModelUnusable("model_unusable") from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)":
            raise ModelUnusable("model_unusable")
        self._input, self._output = inputs[0].name, outputs[0].name
        noise = np.random.default_rng(112).integers(0, 256, (model.size, model.size, 3), dtype=np.uint8)
        self.encode(Image.fromarray(noise))

    def encode(self, chip: Image.Image) -> Template:
        """The template of a chip (RGB, of the model's size), float32 (dimension,). Raises: ModelUnusable."""
        model = self.model
        values: npt.NDArray[Any] = np.asarray(chip.convert("L") if model.colours == "grey" else chip)
        values = values.reshape(model.size, model.size, model.channels)
        if model.colours == "bgr":
            values = values[:, :, ::-1]
        values = (values - np.array(model.mean, np.float32)) / np.array(model.std, np.float32)
        if model.layout == "nchw":
            values = values.transpose(2, 0, 1)
        try:
            result = self._session.run([self._output], {self._input: np.ascontiguousarray(values[None])})[0]
        except UNUSABLE as error:
            raise ModelUnusable("model_unusable") from error
        template: Template = np.asarray(result, dtype=np.float32).reshape(-1)
        if template.shape != (model.dimension,) or not np.isfinite(template).all():
            raise ModelUnusable("model_unusable")
        return template


def load(model: ProbeModel) -> Encoder:
    """The model, ready; kept in memory until its file changes. Raises: ModelUnusable."""
    try:
        about = Path(model.path).stat()
    except OSError as error:
        raise ModelUnusable("model_missing") from error
    return _loaded(model, (about.st_mtime_ns, about.st_size, about.st_ino))


@lru_cache(maxsize=8)
def _loaded(model: ProbeModel, _stamp: tuple[int, int, int]) -> Encoder:
    try:
        data = Path(model.path).read_bytes()
    except OSError as error:
        raise ModelUnusable("model_missing") from error
    if hashlib.sha256(data).hexdigest() != model.sha256:
        raise ModelUnusable("model_altered")
    return Encoder(model, data)


# --- chips ------------------------------------------------------------------------------------------------------------


def cropped(pixels: Pixels, box: Box, *, size: int, margin: float) -> Image.Image:
    """The box with its margin, resized to a square; what lies outside the picture is black."""
    wide, high = (box.right - box.left) * margin, (box.bottom - box.top) * margin
    area = (round(box.left - wide), round(box.top - high), round(box.right + wide), round(box.bottom + high))
    return Image.fromarray(pixels).crop(area).resize((size, size), Image.Resampling.BILINEAR)


def aligned(pixels: Pixels, points: npt.NDArray[np.float64], *, size: int) -> Image.Image:
    """The face turned, scaled and moved so that its landmarks come nearest to ArcFace's; outside is black.

    The similarity with the least sum of squares (Umeyama 1991, without reflection): as complex numbers, w = a z + b
    with a = Σ conj(z - mean z)(w - mean w) / Σ |z - mean z|².

    Args:
        points: (5, 2), x and y of the eyes, nose tip and corners of the mouth, those on the left of the picture first.

    Raises:
        ModelUnusable: the points are all the same one.
    """
    here, there = points[:, 0] + 1j * points[:, 1], FIVE_POINTS * (size / CHIP)
    away = here - here.mean()
    spread = float((np.abs(away) ** 2).sum())
    turn = (np.conj(away) * (there - there.mean())).sum() / spread if spread else 0
    if not abs(turn):
        raise ModelUnusable("model_unusable")
    back, shift = 1 / turn, here.mean() - there.mean() / turn
    shift += 0.5 + 0.5j - (0.5 + 0.5j) * back  # Pillow counts from the edges of pixels, landmarks from their centres.
    matrix = (back.real, -back.imag, shift.real, back.imag, back.real, shift.imag)
    return Image.fromarray(pixels).transform(
        (size, size), Image.Transform.AFFINE, matrix, resample=Image.Resampling.BILINEAR
    )
