"""The engine of an installation that chose none: dlib, with its network in ONNX Runtime where the two agree."""

import logging
from importlib import import_module

from matching.engines.dlib import DlibEngine

logger = logging.getLogger(__name__)


def engine() -> DlibEngine:
    """`OnnxEngine`, which falls back to dlib by itself; dlib alone where ONNX Runtime cannot even be loaded."""
    try:
        module = import_module("matching.engines.onnx")
    except ImportError as problem:
        logger.warning("Faces are encoded by dlib, slowly. ONNX Runtime is not used: %s.", problem)
        return DlibEngine()
    chosen: DlibEngine = module.OnnxEngine()
    return chosen
