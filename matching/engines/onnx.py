"""dlib's face network in ONNX Runtime: the same weights, the same templates, many times faster.

Detector, landmarks and the cutting out of faces stay dlib's. Its weights are converted once and kept under
`settings.MODELS_DIR`; they are used only where a check, each time they are loaded, finds the same templates as dlib's.
"""

import hashlib
import logging
import os
import tempfile
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import dlib
import numpy as np
import numpy.typing as npt
import onnxruntime
from django.conf import settings
from onnxruntime.capi import onnxruntime_pybind11_state as errors
from PIL import Image

from matching.engines import dat, graph
from matching.engines.dlib import ENCODER, DlibEngine, model

Chips = npt.NDArray[np.uint8]
"""Shape (n, 150, 150, 3), RGB: faces, upright and cut out as dlib does it."""

SIDE: Final = 150
PADDING: Final = 0.25
"""Of a face, on each side, as a share of it: dlib's default, and that of the pictures the network learned from."""
BATCH: Final = 16
"""Chips at a time: more is no faster, and the memory of a batch grows with it."""
AGREEMENT: Final = 1e-4
"""How far any number of a template may be from dlib's. A distance between templates is then off by 0.0023 at most;
the bands are told apart by 0.15."""
PORTRAITS: Final = 3
FACE: Final = (0.2, 0.15, 0.8, 0.75)
"""Where the face is in a portrait of `openpeople`: left, top, right, bottom as shares of it."""

UNUSABLE: Final = (
    OSError,
    dat.WeightsDamaged,
    graph.NotTheFaceNetwork,
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NoSuchFile,
    errors.NotImplemented,
    errors.RuntimeException,
)
"""Why there may be no converted network. ONNX Runtime's errors have no common ancestor but Exception."""

RUNTIME: Final = f"ONNX Runtime {onnxruntime.__version__}"

logger = logging.getLogger(__name__)


class Disagreement(ValueError):  # noqa: N818 - what it says
    """The converted network gives other templates than dlib."""


class OnnxEngine(DlibEngine):
    """dlib with its last step done by ONNX Runtime, or by dlib where that cannot be trusted.

    It goes by dlib's name: what is compared is templates, the name says which of them may be, and the check at load has
    shown that these are dlib's. With a name of its own, every face would have to be encoded anew when the engine
    changes or falls back, and until then no search would be complete.
    """

    def __init__(self, threads: int | None = None) -> None:
        """`threads`: of each call; `settings.ENCODER_THREADS` if none are given."""
        super().__init__()
        self._threads = settings.ENCODER_THREADS if threads is None else threads

    @cached_property
    def _network(self) -> onnxruntime.InferenceSession | None:
        """The converted network; None where dlib encodes. A copy that failed is removed, so the next start makes it
        again. Call it under the lock: the check uses dlib."""
        path: Path | None = None
        try:
            path = converted(Path(model(ENCODER)), settings.MODELS_DIR)
            network = load(path, self._threads)
            difference = check(network, self._encoder)
        except (*UNUSABLE, Disagreement) as problem:
            logger.warning("Faces are encoded by dlib, slowly. ONNX Runtime is not used: %s.", problem)
            if path is not None:
                with suppress(OSError):  # A folder that cannot be written is no reason to stop either.
                    path.unlink()
            return None
        logger.info(
            "Faces are encoded by %s: what it makes of known faces differs from what dlib makes by %.1g at most.",
            RUNTIME,
            difference,
        )
        return network

    @property
    def runtime(self) -> str:
        """ONNX Runtime, or dlib where that one encodes."""
        with self._lock:
            network = self._network
        return super().runtime if network is None else RUNTIME

    def prepare(self) -> None:
        """Load every model now, and check the converted network. Raises: ModelsMissing."""
        super().prepare()
        with self._lock:
            _loaded = self._network

    def _templates(self, pixels: npt.NDArray[np.uint8], shapes: Any) -> npt.NDArray[np.float32]:
        with self._lock:
            network = self._network
        if network is None:
            return super()._templates(pixels, shapes)
        chips = [dlib.get_face_chip(pixels, shape, size=SIDE, padding=PADDING) for shape in shapes]
        return encode(network, np.stack(chips))


# --- the converted network --------------------------------------------------------------------------------------------


def converted(weights: Path, folder: Path) -> Path:
    """The ONNX file of dlib's weights in `folder`, made if it is not there.

    Its name holds a checksum of the weights and the version of the graph, so that neither is ever served from an
    older file, and a checksum of itself: one that was damaged is made again. Two processes may make it at once: the
    later one replaces the earlier one's by the same.

    Raises:
        matching.engines.dat.WeightsDamaged: the weights cannot be read.
        matching.engines.graph.NotTheFaceNetwork: they are of another network.
        OSError: a file cannot be read or written.
    """
    stem = f"{weights.stem}-{_checksum(weights.read_bytes())}-{graph.VERSION}"
    for kept in sorted(folder.glob(f"{stem}-*.onnx")):
        if _intact(kept):
            return kept
        logger.warning("The converted network is damaged; it is made again.")
        kept.unlink(missing_ok=True)
    data = graph.build(dat.read(weights)).SerializeToString()
    target = folder / f"{stem}-{_checksum(data)}.onnx"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=folder, suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(partial).replace(target)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
    return target


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _intact(path: Path) -> bool:
    """Whether a converted network is what its name says."""
    try:
        return path.stem.rpartition("-")[2] == _checksum(path.read_bytes())
    except FileNotFoundError:  # Another process found it damaged first.
        return False


def load(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A session on `threads` threads. Safe to share between threads. Raises: what UNUSABLE lists."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1  # The network is one line of layers.
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def encode(network: onnxruntime.InferenceSession, chips: Chips) -> npt.NDArray[np.float32]:
    """The templates of chips, float32 (n, 128)."""
    batches = [chips[start : start + BATCH] for start in range(0, len(chips), BATCH)]
    return np.concatenate([network.run([graph.TEMPLATES], {graph.CHIPS: batch})[0] for batch in batches])


# --- the check --------------------------------------------------------------------------------------------------------


def check(network: onnxruntime.InferenceSession, encoder: Any) -> float:
    """The largest difference to dlib's encoder (`dlib.face_recognition_model_v1`) on the known chips.

    Raises:
        Disagreement: it is above AGREEMENT, or not a number.
    """
    chips = known_chips()
    reference = np.asarray(encoder.compute_face_descriptor(list(chips)), dtype=np.float32)
    difference = float(np.abs(encode(network, chips) - reference).max())
    if not difference <= AGREEMENT:
        raise Disagreement(f"its templates differ from dlib's by {difference:.2g}, and {AGREEMENT:g} is allowed")
    return difference


def known_chips() -> Chips:
    """Noise, waves and a plain grey, always the same, and portraits of people who do not exist where installed."""
    noise = np.random.default_rng(150).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    waves = [np.sin(np.pi * (number * down + across**number)) for number in (1, 2, 3)]
    smooth = np.rint(127.5 + 127.5 * np.stack(waves, axis=-1)).astype(np.uint8)
    return np.stack([noise, smooth, np.full_like(noise, 128), *_portraits()])


def _portraits() -> list[npt.NDArray[np.uint8]]:
    """Faces cut from the first portraits of `openpeople`. dlib need not find them: both encoders get the same."""
    if find_spec("openpeople") is None:
        return []
    curated = import_module("openpeople.curated")
    return [cut(person.asset_path("studio_portrait")) for person in list(curated.list())[:PORTRAITS]]


def cut(portrait: Path, *, inset: float = 0.0) -> npt.NDArray[np.uint8]:
    """The face in a portrait of `openpeople`, uint8 (150, 150, 3); `inset` makes it larger, as a share of the side."""
    left, top, right, bottom = FACE
    with Image.open(portrait) as image:
        wide, high = image.size
        box = ((left + inset) * wide, (top + inset) * high, (right - inset) * wide, (bottom - inset) * high)
        return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX, box=box))
