"""How learning rate and momentum change while training: the share of its highest rate that a group gets."""

import math
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class OneCycle:
    """Cosine up to the whole rate over `pct_start` of the steps, then down; momentum goes the other way.

    From Smith, "A disciplined approach to neural network hyper-parameters" (2018), with the divisors
    and cosine annealing that the lesson's library made common.
    """

    steps: int
    pct_start: float = 0.25
    start_div: float = 25.0
    end_div: float = 1e5
    moms: tuple[float, float] = (0.95, 0.85)

    def at(self, step: int) -> tuple[float, float]:
        """The share of the rate, and momentum, at `step`, 0 <= step < steps."""
        position = step / max(1, self.steps - 1)
        if position < self.pct_start:
            share = position / self.pct_start
            return _cosine(1 / self.start_div, 1.0, share), _cosine(*self.moms, share)
        share = (position - self.pct_start) / (1 - self.pct_start)
        high, low = self.moms
        return _cosine(1.0, 1 / self.end_div, share), _cosine(low, high, share)


@dataclass(frozen=True)
class Constant:
    """The same rate and momentum all the time."""

    momentum: float = 0.95

    def at(self, step: int) -> tuple[float, float]:
        """The whole rate and the momentum, whatever the step."""
        return 1.0, self.momentum


class Schedule(Protocol):
    """The share of the rate, and momentum, of every step."""

    def at(self, step: int) -> tuple[float, float]:
        """The share of the rate, 0..1, and momentum at `step`, counted from 0."""
        ...


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
