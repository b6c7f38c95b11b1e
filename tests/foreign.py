"""Another engine, whose templates a controller holds already: a fixed random map of a small crop of the face."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from matching import images
from matching.engine import Box
from tests.fakes import PaintedEngine

SIZE = 16
MEAN, STD = 127.5, 128.0
MARGIN = 0.1


class ForeignEngine:
    """Encodes painted people by itself, and as an ONNX model in a folder."""

    def __init__(self, folder: Path, *, dimension: int = 64, seed: int = 5) -> None:
        self.dimension, self.model = dimension, folder / "foreign.onnx"
        self.map = np.random.default_rng(seed).normal(size=(3 * SIZE * SIZE, dimension)).astype(np.float32) / 100
        self.model.write_bytes(model_of(self.map))

    def template(self, pixels: np.ndarray, box: Box) -> np.ndarray:
        """float32 (dimension,), of any length."""
        wide, high = (box.right - box.left) * MARGIN, (box.bottom - box.top) * MARGIN
        area = (round(box.left - wide), round(box.top - high), round(box.right + wide), round(box.bottom + high))
        chip = Image.fromarray(pixels).crop(area).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        values = (np.asarray(chip, np.float32)[:, :, ::-1] - MEAN) / STD
        return values.transpose(2, 0, 1).reshape(-1) @ self.map

    def of_picture(self, data: bytes) -> list[tuple[Box, np.ndarray]]:
        """Every painted face of a file, with its template."""
        pixels = images.read_picture(data, max_bytes=len(data), max_pixels=10**8).pixels
        return [(face.box, self.template(pixels, face.box)) for face in PaintedEngine().faces(pixels)]

    def declaration(self, folder: Path, **changes: object) -> Path:
        """A declaration of a cosine space for it. `changes` replace a key by its dotted name; None removes it."""
        keys: dict[str, object] = {
            "name": "foreign-1",
            "dimension": self.dimension,
            "metric": "cosine",
            "bands.match": 0.95,
            "bands.possible": 0.7,
            "bands.provenance": "Chosen by hand for painted people.",
            "model.path": self.model.name,
            "model.sha256": hashlib.sha256(self.model.read_bytes()).hexdigest(),
            "model.size": SIZE,
            "model.layout": "nchw",
            "model.colours": "bgr",
            "model.mean": [MEAN] * 3,
            "model.std": [STD] * 3,
            "model.alignment": "crop",
            "model.margin": MARGIN,
        }
        keys |= {name.replace("__", "."): value for name, value in changes.items()}
        path = folder / "space.toml"
        path.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in keys.items() if value is not None))
        return path


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def model_of(weights: np.ndarray, *, kind: int = TensorProto.FLOAT) -> bytes:
    """An ONNX model that multiplies its flattened input of 3 x 16 x 16 by `weights`, float32 (768, dimension)."""
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "weights"], ["template"]),
    ]
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("pixels", kind, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("template", TensorProto.FLOAT, [1, weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def write(path: Path, rows: Sequence[dict[str, Any]], *, kind: pa.DataType | None = None, **options: Any) -> Path:
    """A Parquet file of rows; a column that a row lacks is empty there."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = {name: _array(name, [row.get(name) for row in rows], kind) for name in names}
    pq.write_table(pa.table(arrays), path, **options)
    return path


def _array(name: str, values: list[Any], kind: pa.DataType | None) -> pa.Array:
    if name != "template":
        return pa.array(values)
    plain = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
    return pa.array(plain, kind or pa.list_(pa.float32()))


def row(path: str, box: Box | None, template: Any, **more: Any) -> dict[str, Any]:
    """One row of the file."""
    edges = dict(zip(("left", "top", "right", "bottom"), box, strict=True)) if box else {}
    return {"path": path, "template": template} | edges | more
