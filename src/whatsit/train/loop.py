"""The training loop: batch, forward, backward, step; after every epoch a look at the validation pictures."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from whatsit.errors import WhatsitError
from whatsit.train.callbacks import Callback
from whatsit.train.dice import seeded
from whatsit.train.history import Epoch
from whatsit.train.optimiser import AdamW
from whatsit.train.schedules import Schedule
from whatsit.understand.metrics import Metric


@dataclass(frozen=True)
class Labelled:
    """Inputs of a model (n, ...), or its logits (n, classes), and the index of each one's class (n,)."""

    inputs: torch.Tensor
    labels: torch.Tensor


class Model(nn.Module):
    """What can be trained: inputs (n, ...) to logits (n, classes)."""

    steepest: float | None = None  # the norm to which gradients are clipped
    eps = 1e-8  # of AdamW
    threads: int | None = None  # to compute on, where not all that there are

    def groups(self) -> list[list[nn.Parameter]]:
        """What learns, in groups that have a learning rate each, the earliest layers first."""
        return [list(self.parameters())]


@dataclass(frozen=True)
class Begun:
    """A training after `epochs` epochs: all that the next one depends on."""

    epochs: int = 0
    state: Mapping[str, torch.Tensor] = field(default_factory=dict)


class Shown(Protocol):
    """What a model learns from."""

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        ...

    def epoch(self, order: torch.Generator) -> Iterator[Labelled]:
        """Every picture once, in an order of its own."""
        ...


def fit(
    model: Model,
    shown: Shown,
    look: Callable[[], Labelled],
    epochs: int,
    schedule: Schedule,
    rates: Sequence[float],
    wd: float,
    seed: int,
    tell: Callback,
    first_epoch: int = 1,
    metrics: Mapping[str, Metric] | None = None,
    weight: torch.Tensor | None = None,
    begun: Begun = Begun(),
    keep: Callable[[Callable[[], dict[str, torch.Tensor]]], None] = lambda state: None,
) -> None:
    """AdamW with decay `wd`: the schedule's share of each group's rate, step by step.

    `look` gives the logits of the validation pictures; `tell` hears of each epoch, and ends the training by a
    true answer; `weight` is what a picture of each class counts. `keep` may ask for the state after each
    epoch but the last, and one that is `begun` with such a state ends as if nothing had stopped it.
    """
    order = torch.Generator().manual_seed(seed)
    optimiser = AdamW(model.groups(), wd, model.eps)
    with threads_of(model), seeded(seed, device_of(model)):  # for dropout and augmentation
        if begun.epochs:
            try:
                _take_up(begun.state, model, optimiser, order)
            except (RuntimeError, KeyError, TypeError, ValueError) as error:
                raise WhatsitError("The checkpoint of this training is damaged.", "Train anew.") from error
        for epoch in range(begun.epochs, epochs):
            started = time.perf_counter()
            model.train()
            total: torch.Tensor | float = 0.0
            for number, batch in enumerate(shown.epoch(order)):
                share, momentum = schedule.at(epoch * shown.steps + number)
                loss = learn(model, batch, optimiser, [rate * share for rate in rates], momentum, weight)
                total = total + loss.double()  # a number would be waited for
            seen = look()
            valid_loss, error_rate = measure(seen)
            others = {name: _apply(metric, seen) for name, metric in (metrics or {}).items()}
            seconds = time.perf_counter() - started
            mean = float(total) / shown.steps
            is_enough = tell(Epoch(first_epoch + epoch, mean, valid_loss, error_rate, seconds, others))
            if is_enough or epoch + 1 == epochs:
                break
            keep(partial(_state_of, model, optimiser, order))


@contextmanager
def threads_of(model: Model) -> Iterator[None]:
    """Compute on as many threads as a model asks for."""
    before = torch.get_num_threads()
    torch.set_num_threads(model.threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def device_of(model: Model) -> torch.device:
    """Where a model is."""
    return next(model.parameters()).device


def _state_of(model: Model, optimiser: AdamW, order: torch.Generator) -> dict[str, torch.Tensor]:
    """Weights, what the optimiser remembers, and all dice."""
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    state |= {f"optimiser.{name}": tensor for name, tensor in optimiser.state_dict().items()}
    dice = {"order": order.get_state(), "cpu": torch.get_rng_state()}
    if device_of(model).type == "cuda":
        dice["cuda"] = torch.cuda.get_rng_state()
    return state | {f"dice.{name}": tensor for name, tensor in dice.items()}


def _take_up(
    state: Mapping[str, torch.Tensor], model: Model, optimiser: AdamW, order: torch.Generator
) -> None:
    def part(name: str) -> dict[str, torch.Tensor]:
        return {key.removeprefix(name): tensor for key, tensor in state.items() if key.startswith(name)}

    model.load_state_dict(part("model."))
    optimiser.load_state_dict(part("optimiser."))
    dice = part("dice.")
    order.set_state(dice["order"])
    torch.set_rng_state(dice["cpu"])
    if "cuda" in dice and torch.cuda.is_available():
        torch.cuda.set_rng_state(dice["cuda"])


def learn(
    model: Model,
    batch: Labelled,
    optimiser: AdamW,
    rates: Sequence[float],
    momentum: float,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Forward, backward, step; the mean cross-entropy before the step.

    `weight` is what a picture of each class counts for the gradient, never for the loss that is returned.
    """
    logits = model(batch.inputs)
    labels = batch.labels.to(logits.device)
    plain = cross_entropy(logits, labels)
    loss = plain if weight is None else cross_entropy(logits, labels, weight.to(logits.device))
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    if model.steepest is not None:
        nn.utils.clip_grad_norm_(optimiser.parameters, model.steepest)
    optimiser.step(rates, momentum)
    return plain.detach()


def measure(seen: Labelled) -> tuple[float, float]:
    """Mean cross-entropy and error rate of logits; those that are not finite are wrong."""
    is_wrong = (seen.inputs.argmax(1) != seen.labels) | ~seen.inputs.isfinite().all(1)
    return cross_entropy(seen.inputs, seen.labels).item(), is_wrong.float().mean().item()


def _apply(metric: Metric, seen: Labelled) -> float:
    return float(metric(seen.labels.numpy(), torch.softmax(seen.inputs, 1).numpy()))
