"""Models small enough to read whole, in NumPy and float64, for the very loop that `whatsit train` runs.

The page repeats in the browser what they do, number by number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.labeled import Labeled
from whatsit.training import loop
from whatsit.training.heads import cross_entropy
from whatsit.training.schedules import Constant

Array = NDArray[np.float64]


class Line:
    """Two numbers, slope and intercept: from rows of x and 1 (n, 2) to y (n,), by mean squared error."""

    def __init__(self, start: Sequence[float]) -> None:
        self.a = np.array(start, np.float64)

    def in_training(self, noise: np.random.Generator) -> AbstractContextManager[None]:
        """Nothing about it is random."""
        return nullcontext()

    def step(self, batch: Labeled, lrs: Sequence[float], momentum: float) -> float:
        """One step down the slope; the loss before it."""
        error = batch.inputs @ self.a - batch.labels
        self.a = self.a - lrs[-1] * 2 / len(error) * (error @ batch.inputs)
        return float((error**2).mean())

    def state(self) -> Mapping[str, NDArray[Any]]:
        """The two numbers."""
        return {"a": self.a}


class Linear:
    """A number for each input and class: from inputs (n, width) to logits, by cross-entropy, from zero on."""

    def __init__(self, width: int, classes: int) -> None:
        self.weight, self.bias = np.zeros((classes, width)), np.zeros(classes)

    def in_training(self, noise: np.random.Generator) -> AbstractContextManager[None]:
        """Nothing about it is random."""
        return nullcontext()

    def step(self, batch: Labeled, lrs: Sequence[float], momentum: float) -> float:
        """One step down the slope; the loss before it."""
        losses, slopes = cross_entropy(self.logits(batch.inputs)[None], batch.labels[None])  # type: ignore[arg-type]
        self.weight = self.weight - lrs[-1] * (slopes[0].T @ batch.inputs)
        self.bias = self.bias - lrs[-1] * slopes[0].sum(0)
        return float(losses.mean())

    def logits(self, inputs: Array) -> Array:
        """What it gives for inputs (n, width): logits (n, classes)."""
        return np.asarray(inputs @ self.weight.T + self.bias)

    def accuracy(self, data: Labeled) -> float:
        """The share of pictures whose largest logit is that of their class."""
        return float((self.logits(data.inputs).argmax(1) == data.labels).mean())

    def state(self) -> Mapping[str, NDArray[Any]]:
        """All its numbers."""
        return {"weight": self.weight, "bias": self.bias}


@dataclass(frozen=True)
class Whole:
    """All of the data as one batch, which is gradient descent without "stochastic"."""

    data: Labeled
    steps: int = 1

    def epoch(self, order: np.random.Generator) -> Iterator[Labeled]:
        """The one batch, in its own order."""
        yield self.data


def descend(
    model: Line | Linear, data: Labeled, lr: float, steps: int, watch: Callable[[], None] = lambda: None
) -> list[float]:
    """Train by the loop of `whatsit train`: the loss before each of the `steps`, and after the last.

    After each step `watch` is called.
    """
    losses: list[float] = []

    def note(training: loop.Training) -> None:
        losses.extend(training.losses)
        watch()

    loop.fit(model, Whole(data), loop.Plan(steps, Constant(0.0), [lr], 0), [note])
    return [*losses, model.step(data, [0.0], 0.0)]
