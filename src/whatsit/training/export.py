"""A model as it travels: backbone and head in one ONNX graph, for whatever runs ONNX."""

from dataclasses import replace

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from whatsit import trial
from whatsit.errors import BundleError, NetworkError
from whatsit.i18n import Message
from whatsit.model import Model


def served(model: Model) -> Model:
    """The same model, with its head in the graph too. Raises BundleError for a graph no bundle may hold."""
    backbone = model.backbone
    network = with_head(backbone.network, model.weight, model.bias)
    try:
        trial.require_exportable(network)
    except NetworkError as error:
        message = Message("training.not_exportable", backbone=backbone.name, reason=error)
        raise BundleError(message) from error
    trial.trust(network, model.precision)
    return replace(model, backbone=replace(backbone, network=network))


def with_head(backbone: bytes, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
    """Append an affine head, weight (classes, width) and bias (classes,), to a converted backbone.

    Outputs `logits` (n, classes) and `features`; and where the backbone gives its `feature_map`, `heat_map`
    (n, classes, h, w), the class activation map of Zhou et al. 2016, whose mean plus bias is the logits.
    """
    model = onnx.load_model_from_string(backbone)
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(weight, "head.weight"))
    graph.initializer.append(numpy_helper.from_array(bias, "head.bias"))
    graph.node.append(
        helper.make_node("Gemm", ["features", "head.weight", "head.bias"], ["logits"], transB=1)
    )
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(weight)]),
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", weight.shape[1]]),
    ]
    if any(output.name == "feature_map" for output in graph.output):
        graph.initializer.append(numpy_helper.from_array(weight[:, :, None, None], "head.kernel"))
        graph.node.append(helper.make_node("Conv", ["feature_map", "head.kernel"], ["heat_map"]))
        outputs.append(
            helper.make_tensor_value_info("heat_map", TensorProto.FLOAT, ["n", len(weight), "h", "w"])
        )
    del graph.output[:]
    graph.output.extend(outputs)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
