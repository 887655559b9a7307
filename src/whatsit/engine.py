"""Compile and run a network on the CPU. The only module that imports openvino."""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from whatsit.errors import WhatsitError

Precision = Literal["fp32", "bf16"]
_HINT = {"fp32": "f32", "bf16": "bf16"}
_first_use = threading.Lock()
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@cache
def _openvino() -> Any:
    # Importing openvino sends usage statistics through this package. Without it, it stays silent.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino


def threads() -> int:
    """How many processors to use: all that this process may run on, or WHATSIT_THREADS."""
    asked = os.environ.get("WHATSIT_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    allowed = getattr(os, "sched_getaffinity", None)  # Linux only; a container's share counts there
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def best_precision() -> Precision:
    """bf16 where the processor computes in it, otherwise fp32."""
    capabilities = _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if "BF16" in capabilities else "fp32"


def version() -> str:
    """The engine's version, part of every feature's key."""
    return str(_openvino().__version__).split("-")[0]


class Engine:
    """A compiled ONNX network; call it from as many threads as you like.

    `network` holds the ONNX bytes, its input uint8 (n, height, width, 3). Raises WhatsitError where
    the network can't be read or compiled.
    """

    def __init__(self, network: bytes, precision: Precision) -> None:
        config = {
            "INFERENCE_PRECISION_HINT": _HINT[precision],
            "NUM_STREAMS": threads(),
            "INFERENCE_NUM_THREADS": threads(),
        }
        try:
            core = _openvino().Core()
            self._compiled = core.compile_model(core.read_model(network), "CPU", config)
        except RuntimeError as error:
            raise WhatsitError(f"The network can't be compiled: {str(error).splitlines()[0]}") from error
        self.outputs = [output.get_any_name() for output in self._compiled.outputs]
        self._local = threading.local()
        # OpenVINO's Python binding deadlocks (GIL against a C++ static) when two threads use it for the
        # first time at once: the first use happens here, alone.
        side = self._compiled.input(0).partial_shape[1].get_length()
        with _first_use:
            self(np.zeros((1, side, side, 3), np.uint8))

    def __call__(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Run a batch, uint8 (n, height, width, 3), and return every output by name."""
        # A second call of one infer request while it runs is an error: each thread has its own.
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        results = self._local.request.infer([pixels])
        return {name: results[index].copy() for index, name in enumerate(self.outputs)}


def in_parallel(work: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
    """Yield `work(item)` in order, computed on all processors, never far ahead of the reader."""
    with ThreadPoolExecutor(threads()) as pool:
        pending: deque[Future[_Out]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(work, item))
                if len(pending) > 8 * threads():
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def processor() -> str:
    """The processor's name and what number formats it computes in."""
    core = _openvino().Core()
    name = core.get_property("CPU", "FULL_DEVICE_NAME")
    return f"{name} ({', '.join(core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES'))})"
