"""Compile and run a network on the CPU. The only module that imports openvino."""

import math
import sys
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whatsit.checks import described
from whatsit.config import Precision
from whatsit.errors import NetworkError, WhatsitError
from whatsit.i18n import Message
from whatsit.parallel import threads

_HINT = {"fp32": "f32", "bf16": "bf16"}
OUTPUTS = ("features", "feature_map", "logits")  # what answers are made of, as far as a graph has them
LARGEST_SIDE = 4096  # pixels: a network for larger pictures is somebody's trap
_first_use = threading.Lock()


@cache
def _openvino() -> Any:
    # Importing openvino sends usage statistics through this package. Without it, it stays silent.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino


def best_precision() -> Precision:
    """bf16 where the processor computes in it, otherwise fp32."""
    return "bf16" if "BF16" in _capabilities() else "fp32"


def _capabilities() -> list[str]:
    """The number formats that the processor computes in."""
    return list(_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def version() -> str:
    """The engine's version, part of every feature's key."""
    return str(_openvino().__version__).split("-")[0]


class Engine:
    """A compiled ONNX network; call it from as many threads as you like.

    `network` holds the ONNX bytes, its input uint8 (n, height, width, 3): `input_shape` is that without n,
    `outputs` the names of all its outputs, `first` what it answers to one black picture, by name. With
    `names` it gives those of the named tensors that it has, be they outputs or inside of it; otherwise all
    its outputs. Raises WhatsitError where the network can't be read, compiled or run.
    """

    def __init__(self, network: bytes, precision: Precision, names: Sequence[str] | None = None) -> None:
        if precision not in _HINT:
            raise WhatsitError(Message("network.precision", given=described(precision)))
        config = {
            "INFERENCE_PRECISION_HINT": _HINT[precision],
            "NUM_STREAMS": threads(),
            "INFERENCE_NUM_THREADS": threads(),
        }
        self._local = threading.local()
        try:
            core = _openvino().Core()
            model = core.read_model(network)
            self.outputs = {name for output in model.outputs for name in output.get_names()}
            outputs = _outputs(model, names)
            if not outputs:
                raise ValueError(f"it has none of {names}")
            chosen = _openvino().Model(list(outputs.values()), model.get_parameters(), "network")
            self._compiled = core.compile_model(chosen, "CPU", config)
            self.input_shape = _picture(self._compiled.inputs)
            self._names = list(outputs)
            # OpenVINO's Python binding deadlocks (GIL against a C++ static) when two threads use it for the
            # first time at once: the first use happens here, alone.
            with _first_use:
                self.first = self(np.zeros((1, *self.input_shape), np.uint8))
        except (RuntimeError, TypeError, ValueError, MemoryError) as error:
            raise WhatsitError(Message("network.not_compiled", reason=_reason(error))) from error

    def __call__(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Run a batch, uint8 (n, height, width, 3), and return every output by name."""
        # A second call of one infer request while it runs is an error: each thread has its own.
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        results = self._local.request.infer([pixels])
        return {name: results[index].copy() for index, name in enumerate(self._names)}


class Size(NamedTuple):
    """How much a network takes for one picture: the numbers in its largest tensor, and all multiply-adds."""

    largest: int
    multiply_adds: int


def size_of(network: bytes) -> Size:
    """Read a network without compiling it. Raises NetworkError where it can't be read or has no sizes."""
    try:
        model = _openvino().Core().read_model(network)
        model.reshape([1, *_picture(model.inputs)])
        operations = model.get_ordered_ops()
        outputs = [(operation, output) for operation in operations for output in operation.outputs()]
        if any(output.get_partial_shape().is_dynamic for _, output in outputs):
            raise NetworkError(Message("network.dynamic"))
        numbers = [math.prod(output.get_shape()) for _, output in outputs]
        steps = (_steps(operation) for operation, _ in outputs)
        return Size(max(numbers), sum(number * step for number, step in zip(numbers, steps, strict=True)))
    except (RuntimeError, TypeError, ValueError, MemoryError) as error:
        raise NetworkError(Message("network.unreadable", reason=_reason(error))) from error


def _outputs(model: Any, names: Sequence[str] | None) -> dict[str, Any]:
    """The named tensors that a network has, or all its outputs, by name."""
    if names is None:
        return {output.get_any_name(): output for output in model.outputs}
    tensors = {
        name: output
        for operation in model.get_ops()
        for output in operation.outputs()
        for name in output.get_names()
        if name in names
    }
    return {name: tensors[name] for name in names if name in tensors}


def _steps(operation: Any) -> int:
    """Multiply-adds for each number that an operation gives."""
    kind = operation.get_type_name()
    if kind == "MatMul":
        first = operation.input_value(0).get_shape()
        is_transposed = operation.get_attributes()["transpose_a"] and len(first) > 1
        return int(first[-2 if is_transposed else -1])
    if "Convolution" in kind:  # weights: (groups,) and outputs, inputs, or where it is transposed the reverse
        weights = [int(side) for side in operation.input_value(1).get_shape()][kind.startswith("Group") :]
        outputs = weights[kind.endswith("BackpropData")]
        return int(math.prod(weights) // max(outputs, 1))
    if kind in ("AvgPool", "MaxPool"):
        return math.prod(operation.get_attributes()["kernel"])
    return 1


def _picture(inputs: list[Any]) -> tuple[int, ...]:
    """The shape of a network's only input, a picture, without its first dimension."""
    shape = inputs[0].get_partial_shape() if len(inputs) == 1 else None
    sides = [] if shape is None or shape.rank.is_dynamic else list(shape)[1:]
    if len(sides) != 3 or any(side.is_dynamic or not 0 < side.get_length() <= LARGEST_SIDE for side in sides):
        raise ValueError(f"its input {shape} is not a picture")
    return tuple(side.get_length() for side in sides)


def _reason(error: Exception) -> Message | str:
    """The last line of what the engine reports."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else Message("network.no_memory")


def processor() -> str:
    """The processor's name and what number formats it computes in."""
    name = _openvino().Core().get_property("CPU", "FULL_DEVICE_NAME")
    return f"{name} ({', '.join(_capabilities())})"
