"""Read the tensors of a weight file in PyTorch's format from before version 1.6, without PyTorch."""

import io
import pickle
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001  # as torch.serialization has them
_TYPES: dict[str, DTypeLike] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Tensor(NamedTuple):
    """A tensor whose numbers come after the pickle, in a storage."""

    storage: str
    dtype: DTypeLike
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """The tensor, from the numbers of its storage. Raises ValueError where they are too few."""
        steps = [(side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True)]
        if min([self.offset, *self.shape, *self.strides]) < 0 or self.offset + sum(steps) >= len(numbers):
            raise ValueError("it has a tensor that reaches beyond its storage")
        strides = [stride * numbers.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, strides, writeable=False)


def read_tensors(data: bytes) -> dict[str, NDArray[Any]]:
    """The tensors of a state dict by name, in its order. Raises ValueError for any other file.

    Nothing in the file is run: of all that a pickle may name, only tensors and an ordered dict are known.
    """
    try:
        return _read(data)
    except (pickle.UnpicklingError, EOFError, AttributeError, LookupError, TypeError, OverflowError) as error:
        raise ValueError(f"it is not a weight file ({error})") from error


def _read(data: bytes) -> dict[str, NDArray[Any]]:
    stream = io.BytesIO(data)
    magic, version, _system, tensors, storages = (_Unpickler(stream).load() for _ in range(5))
    if (magic, version) != (MAGIC, VERSION):
        raise ValueError("it is not a weight file of this format")
    types = {tensor.storage: tensor.dtype for tensor in tensors.values()}
    at, numbers = stream.tell(), dict[str, NDArray[Any]]()
    for storage in storages:
        (count,) = np.frombuffer(data, "<i8", 1, at)
        numbers[storage] = np.frombuffer(data, types[storage], int(count), at + 8)
        at += 8 + numbers[storage].nbytes
    return {name: tensor.of(numbers[tensor.storage]) for name, tensor in tensors.items()}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, DTypeLike]:
        _kind, dtype, key, *_ = pid
        return key, dtype


def _rebuilt(
    storage: tuple[str, DTypeLike], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(*storage, offset, shape, strides)
