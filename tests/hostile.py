"""Small bundles and networks, good ones and such as a stranger might send."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from PIL import Image

from whatsit.backbones import Backbone
from whatsit.bundle import Bundle
from whatsit.model import Model
from whatsit.novelty import Novelty
from whatsit.preprocess import Preprocess
from whatsit.understand.novelty import fit_novelty

SIZE = 8
LIGHT = Image.new("RGB", (20, 20), "white")
node = helper.make_node
# The mean color of the picture, and two classes distinguished by it.
GOOD = (
    node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
    node("ReduceMean", ["float"], ["features"], axes=[1, 2], keepdims=0),
    node("Gemm", ["features", "head.weight", "head.bias"], ["logits"], transB=1),
)
WEIGHT, BIAS = np.float32([[0.01, 0.01, 0], [-0.01, 0, 0]]), np.float32([0, 0])
NUMBERS = {"head.weight": WEIGHT, "head.bias": BIAS}


def novelty() -> Novelty:
    """What recognizes new pictures, fitted on twenty."""
    features = np.random.default_rng(0).gamma(1, 50, (20, 3)).astype(np.float32)
    return fit_novelty(features, np.arange(20) % 2, 2)


def network(
    *nodes: NodeProto,
    outputs: tuple[str, ...] = ("logits", "features"),
    opset: int = 17,
    **numbers: NDArray[Any],
) -> bytes:
    """A network of these operators, by default the good one."""
    graph = helper.make_graph(
        list(nodes or GOOD),
        "network",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in {**NUMBERS, **numbers}.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return made


def good(*more: NodeProto, **numbers: NDArray[Any]) -> bytes:
    """The good network, with more operators beside, whose `extra` is added to its features."""
    cast, _, head = GOOD
    mean = node("ReduceMean", ["float"], ["mean"], axes=[1, 2], keepdims=0)
    return network(cast, mean, *more, node("Add", ["mean", "extra"], ["features"]), head, **numbers)


def write(path: Path, made: bytes, **options: Any) -> Path:
    """A bundle of a network, whatever that is."""
    prepare = options.pop("preprocess", Preprocess(SIZE))
    weight = options.get("weight", WEIGHT)
    options = {"classes": ["light", "dark"], "precision": "fp32", "weight": WEIGHT, "bias": BIAS, **options}
    backbone = Backbone("hostile", weight.shape[1], prepare, made)
    model = Model(preprocess=prepare, backbone=backbone, **options)
    Bundle(model, split={}, metrics={}, versions={"whatsit": "0"}).write(path)
    return path


def with_manifest(path: Path, change: dict[str, Any] | bytes) -> Path:
    """The bundle with other values in its manifest, or another manifest."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = change
    if isinstance(text, dict):
        text = json.dumps({**json.loads(parts["manifest.json"]), **text}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**parts, "manifest.json": text}.items():
            archive.writestr(name, data)
    return path


def endless_loop() -> bytes:
    """2^62 rounds over nothing but constants, which the engine would compute before it answers."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [node("Identity", ["going"], ["goes"]), node("Add", ["x", "one"], ["y"])],
        "round",
        [
            value("number", TensorProto.INT64, []),
            value("going", TensorProto.BOOL, []),
            value("x", TensorProto.FLOAT, None),
        ],
        [value("goes", TensorProto.BOOL, []), value("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.float32(1), "one")],
    )
    return good(
        node("Loop", ["rounds", "always", "start"], ["extra"], body=body),
        rounds=np.array(2**62),
        always=np.array(True),
        start=np.array(1, np.float32),
    )


def endless_constants() -> bytes:
    """A shape that comes from 2^31 numbers, in a few hundred bytes."""
    doubled = [node("Concat", [f"c{step}", f"c{step}"], [f"c{step + 1}"], axis=0) for step in range(31)]
    return good(
        *doubled,
        node("ReduceMax", ["c31"], ["shape"], axes=[0]),
        node("Expand", ["one", "shape"], ["extra"]),
        c0=np.array([1]),
        one=np.array(1, np.float32),
    )


def large_tensor() -> bytes:
    """19 GB by the time it is averaged."""
    return good(
        node("Expand", ["one", "shape"], ["large"]),
        node("ReduceMean", ["large"], ["extra"], keepdims=0),
        one=np.array(1, np.float32),
        shape=np.array([40_000, 40_000]),
    )


def long_work() -> bytes:
    """Two products of large matrices, which depend on the picture."""
    return good(
        node("ReduceMean", ["mean"], ["one"], keepdims=0),
        node("Expand", ["one", "shape"], ["large"]),
        node("MatMul", ["large", "large"], ["product"]),
        node("MatMul", ["product", "large"], ["again"]),
        node("ReduceMean", ["again"], ["extra"], keepdims=0),
        shape=np.array([8_000, 8_000]),
    )


def size_from_the_picture() -> bytes:
    """A tensor as large as the picture is bright."""
    return good(
        node("ReduceMax", ["float"], ["brightest"], keepdims=0),
        node("Cast", ["brightest"], ["side"], to=TensorProto.INT64),
        node("Mul", ["side", "times"], ["shape"]),
        node("Expand", ["one", "shape"], ["large"]),
        node("ReduceMean", ["large"], ["extra"], keepdims=0),
        one=np.array(1, np.float32),
        times=np.array([200, 200]),
    )


def changed(made: bytes, change: Any) -> bytes:
    """A network after `change` was called on it as protobuf."""
    model = onnx.load_model_from_string(made)
    change(model)
    result: bytes = model.SerializeToString()
    return result


def checksum(data: bytes) -> str:
    """As manifests have it."""
    return hashlib.sha256(data).hexdigest()
