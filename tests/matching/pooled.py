"""What other processes of an import do in tests: it has to be importable there, so no test can define it."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from matching.engine import DetectedFace, Detector
from tests.fakes import PaintedEngine

DARK = 10
"""Mean below which a picture is deadly."""


def die() -> None:
    """As a fault in a decoder, or the kernel when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def double(number: int, deadly: str = "", once: str = "") -> int:
    """Twice the number. Dies of it if it is named as deadly, or the first time if `once` is a path to remember by."""
    if deadly:
        die()
    if once and not Path(once).exists():
        Path(once).touch()
        die()
    return 2 * number


def fail() -> None:
    raise OSError("A storage went away.")


def ready() -> None:
    """All is well."""


def threads() -> tuple[str | None, str | None, int]:
    """How many threads numpy's library, dlib and ONNX Runtime may use here."""
    from django.conf import settings

    return os.environ.get("OPENBLAS_NUM_THREADS"), os.environ.get("OMP_NUM_THREADS"), settings.ENCODER_THREADS


class DeadlyEngine(PaintedEngine):
    """Dies of dark pictures."""

    def faces(self, pixels: np.ndarray, *, detector: Detector = Detector.DEFAULT) -> list[DetectedFace]:
        if pixels.mean() < DARK:
            die()
        return super().faces(pixels, detector=detector)


class SlowEngine(PaintedEngine):
    """Slow enough to be killed at its work."""

    def faces(self, pixels: np.ndarray, *, detector: Detector = Detector.DEFAULT) -> list[DetectedFace]:
        time.sleep(0.1)
        return super().faces(pixels, detector=detector)
