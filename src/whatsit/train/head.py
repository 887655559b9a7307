"""The head: one linear layer behind BatchNorm, trained on features."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from whatsit.train import loop
from whatsit.train.dice import seeded
from whatsit.train.history import Epoch
from whatsit.train.loop import Labelled, Model
from whatsit.train.schedules import OneCycle

Balance = Literal["oversample", "loss"]
LR, WD = 3e-3, 1.0  # good for nearly every head


class Head(Model):
    """Features (n, width) to logits (n, classes); `ps` is the share of features left out while it learns."""

    # Its tensors are so small that two threads gain nothing; beside another busy program they would wait for
    # each other at every step, for 20 times as long.
    threads = 1

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
    with seeded(seed):
        return Head(width, classes, ps)


def steps_of(images: int, batch_size: int) -> int:
    """Batches in an epoch, of equal size: a last, smaller one would unsettle BatchNorm."""
    return max(1, images // batch_size)


def shuffled(chosen: torch.Tensor, steps: int, order: torch.Generator) -> list[torch.Tensor]:
    """Places of pictures in an order of their own, in so many batches."""
    return [chosen[some] for some in torch.randperm(len(chosen), generator=order).tensor_split(steps)]


@torch.no_grad()
def settle(head: Head, features: torch.Tensor) -> None:
    """Set the statistics of a head's BatchNorm to those of all `features` (n, width).

    After few batches its running averages still hold a part of the 0 and 1 that they began with.
    """
    norm = head.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(features.mean(0))
    norm.running_var.copy_(features.var(0))


@dataclass(frozen=True)
class Deck:
    """Features to learn from, dealt in batches of about `batch_size`.

    With several views of n pictures the features are (views * n, width), all first views first, and an
    epoch shows one view of each at random. `chosen` are places of pictures, some perhaps several times.
    """

    features: torch.Tensor
    labels: torch.Tensor
    batch_size: int
    chosen: torch.Tensor

    @classmethod
    def of(cls, data: Labelled, batch_size: int, balance: Balance | None = None) -> "Deck":
        """All pictures, those of small classes more often with "oversample"."""
        return cls(data.inputs, data.labels, batch_size, chosen(data.labels, balance))

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return steps_of(len(self.chosen), self.batch_size)

    def epoch(self, order: torch.Generator) -> Iterator[Labelled]:
        """The chosen pictures, one view of each, in batches."""
        n = len(self.labels)
        for batch in shuffled(self.chosen, self.steps, order):
            view = torch.randint(len(self.features) // max(1, n), (len(batch),), generator=order)
            yield Labelled(self.features[batch + n * view], self.labels[batch])


def fit(
    head: Head,
    train: Labelled,
    valid: Labelled,
    epochs: int,
    lr: float,
    batch_size: int,
    wd: float,
    seed: int,
    tell: Callable[[Epoch], None],
) -> None:
    """Train a head by one cycle, as a learner does by default."""
    deck = Deck.of(train, batch_size)
    schedule = OneCycle(epochs * deck.steps)

    def look() -> Labelled:
        return Labelled(logits_of(head, valid.inputs), valid.labels)

    loop.fit(head, deck, look, epochs, schedule, [lr], wd, seed, tell)


@torch.no_grad()
def logits_of(head: Head, features: torch.Tensor) -> torch.Tensor:
    """What a head says of features; it is left in evaluation mode."""
    logits: torch.Tensor = head.eval()(features)
    return logits


def is_right(head: Head, features: torch.Tensor, labels: torch.Tensor) -> NDArray[np.bool_]:
    """Which pictures (n,) a head recognises by their features (n, width)."""
    right: NDArray[np.bool_] = (logits_of(head, features).argmax(1) == labels).numpy()
    return right


def sample(labels: torch.Tensor, share: float, seed: int) -> torch.Tensor:
    """Places of a share of the pictures of every class, at least one of each."""
    dice = torch.Generator().manual_seed(seed)
    places = []
    for label in torch.unique(labels):
        there = torch.nonzero(labels == label).flatten()
        most = max(1, round(share * len(there)))
        places.append(there[torch.randperm(len(there), generator=dice)[:most]])
    return torch.cat(places)


def class_weights(labels: torch.Tensor) -> torch.Tensor:
    """What a picture of each class counts so that all classes count the same; 1 on average."""
    counts = torch.bincount(labels).clamp(min=1)
    return len(labels) / (len(counts) * counts)


def chosen(labels: torch.Tensor, balance: Balance | None) -> torch.Tensor:
    """Places of the pictures that an epoch shows."""
    return oversampled(labels) if balance == "oversample" else torch.arange(len(labels))


def oversampled(labels: torch.Tensor) -> torch.Tensor:
    """Places of pictures, those of smaller classes again and again until all classes are as large."""
    counts = torch.bincount(labels)
    places = [torch.nonzero(labels == label).flatten() for label in torch.nonzero(counts).flatten()]
    most = int(counts.max())
    return torch.cat([there.repeat(-(-most // len(there)))[:most] for there in places])


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
