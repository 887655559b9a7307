"""The head of a bundle of format 1 or 2, which is only in its graph."""

import math

import numpy as np
from numpy.typing import NDArray

from whatsit.errors import NetworkError
from whatsit.i18n import Message
from whatsit.protobuf import LENGTH, VARINT, fields, varint

GRAPH, INITIALIZER = 7, 5  # fields of a model and of a graph, by their numbers in onnx.proto
DIMENSIONS, TYPE, NAME, RAW = 1, 2, 8, 9  # fields of a tensor
FLOAT = 1
LARGEST_SIDE = 1 << 20  # classes, features


def head_in(network: bytes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight (classes, width) and bias (classes,).

    Raises NetworkError.
    """
    tensors: dict[bytes, NDArray[np.float32]] = {}
    for number, wire, start, stop in fields(network, 0, len(network)):
        if (number, wire) == (GRAPH, LENGTH):
            for inner, inner_wire, value, end in fields(network, start, stop):
                if (inner, inner_wire) == (INITIALIZER, LENGTH):
                    tensors |= _tensor(network, value, end)
    weight, bias = tensors.get(b"head.weight"), tensors.get(b"head.bias")
    if weight is None or bias is None or weight.ndim != 2 or bias.shape != weight.shape[:1]:
        raise NetworkError(Message("network.no_head"))
    return weight, bias


def _tensor(network: bytes, start: int, stop: int) -> dict[bytes, NDArray[np.float32]]:
    """A tensor of the head by its name; nothing for any other."""
    shape: list[int] = []
    kind, name, raw = 0, b"", b""
    for number, wire, value, end in fields(network, start, stop):
        if len(shape) > 2:
            return {}
        if number == DIMENSIONS and wire == VARINT:
            shape.append(value)
        elif number == DIMENSIONS and wire == LENGTH:
            while value < end and len(shape) <= 2:
                side, value = varint(network, value, end)
                shape.append(side)
        elif number == TYPE and wire == VARINT:
            kind = value
        elif number == NAME and wire == LENGTH:
            name = network[value:end]
            if not name.startswith(b"head."):
                return {}
        elif number == RAW and wire == LENGTH:
            raw = network[value:end]
    if len(shape) > 2 or max(shape, default=0) > LARGEST_SIDE:  # before anything is computed of them
        return {}
    if kind != FLOAT or math.prod(shape) * 4 != len(raw):
        return {}
    return {name: np.frombuffer(raw, "<f4").reshape(shape)}
