"""The head: one linear layer behind BatchNorm, trained on features."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy

from whatsit.train.history import Epoch
from whatsit.train.optimiser import AdamW
from whatsit.train.schedules import Schedule
from whatsit.understand.metrics import Metric

Balance = Literal["oversample", "loss"]


@dataclass(frozen=True)
class Labelled:
    """Features (n, width) of pictures and the index of each one's class (n,).

    With several views of the pictures, features are (views * n, width), all first views first.
    """

    features: torch.Tensor
    labels: torch.Tensor

    @property
    def views(self) -> int:
        return len(self.features) // max(1, len(self.labels))


class Head(nn.Module):
    """Features (n, width) to logits (n, classes); `ps` is the share of features left out while it learns."""

    def __init__(self, width: int, classes: int, ps: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(ps)
        self.linear = nn.Linear(width, classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.linear(self.dropout(self.norm(features)))
        return logits


def new_head(width: int, classes: int, seed: int, ps: float = 0.0) -> Head:
    """A fresh head; the same seed gives the same weights, whatever was drawn before."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Head(width, classes, ps)


def steps_of(images: int, batch_size: int) -> int:
    """Batches in an epoch, of equal size: a last, smaller one would unsettle BatchNorm."""
    return max(1, images // batch_size)


def fit(
    head: Head,
    train: Labelled,
    valid: Labelled,
    epochs: int,
    schedule: Schedule,
    batch_size: int,
    wd: float,
    seed: int,
    tell: Callable[[Epoch], None],
    first_epoch: int = 1,
    metrics: Mapping[str, Metric] | None = None,
    balance: Balance | None = None,
) -> None:
    """AdamW by a schedule; an epoch takes one view of each picture, at random. `tell` hears of each."""
    order = torch.Generator().manual_seed(seed)
    weight = class_weights(train.labels) if balance == "loss" else None
    chosen = oversampled(train.labels) if balance == "oversample" else torch.arange(len(train.labels))
    batches = steps_of(len(chosen), batch_size)
    optimiser = AdamW(head.parameters(), weight_decay=wd)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # for dropout
        for epoch in range(epochs):
            started = time.perf_counter()
            head.train()
            total = 0.0
            for number, batch in enumerate(shuffled(train, chosen, batches, order)):
                total += learn(head, batch, optimiser, *schedule.at(epoch * batches + number), weight)
            valid_loss, error_rate = measure(head, valid)
            others = {name: _metric(metric, head, valid) for name, metric in (metrics or {}).items()}
            seconds = time.perf_counter() - started
            tell(Epoch(first_epoch + epoch, total / batches, valid_loss, error_rate, seconds, others))


def learn(
    head: Head,
    batch: Labelled,
    optimiser: AdamW,
    lr: float,
    momentum: float,
    weight: torch.Tensor | None = None,
) -> float:
    """Forward, backward, step; the loss before the step. `weight` is what a picture of each class counts."""
    loss = cross_entropy(head(batch.features), batch.labels, weight)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step(lr, momentum)
    return loss.item()


def sample(data: Labelled, share: float, seed: int) -> Labelled:
    """A share of the pictures of every class, at least one of each."""
    dice = torch.Generator().manual_seed(seed)
    places = []
    for label in torch.unique(data.labels):
        there = torch.nonzero(data.labels == label).flatten()
        most = max(1, round(share * len(there)))
        places.append(there[torch.randperm(len(there), generator=dice)[:most]])
    chosen = torch.cat(places)
    return Labelled(data.features[chosen], data.labels[chosen])


def class_weights(labels: torch.Tensor) -> torch.Tensor:
    """What a picture of each class counts so that all classes count the same; 1 on average."""
    counts = torch.bincount(labels).clamp(min=1)
    return len(labels) / (len(counts) * counts)


def oversampled(labels: torch.Tensor) -> torch.Tensor:
    """Places of pictures, those of smaller classes again and again until all classes are as large."""
    counts = torch.bincount(labels)
    places = [torch.nonzero(labels == label).flatten() for label in torch.nonzero(counts).flatten()]
    most = int(counts.max())
    return torch.cat([there.repeat(-(-most // len(there)))[:most] for there in places])


def shuffled(
    train: Labelled, chosen: torch.Tensor, batches: int, order: torch.Generator
) -> Iterator[Labelled]:
    """The chosen pictures of an epoch, one view of each, in batches."""
    n = len(train.labels)
    for places in torch.randperm(len(chosen), generator=order).tensor_split(batches):
        batch = chosen[places]
        view = torch.randint(train.views, (len(batch),), generator=order)
        yield Labelled(train.features[batch + n * view], train.labels[batch])


@torch.no_grad()
def measure(head: Head, data: Labelled) -> tuple[float, float]:
    """Mean cross-entropy and error rate; the head is left in evaluation mode."""
    logits = head.eval()(data.features)
    wrong = (logits.argmax(1) != data.labels).float().mean().item()
    return cross_entropy(logits, data.labels).item(), wrong


@torch.no_grad()
def _metric(metric: Metric, head: Head, data: Labelled) -> float:
    probabilities = torch.softmax(head.eval()(data.features), 1)
    return float(metric(data.labels.numpy(), probabilities.numpy()))


@torch.no_grad()
def as_linear(head: Head) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The head as one affine map: weight (classes, width) and bias (classes,), BatchNorm folded in."""
    norm, linear = head.norm, head.linear
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    shift = norm.bias.double() - norm.running_mean.double() * scale
    weight = linear.weight.double()
    bias = linear.bias.double() + weight @ shift
    return (weight * scale).float().numpy(), bias.float().numpy()
