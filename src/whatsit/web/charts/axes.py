"""Axes, and the ticks that fit a range."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with text at `ticks` by their value."""

    label: str
    low: float
    high: float
    ticks: dict[float, str] = field(default_factory=dict)
    is_log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies, 0..1 within the axis."""
        low, high, value = (
            (math.log(one) for one in (self.low, self.high, value))
            if self.is_log
            else (self.low, self.high, value)
        )
        return (value - low) / (high - low) if high > low else 0.5


def percent_axis(label: str, low: float = 0.0, high: float = 1.0) -> Axis:
    """An axis of shares."""
    step = next(
        step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if (high - low) / step <= 5 or step == 0.25
    )
    return Axis(label, low, high, {value: f"{value:.0%}" for value in _multiples(step, low, high)})


def number_axis(label: str, low: float, high: float, is_whole: bool = False) -> Axis:
    """An axis of numbers, with about five ticks."""
    span = max(high - low, 1e-9)
    power = math.floor(math.log10(span / 4))
    times = next(times for times in (1, 2, 5, 10) if span / (times * 10**power) <= 6)
    step = max(1.0, times * 10**power) if is_whole else times * 10**power
    digits = 0 if is_whole else max(0, -power - (times == 10))
    return Axis(label, low, high, {value: f"{value:,.{digits}f}" for value in _multiples(step, low, high)})


def _multiples(step: float, low: float, high: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]
