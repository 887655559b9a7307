"""How learning rate and momentum change while training."""

import math
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class OneCycle:
    """Cosine up to `lr` over `pct_start` of the steps, then cosine down; momentum goes the other way.

    From Smith, "A disciplined approach to neural network hyper-parameters" (2018), with the divisors
    and cosine annealing that the lesson's library made common.
    """

    lr: float
    steps: int
    pct_start: float = 0.25
    start_div: float = 25.0
    end_div: float = 1e5
    moms: tuple[float, float] = (0.95, 0.85)

    def at(self, step: int) -> tuple[float, float]:
        """Learning rate and momentum at `step`, 0 <= step < steps."""
        position = step / max(1, self.steps - 1)
        if position < self.pct_start:
            share = position / self.pct_start
            return _cosine(self.lr / self.start_div, self.lr, share), _cosine(*self.moms, share)
        share = (position - self.pct_start) / (1 - self.pct_start)
        high, low = self.moms
        return _cosine(self.lr, self.lr / self.end_div, share), _cosine(low, high, share)


@dataclass(frozen=True)
class Constant:
    """The same rate and momentum all the time."""

    lr: float
    momentum: float = 0.95

    def at(self, step: int) -> tuple[float, float]:
        """Learning rate and momentum, whatever the step."""
        return self.lr, self.momentum


class Schedule(Protocol):
    """Learning rate and momentum of every step."""

    def at(self, step: int) -> tuple[float, float]:
        """Learning rate and momentum at `step`, counted from 0."""
        ...


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
