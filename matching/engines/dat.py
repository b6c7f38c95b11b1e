"""Reading the weights of dlib's face network from its own file format.

Sources: dlib/serialize.h (numbers), dlib/dnn/tensor.h (tensors), dlib/dnn/core.h and layers.h (layers), and
examples/dnn_face_recognition_ex.cpp (the network). dlib writes a network from the outside in: first the loss, then
one version number for each layer down to the input, then each layer's own data on the way back up. So the file reads
as a list of layers from the input to the output; where a layer takes its inputs from, which dlib keeps in C++ types,
is not in it.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float32]

LOSS: Final = "loss_metric_2"
LOSS_VERSION, PLAIN, LAYER, LOWEST_LAYER = 1, 1, 2, 3
"""Versions of the loss, of a tag or skip (which have no data), of a layer, and of the one above the input."""
TENSOR_VERSION, ALIAS_VERSION = 2, 1
DEEPEST: Final = 1000
"""Layers after which a file is taken for damaged; the face network has 130 with its tags and skips."""
LARGEST: Final = 1 << 28
"""Numbers after which a tensor is taken for damaged."""


class WeightsDamaged(ValueError):  # noqa: N818 - what it says
    """The file is cut short, damaged, or of another network or version of dlib. The message names the byte."""


class Layer(NamedTuple):
    """One layer. What its kind does not have is empty.

    Attributes:
        kind: con, affine, relu, max_pool, avg_pool, add_prev or fc.
        window: rows and columns of a filter or pool; (0, 0) for a pool over everything.
        stride: rows and columns.
        padding: rows and columns on either side.
        weights: con: (filters, channels, rows, columns); affine: (channels,), the factor; fc: (inputs, outputs).
        bias: con: (filters,); affine: (channels,), the summand.
    """

    kind: str
    window: tuple[int, int] = (0, 0)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    weights: Weights = np.empty(0, np.float32)
    bias: Weights = np.empty(0, np.float32)


class Network(NamedTuple):
    """A network as it was saved.

    Attributes:
        side: pixels of its square input.
        mean: subtracted from red, green and blue of 0 to 255, before a division by 256.
        layers: from the input to the output.
    """

    side: int
    mean: tuple[float, float, float]
    layers: tuple[Layer, ...]


def read(path: Path) -> Network:
    """The network in a file. Raises: WeightsDamaged; OSError."""
    return parse(path.read_bytes())


def parse(data: bytes | bytearray) -> Network:
    """The network in the bytes of a file. Raises: WeightsDamaged."""
    return _Reader(data).network()


class _Reader:
    """A cursor over the bytes of a file. Every method raises WeightsDamaged where the bytes are not as expected."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = data
        self._at = 0
        self._kinds: dict[str, Callable[[], Layer]] = {
            "con_4": self._con,
            "affine_": self._affine,
            "relu_": lambda: Layer("relu"),
            "max_pool_2": lambda: self._pool("max_pool"),
            "avg_pool_2": lambda: self._pool("avg_pool"),
            "add_prev_": lambda: Layer("add_prev"),
            "fc_2": self._fc,
        }

    # --- numbers ------------------------------------------------------------------------------------------------------

    def _damaged(self, what: str) -> WeightsDamaged:
        return WeightsDamaged(f"{what}, at byte {self._at} of {len(self._data)}")

    def _take(self, count: int) -> bytes | bytearray:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise self._damaged(f"the file ends where {count} more bytes should be")
        self._at += count
        return taken

    def _int(self) -> int:
        """A control byte (sign and count of bytes), then the magnitude, little-endian."""
        control = self._take(1)[0]
        count = control & 0x0F
        if control & 0x70 or not 1 <= count <= 8:
            raise self._damaged(f"{control:#04x} begins no number")
        magnitude = int.from_bytes(self._take(count), "little")
        return -magnitude if control & 0x80 else magnitude

    def _float(self) -> float:
        """A mantissa and an exponent of two; dlib marks infinities and NaN by exponents of 32000 and more."""
        mantissa, exponent = self._int(), self._int()
        if abs(exponent) > 2000:
            raise self._damaged("a number is not finite")
        return math.ldexp(mantissa, exponent)

    def _count(self, most: int = LARGEST) -> int:
        value = self._int()
        if not 0 <= value <= most:
            raise self._damaged(f"{value} is not a size")
        return value

    def _pair(self) -> tuple[int, int]:
        return self._count(), self._count()

    def _text(self) -> str:
        return self._take(self._count(64)).decode("ascii", "replace")

    def _flag(self) -> None:
        if self._take(1) not in (b"0", b"1"):
            raise self._damaged("a truth value is neither 0 nor 1")

    def _expect(self, wanted: int, what: str) -> None:
        found = self._int()
        if found != wanted:
            raise self._damaged(f"{what} is {found} instead of {wanted}")

    # --- tensors ------------------------------------------------------------------------------------------------------

    def _shape(self) -> tuple[int, int, int, int]:
        shape = (self._count(), self._count(), self._count(), self._count())
        if math.prod(shape) > LARGEST:
            raise self._damaged(f"{shape} is not the shape of a tensor")
        return shape

    def _tensor(self) -> Weights:
        """float32 (samples, channels, rows, columns); little-endian in the file."""
        self._expect(TENSOR_VERSION, "the version of a tensor")
        shape = self._shape()
        values = np.frombuffer(self._take(4 * math.prod(shape)), "<f4").reshape(shape)
        if not np.isfinite(values).all():
            raise self._damaged("a weight is not finite")
        return values.astype(np.float32)

    def _alias(self) -> tuple[int, int, int, int]:
        self._expect(ALIAS_VERSION, "the version of an alias")
        return self._shape()

    def _parts(self, values: Weights, *shapes: tuple[int, ...]) -> list[Weights]:
        """A layer keeps all its weights in one tensor, one part behind the other."""
        sizes = [math.prod(shape) for shape in shapes]
        if sum(sizes) != values.size:
            raise self._damaged(f"{values.size} weights are not enough or too many for {shapes}")
        pieces = np.split(values.ravel(), np.cumsum(sizes)[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]

    # --- layers -------------------------------------------------------------------------------------------------------

    def network(self) -> Network:
        """The whole file."""
        self._expect(LOSS_VERSION, "the version of the loss")
        self._name(LOSS)
        self._float(), self._float()  # margin and threshold, for training
        layers = self._depth()
        self._name("input_rgb_image_sized")
        mean = (self._float(), self._float(), self._float())
        side, other = self._pair()
        if not side == other > 0:
            raise self._damaged(f"the input is {side} x {other} instead of a square")
        network = Network(side, mean, tuple(self._layer(lowest=number == 0) for number in range(layers)))
        if self._at != len(self._data):
            raise self._damaged("the network ends before the file does")
        return network

    def _name(self, wanted: str) -> None:
        found = self._text()
        if found != wanted:
            raise self._damaged(f"{found!r} stands where {wanted!r} should")

    def _depth(self) -> int:
        """How many layers with data there are, from the version numbers that lead down to the input."""
        layers = 0
        for _depth in range(DEEPEST):
            version = self._int()
            if version not in (PLAIN, LAYER, LOWEST_LAYER):
                raise self._damaged(f"{version} is not the version of a layer")
            layers += version != PLAIN
            if version == LOWEST_LAYER:
                return layers
        raise self._damaged("the layers never end")

    def _layer(self, *, lowest: bool) -> Layer:
        name = self._text()
        if name not in self._kinds:
            raise self._damaged(f"{name!r} is not a layer of the face network")
        layer = self._kinds[name]()
        for _flag in range(3):
            self._flag()
        for _leftover_of_training in range(3):
            self._tensor()
        if lowest:
            self._expect(1, "the sample expansion")
        return layer

    def _con(self) -> Layer:
        values = self._tensor()
        filters, window, stride, padding = self._count(), self._pair(), self._pair(), self._pair()
        shape, _bias_shape = self._alias(), self._alias()
        if (shape[0], shape[2:]) != (filters, window) or min(*stride, *window) < 1:
            raise self._damaged(f"a convolution of {filters} filters of {window} has weights of {shape}")
        self._multipliers()
        weights, bias = self._parts(values, shape, (filters,))
        return Layer("con", window, stride, padding, weights, bias)

    def _affine(self) -> Layer:
        values = self._tensor()
        gamma, beta = self._alias(), self._alias()
        self._expect(0, "the mode of an affine layer")  # one factor for each channel, as after a convolution
        weights, bias = self._parts(values, (gamma[1],), (beta[1],))
        return Layer("affine", weights=weights, bias=bias)

    def _pool(self, kind: str) -> Layer:
        layer = Layer(kind, self._pair(), self._pair(), self._pair())
        if min(layer.stride) < 1:
            raise self._damaged(f"a pool has strides of {layer.stride}")
        return layer

    def _fc(self) -> Layer:
        outputs, inputs = self._pair()
        values = self._tensor()
        self._alias(), self._alias()
        self._expect(1, "the bias mode of a fully connected layer")  # without bias
        self._multipliers()
        return Layer("fc", weights=self._parts(values, (inputs, outputs))[0])

    def _multipliers(self) -> None:
        """Learning rate and weight decay, of weights and bias."""
        for _multiplier in range(4):
            self._float()
