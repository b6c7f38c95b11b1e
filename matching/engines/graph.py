"""dlib's face network as an ONNX graph.

The file of weights lists the layers but not their connections (matching/engines/dat.py), which are those of
`anet_type` in dlib's examples/dnn_face_recognition_ex.cpp: a stem, residual blocks, a mean over everything, and a
matrix without bias. An affine layer behind a convolution is folded into its weights, and so is the subtraction of the
mean colour: the stem's convolution is not padded, so every output sees a whole window.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from matching.engines.dat import Layer, Network

VERSION: Final = 1
"""Of what this module builds; raised when it builds something else from the same weights."""
OPSET: Final = 17
IR_VERSION: Final = 8
"""Of 2022: understood by every ONNX Runtime since 1.11."""
CHIPS, TEMPLATES = "chips", "templates"
"""Names of the input, uint8 (n, side, side, 3) RGB, and of the output, float32 (n, dimension)."""
SCALE: Final = 256.0
"""What dlib's input layer divides by."""


class NotTheFaceNetwork(ValueError):  # noqa: N818 - what it says
    """The layers are not those of dlib's face network. The message names the first that is not."""


class _Value(NamedTuple):
    """A tensor in the graph: (n, channels, rows, columns)."""

    name: str
    channels: int
    rows: int
    columns: int


def build(network: Network) -> onnx.ModelProto:
    """The graph of a network. Raises: NotTheFaceNetwork."""
    return _Builder(network).model()


class _Builder:
    """Consumes the layers one by one and emits nodes. Every method raises NotTheFaceNetwork for a wrong layer."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._next = 0
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def model(self) -> onnx.ModelProto:
        value = self._stem()
        while self._peek() == "con":
            value = self._block(value)
        dimension = self._head(value)
        side = self._network.side
        graph = helper.make_graph(
            self._nodes,
            "dlib_face_recognition_resnet_model_v1",
            [helper.make_tensor_value_info(CHIPS, TensorProto.UINT8, ["n", side, side, 3])],
            [helper.make_tensor_value_info(TEMPLATES, TensorProto.FLOAT, ["n", dimension])],
            self._constants,
        )
        model: onnx.ModelProto = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    # --- the network --------------------------------------------------------------------------------------------------

    def _stem(self) -> _Value:
        side = self._network.side
        self._node("Cast", [CHIPS], "pixels", to=TensorProto.FLOAT)
        self._node("Transpose", ["pixels"], "planes", perm=[0, 3, 1, 2])
        value = self._convolution(_Value("planes", 3, side, side), mean=self._network.mean)
        return self._pool("MaxPool", self._relu(value), self._layer("max_pool"))

    def _block(self, before: _Value) -> _Value:
        """Two convolutions beside a short cut; where the block makes the picture smaller, the short cut is pooled."""
        shrinks = self._network.layers[self._next].stride != (1, 1)
        value = self._convolution(self._relu(self._convolution(before)))
        if shrinks:
            before = self._pool("AveragePool", before, self._layer("avg_pool"))
        self._layer("add_prev")
        return self._relu(self._sum(before, value))

    def _head(self, value: _Value) -> int:
        """The templates; returns their dimension."""
        if self._layer("avg_pool").window != (0, 0):
            raise NotTheFaceNetwork("the last pool is not over everything")
        matrix = self._layer("fc").weights
        if len(matrix) != value.channels or self._next != len(self._network.layers):
            raise NotTheFaceNetwork(f"the network does not end in one matrix of {value.channels} rows")
        self._node("GlobalAveragePool", [value.name], "means")
        self._node("Flatten", ["means"], "features")
        self._node("MatMul", ["features", self._constant(matrix)], TEMPLATES)
        return int(matrix.shape[1])

    # --- layers -------------------------------------------------------------------------------------------------------

    def _peek(self) -> str:
        layers = self._network.layers
        return layers[self._next].kind if self._next < len(layers) else "the end"

    def _layer(self, kind: str) -> Layer:
        if self._peek() != kind:
            raise NotTheFaceNetwork(f"layer {self._next} is {self._peek()} instead of {kind}")
        self._next += 1
        return self._network.layers[self._next - 1]

    def _convolution(self, value: _Value, *, mean: Sequence[float] = ()) -> _Value:
        """A convolution and its affine layer in one. `mean`: the input is pixels of 0 to 255, not yet normalised."""
        layer, affine = self._layer("con"), self._layer("affine")
        filters, channels = layer.weights.shape[:2]
        if channels != value.channels or affine.weights.shape != affine.bias.shape or len(affine.bias) != filters:
            raise NotTheFaceNetwork(f"layer {self._next - 2} takes or gives another number of channels")
        weights, bias = layer.weights.astype(np.float64), layer.bias.astype(np.float64)
        if mean:
            if len(mean) != channels or layer.padding != (0, 0):
                raise NotTheFaceNetwork("the first convolution is padded or not of colours")
            weights /= SCALE
            bias -= np.einsum("fcyx,c->f", weights, np.asarray(mean))
        factor = affine.weights.astype(np.float64)
        weights, bias = weights * factor[:, None, None, None], bias * factor + affine.bias
        inputs = [value.name, self._constant(weights), self._constant(bias)]
        out = self._sized(value, layer, filters)
        self._node("Conv", inputs, out.name, **_geometry(layer))
        return out

    def _pool(self, operation: str, value: _Value, layer: Layer) -> _Value:
        if min(layer.window) < 1:
            raise NotTheFaceNetwork(f"the pool at layer {self._next - 1} has no window")
        out = self._sized(value, layer, value.channels)
        self._node(operation, [value.name], out.name, **_geometry(layer))
        return out

    def _sized(self, value: _Value, layer: Layer, channels: int) -> _Value:
        """What a window that moves over a value gives; dlib, like ONNX, drops what is left over at the edge."""
        rows, columns = (
            (size + 2 * padding - window) // stride + 1
            for size, padding, window, stride in zip(value[2:], layer.padding, layer.window, layer.stride, strict=True)
        )
        if min(rows, columns) < 1:
            raise NotTheFaceNetwork(f"nothing is left of the picture at layer {self._next - 1}")
        return _Value(f"v{len(self._nodes)}", channels, rows, columns)

    def _relu(self, value: _Value) -> _Value:
        self._layer("relu")
        out = value._replace(name=f"v{len(self._nodes)}")
        self._node("Relu", [value.name], out.name)
        return out

    def _sum(self, one: _Value, other: _Value) -> _Value:
        """dlib adds tensors of different shapes as if zeros stood behind the end of the smaller one."""
        shape = [max(sizes) for sizes in zip(one[1:], other[1:], strict=True)]
        names = [self._filled_up(value, shape) for value in (one, other)]
        out = _Value(f"v{len(self._nodes)}", *shape)
        self._node("Add", names, out.name)
        return out

    def _filled_up(self, value: _Value, shape: Sequence[int]) -> str:
        missing = [size - has for size, has in zip(shape, value[1:], strict=True)]
        if not any(missing):
            return value.name
        name = f"v{len(self._nodes)}"
        self._node("Pad", [value.name, self._constant(np.array([0] * 5 + missing, np.int64))], name)
        return name

    # --- ONNX ---------------------------------------------------------------------------------------------------------

    def _node(self, operation: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(operation, inputs, [output], **attributes))

    def _constant(self, values: npt.NDArray[np.floating] | npt.NDArray[np.int64]) -> str:
        name = f"c{len(self._constants)}"
        kept = values if values.dtype == np.int64 else values.astype(np.float32)
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(kept), name))
        return name


def _geometry(layer: Layer) -> dict[str, list[int]]:
    """The attributes of a window."""
    return {"kernel_shape": [*layer.window], "strides": [*layer.stride], "pads": [*layer.padding, *layer.padding]}
