"""The training loop, of heads and of whole networks: a step for each batch, callbacks after each epoch."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from whatsit.labeled import Labeled
from whatsit.training.schedules import Schedule


class Trainable(Protocol):
    """What can be trained."""

    def in_training(self, noise: np.random.Generator) -> AbstractContextManager[None]:
        """Train in this block; what is random in it, such as dropout, comes from `noise`."""
        ...

    def step(self, batch: Labeled, lrs: Sequence[float], momentum: float) -> SupportsFloat:
        """One step, with a learning rate for each group of layers; the loss before it."""
        ...

    def state(self) -> Mapping[str, NDArray[Any]]:
        """All that the next step depends on, but for the noise."""
        ...


class Batches(Protocol):
    """What is trained on."""

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        ...

    def epoch(self, order: np.random.Generator) -> Iterator[Labeled]:
        """The batches of an epoch, shuffled by `order`."""
        ...


@dataclass
class Training:
    """A training as hooks see it: how many `epochs` have ended, and of the last one when it `started`, as
    time.perf_counter counts, and the loss, highest learning rate and momentum of each batch.
    """

    model: Trainable
    epochs: int = 0
    started: float = 0.0
    losses: Sequence[float] = ()
    lrs: Sequence[float] = ()
    moms: Sequence[float] = ()
    is_over: bool = False


@dataclass(frozen=True)
class Plan:
    """How to train: a learning rate for each group of layers, of which the schedule takes a share."""

    epochs: int
    schedule: Schedule
    lrs: Sequence[float]
    seed: int


Hook = Callable[[Training], bool | None]


def fit(
    model: Trainable, batches: Batches, plan: Plan, hooks: Sequence[Hook] = (), epochs_done: int = 0
) -> None:
    """Train; each hook is called after each epoch, in their order, and a true answer ends the training.

    Each epoch has random numbers of its own, so that a training that goes on after `epochs_done` with its
    saved state ends as if nothing had stopped it.
    """
    training = Training(model, epochs_done)
    for epoch in range(epochs_done, plan.epochs):
        training.started = time.perf_counter()
        order, noise = np.random.default_rng((plan.seed, epoch)).spawn(2)
        first, losses = epoch * batches.steps, list[SupportsFloat]()
        shares, training.moms = zip(*map(plan.schedule.at, range(first, first + batches.steps)), strict=True)
        training.lrs = [max(plan.lrs) * share for share in shares]
        with model.in_training(noise):
            for batch, share, momentum in zip(batches.epoch(order), shares, training.moms, strict=True):
                losses.append(model.step(batch, [lr * share for lr in plan.lrs], momentum))
        training.epochs, training.losses = epoch + 1, list(map(float, losses))  # no GPU is waited for before
        for hook in hooks:
            training.is_over |= bool(hook(training))
        if training.is_over:
            break
