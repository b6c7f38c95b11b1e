"""Engines of other processes of an import: they have to be importable there, so no test can define them."""

import time

import numpy as np

from matching.engine import DetectedFace, Detector
from tests.fakes import PaintedEngine
from tests.matching.pooled import die

DARK = 10
"""Mean below which a picture is deadly."""


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
