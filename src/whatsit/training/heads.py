"""Heads: BatchNorm and one linear layer on features, trained with AdamW, in NumPy; many of them at once."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from whatsit.errors import WeightsError
from whatsit.labeled import Labeled

WD = 1.0  # good for nearly every head
BN_EPS, BN_MOMENTUM = 1e-5, 0.1  # as in PyTorch
BETA2, EPS = 0.99, 1e-8  # of AdamW
CHUNK = 4096  # pictures at once
Array = NDArray[np.float32]


class Heads:
    """As many heads as there are `seeds`, each with weights of its own: features (n, width) to logits.

    Equal seeds give equal weights. `ps` is the share of features that dropout leaves out while training.
    AdamW is that of Loshchilov and Hutter 2019; `momentum`, its first beta, comes with each step.
    """

    def __init__(self, width: int, classes: int, seeds: Sequence[int], ps: float = 0.0) -> None:
        count = len(seeds)
        self.width, self.classes, self.ps, self.wd = width, classes, ps, WD
        self._class_weights: Array | None = None
        self._parameters = np.zeros((count, 2 * width + (width + 1) * classes), np.float32)
        self._gradients, self._first, self._second = (np.zeros_like(self._parameters) for _ in range(3))
        self._steps = 0
        self.mean, self.var = np.zeros((count, width), np.float32), np.ones((count, width), np.float32)
        self._noise = np.random.default_rng(0)
        self.scale, self.shift, self.weight, self.bias = self._views(self._parameters)
        self.scale[:] = 1
        bound = width**-0.5
        for number, seed in enumerate(seeds):
            rng = np.random.default_rng(seed)
            self.weight[number] = rng.uniform(-bound, bound, (classes, width))
            self.bias[number] = rng.uniform(-bound, bound, classes)

    def copy(self) -> "Heads":
        """The same heads, which can be trained on their own."""
        other = deepcopy(self)
        other.scale, other.shift, other.weight, other.bias = other._views(other._parameters)
        return other

    def begin(self, wd: float = WD, class_weights: Array | None = None) -> None:
        """Begin a training with weight decay `wd`; `class_weights` is what a picture of each class counts."""
        self.wd, self._class_weights = wd, class_weights
        self._first[:], self._second[:], self._steps = 0, 0, 0

    @contextmanager
    def in_training(self, noise: np.random.Generator) -> Iterator[None]:
        """Train in this block, with dropout from `noise`, on one thread.

        The arrays are so small that two threads gain nothing; beside another busy program they would wait for
        each other at every step, for 20 times as long.
        """
        self._noise = noise
        with one_thread(), np.errstate(all="ignore"):  # what diverges is found afterwards
            yield

    def step(self, batch: Labeled, lrs: Sequence[float], momentum: float) -> float:
        """Forward, backward, AdamW; the mean cross-entropy before it.

        `batch` has features (heads, n, width) and labels (heads, n).
        """
        normal = self._normalized(batch.inputs)
        kept = self._dropout(normal.shape)
        inputs = normal if kept is None else normal * kept
        logits = inputs @ (self.weight * self.scale[:, None]).swapaxes(1, 2) + self.bias[:, None]
        shifts = (self.weight * self.shift[:, None]).sum(2)[:, None] if kept is None else self._shifts(kept)
        losses, slopes = cross_entropy(logits + shifts, batch.labels, self._class_weights)
        self._backward(inputs, kept, slopes.swapaxes(1, 2))
        self._adamw(lrs[-1], momentum)
        return float(losses.mean())

    def _normalized(self, features: Array) -> Array:
        """Features of mean 0 and variance 1 in each batch; the running statistics follow."""
        count = features.shape[1]
        mean = features.mean(1)
        centered = features - mean[:, None]
        var = np.einsum("hnw,hnw->hw", centered, centered) / np.float32(count)
        self.mean += np.float32(BN_MOMENTUM) * (mean - self.mean)
        self.var += np.float32(BN_MOMENTUM) * (var * np.float32(count / (count - 1)) - self.var)
        centered *= (1 / np.sqrt(var + np.float32(BN_EPS)))[:, None]
        return np.asarray(centered)

    def _dropout(self, shape: tuple[int, ...]) -> Array | None:
        """What each feature is multiplied with: 0 for the share `ps`, more than 1 for the others."""
        if not self.ps:
            return None
        is_kept = self._noise.random(shape, np.float32) >= self.ps
        return is_kept.astype(np.float32) / np.float32(1 - self.ps)

    def _shifts(self, kept: Array) -> Array:
        return kept @ (self.weight * self.shift[:, None]).swapaxes(1, 2)

    def _backward(self, inputs: Array, kept: Array | None, slopes: Array) -> None:
        """Gradients of all parameters, from those of the logits (heads, classes, n)."""
        of_scale, of_shift, of_weight, of_bias = self._views(self._gradients)
        of_normal = slopes @ inputs
        total = slopes.sum(2)
        of_kept = np.broadcast_to(total[..., None], of_normal.shape) if kept is None else slopes @ kept
        np.multiply(self.scale[:, None], of_normal, out=of_weight)
        of_weight += self.shift[:, None] * of_kept
        of_bias[:] = total
        np.einsum("hcw,hcw->hw", self.weight, of_normal, out=of_scale)
        np.einsum("hcw,hcw->hw", self.weight, of_kept, out=of_shift)

    def _adamw(self, lr: float, momentum: float) -> None:
        self._steps += 1
        gradients = self._gradients
        self._parameters *= np.float32(1 - lr * self.wd)
        self._first += np.float32(1 - momentum) * (gradients - self._first)
        self._second *= np.float32(BETA2)
        gradients *= gradients
        gradients *= np.float32(1 - BETA2)
        self._second += gradients
        root = np.sqrt(self._second, out=gradients)
        root *= np.float32((1 - BETA2**self._steps) ** -0.5)
        root += np.float32(EPS)
        np.divide(self._first, root, out=root)
        root *= np.float32(lr / (1 - momentum**self._steps))
        self._parameters -= root

    def _views(self, flat: Array) -> tuple[Array, Array, Array, Array]:
        """Scale and shift (heads, width), weight (heads, classes, width) and bias (heads, classes)."""
        width, classes = self.width, self.classes
        weight = flat[:, 2 * width : flat.shape[1] - classes].reshape(len(flat), classes, width)
        return flat[:, :width], flat[:, width : 2 * width], weight, flat[:, flat.shape[1] - classes :]

    def as_linear(self, number: int = 0) -> tuple[Array, Array]:
        """One head as an affine map: weight (classes, width) and bias (classes,), BatchNorm folded in."""
        scale = self.scale[number] / np.sqrt(self.var[number].astype(np.float64) + BN_EPS)
        shift = self.shift[number] - self.mean[number] * scale
        weight = self.weight[number].astype(np.float64)
        bias = self.bias[number] + weight @ shift
        with np.errstate(all="ignore"):  # what diverges is found afterwards
            return (weight * scale).astype(np.float32), bias.astype(np.float32)

    def logits(self, features: Array, number: int = 0) -> Array:
        """What one head gives for features (n, width): logits (n, classes)."""
        weight, bias = self.as_linear(number)
        with np.errstate(all="ignore"):  # what diverges is found afterwards
            return np.asarray(features @ weight.T + bias)

    def settle(self, features: Array) -> None:
        """Set the statistics of BatchNorm to those of all `features` (n, width).

        After few batches its running averages still hold a part of the 0 and 1 that they began with.
        """
        count, mean = len(features), features.mean(0, dtype=np.float64)
        parts = (features[start : start + CHUNK] - mean for start in range(0, count, CHUNK))
        self.mean[:], self.var[:] = mean, sum((part**2).sum(0) for part in parts) / max(1, count - 1)

    @property
    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(np.isfinite(array).all()) for array in (self._parameters, self.mean, self.var))

    def weights(self, number: int = 0) -> dict[str, Array]:
        """The weights of one head, by the names that PyTorch would give them."""
        arrays = {name: array[number] for name, array in self._named().items()}
        return {name: array.copy() for name, array in arrays.items()}

    def load_weights(self, weights: Mapping[str, NDArray[Any]], number: int = 0) -> None:
        """Take over what `weights` gave. Raises WeightsError where names or shapes are others."""
        _take_over({name: array[number] for name, array in self._named().items()}, weights)

    def _named(self) -> dict[str, Array]:
        return {
            "norm.weight": self.scale,
            "norm.bias": self.shift,
            "norm.running_mean": self.mean,
            "norm.running_var": self.var,
            "linear.weight": self.weight,
            "linear.bias": self.bias,
        }

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on, but for its noise."""
        return {name: array.copy() for name, array in self._state().items()} | {
            "steps": np.array(self._steps)
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave. Raises WeightsError where names or shapes are others."""
        steps = state.get("steps")
        if steps is None or steps.ndim or steps.dtype.kind != "i" or steps < 0:
            raise WeightsError("its number of steps is odd")
        _take_over(self._state(), {name: array for name, array in state.items() if name != "steps"})
        self._steps = int(steps)

    def _state(self) -> dict[str, Array]:
        return {
            "parameters": self._parameters,
            "mean": self.mean,
            "var": self.var,
            "first": self._first,
            "second": self._second,
        }


def _take_over(own: Mapping[str, Array], given: Mapping[str, NDArray[Any]]) -> None:
    """Copy arrays by name. Raises WeightsError where names or shapes are others."""
    if set(given) != set(own) or any(given[name].shape != own[name].shape for name in own):
        raise WeightsError("these are the weights of other heads")
    for name, array in own.items():
        array[:] = given[name]


def cross_entropy(
    logits: Array, labels: NDArray[np.int64], class_weights: Array | None = None
) -> tuple[Array, Array]:
    """The plain loss of each picture (heads, n), and the gradient of the weighted mean by the logits.

    Logits are (heads, n, classes), labels (heads, n).
    """
    powers = logits - logits.max(2, keepdims=True)
    own = np.take_along_axis(powers, labels[..., None], 2)
    np.exp(powers, out=powers)
    total = powers.sum(2, keepdims=True)
    losses = (np.log(total) - own)[..., 0]
    slopes = np.divide(powers, total, out=powers)
    at = labels[..., None]
    np.put_along_axis(slopes, at, np.take_along_axis(slopes, at, 2) - 1, 2)
    if class_weights is None:
        slopes /= np.float32(labels.shape[1])
    else:
        shares = class_weights[labels]
        slopes *= (shares / shares.sum(1, keepdims=True))[..., None]
    return losses, slopes


class _OneThread:
    """How many blocks are in `one_thread`, and what the first of them changed."""

    lock, blocks = threading.Lock(), 0
    limit: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Multiply matrices on one thread in this block; blocks in several threads may overlap."""
    with _OneThread.lock:
        if not _OneThread.blocks:
            _OneThread.limit = _libraries().limit(limits=1)
        _OneThread.blocks += 1
    try:
        yield
    finally:
        with _OneThread.lock:
            _OneThread.blocks -= 1
            if not _OneThread.blocks:
                _OneThread.limit.restore_original_limits()


@cache
def _libraries() -> ThreadpoolController:
    """The libraries with threads of their own: looking for them takes a while."""
    return ThreadpoolController()
