"""Compile and run a network on the CPU. The only module that imports openvino."""

import sys
import threading
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from whatsit.errors import WhatsitError
from whatsit.parallel import threads

Precision = Literal["fp32", "bf16"]
_HINT = {"fp32": "f32", "bf16": "bf16"}
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
    capabilities = _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if "BF16" in capabilities else "fp32"


def version() -> str:
    """The engine's version, part of every feature's key."""
    return str(_openvino().__version__).split("-")[0]


class Engine:
    """A compiled ONNX network; call it from as many threads as you like.

    `network` holds the ONNX bytes, its input uint8 (n, height, width, 3): `input_shape` is that without n,
    `outputs` the shape of every output by name, without n too and None where it is not known. Raises
    WhatsitError where the network can't be read, compiled or run.
    """

    def __init__(self, network: bytes, precision: Precision) -> None:
        config = {
            "INFERENCE_PRECISION_HINT": _HINT[precision],
            "NUM_STREAMS": threads(),
            "INFERENCE_NUM_THREADS": threads(),
        }
        self._local = threading.local()
        try:
            core = _openvino().Core()
            self._compiled = core.compile_model(core.read_model(network), "CPU", config)
            self.input_shape = _shape(self._compiled.input(0))
            self.outputs = {output.get_any_name(): _shape(output) for output in self._compiled.outputs}
            # OpenVINO's Python binding deadlocks (GIL against a C++ static) when two threads use it for the
            # first time at once: the first use happens here, alone.
            with _first_use:
                self(np.zeros((1, *_picture(self.input_shape)), np.uint8))
        except (RuntimeError, TypeError, ValueError, MemoryError) as error:
            reason = next((line for line in reversed(str(error).splitlines()) if line.strip()), "no memory")
            raise WhatsitError(f"The network can't be compiled and run ({reason.strip()[:200]}).") from error

    def __call__(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Run a batch, uint8 (n, height, width, 3), and return every output by name."""
        # A second call of one infer request while it runs is an error: each thread has its own.
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        results = self._local.request.infer([pixels])
        return {name: results[index].copy() for index, name in enumerate(self.outputs)}


def _picture(shape: tuple[int | None, ...] | None) -> tuple[int, ...]:
    sides = tuple(side or 0 for side in shape or ())
    if len(sides) != 3 or not 0 < min(sides) <= max(sides) <= LARGEST_SIDE:
        raise ValueError(f"its input {shape} is no picture")
    return sides


def _shape(port: Any) -> tuple[int | None, ...] | None:
    """The shape of an input or output without its first dimension; None where its rank is open."""
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return None
    return tuple(None if side.is_dynamic else side.get_length() for side in list(shape)[1:])


def processor() -> str:
    """The processor's name and what number formats it computes in."""
    core = _openvino().Core()
    name = core.get_property("CPU", "FULL_DEVICE_NAME")
    return f"{name} ({', '.join(core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES'))})"
