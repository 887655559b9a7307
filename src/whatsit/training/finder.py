"""The learning-rate finder: how the loss changes with a learning rate that grows with every batch."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from whatsit.config import LR
from whatsit.i18n import Message, say
from whatsit.tables import with_picture
from whatsit.text import brief

if TYPE_CHECKING:
    from whatsit.figures import Plot

START, END, PER_DECADE = 1e-7, 10.0, 99 / 8  # 100 batches
QUICK = 1e-6, 9.0  # where a batch takes seconds: 64 batches, none at rates that change nothing
EXPLODED = 4.0  # times the lowest smoothed loss: then it is over
MOST_DECAY = 0.01  # the share of each weight that decay may take in a step of the sweep
BETA = 0.98  # of the running mean, as in the lesson's library
SKIPPED = 10  # batches at the beginning, whose mean is of few: it falls and rises by chance
SECOND_STAGE = (
    1e-4,
    3e-4,
)  # after unfreezing: the highest lower end, and the upper one, a tenth of the default


@dataclass(frozen=True)
class LRFinder:
    """What a sweep found: `lrs`, and the smoothed training loss at each.

    The suggestions are None where the loss never fell.
    """

    lrs: Sequence[float]
    losses: Sequence[float]

    @cached_property
    def slope(self) -> tuple[int, int] | None:
        """Where the longest downward slope begins and ends, as places in `lrs`; rises of 2% are noise."""
        if len(self.losses) < 3:
            return None
        best: tuple[int, int] | None = None
        start = low = min(SKIPPED, len(self.losses) // 4)
        for place in range(start + 1, len(self.losses)):
            if self.losses[place] < self.losses[low]:
                low = place
            elif self.losses[place] > 1.02 * self.losses[low]:
                best = max(best, (start, low), key=self._depth) if best else (start, low)
                start = low = place
        start, low = max(best, (start, low), key=self._depth) if best else (start, low)
        while start < low and self.losses[start + 1] > 0.99 * self.losses[start]:  # flat before it
            start += 1
        return (start, low) if self._depth((start, low)) > 0.05 else None

    def _depth(self, slope: tuple[int, int]) -> float:
        return 1 - self.losses[slope[1]] / self.losses[slope[0]] if self.losses[slope[0]] else 0.0

    @property
    def steep(self) -> float | None:
        """The rate where the loss falls fastest on the longest downward slope."""
        if self.slope is None:
            return None
        start, end = self.slope
        falls = {
            place: self.losses[place - 1] - self.losses[place + 1]
            for place in range(max(1, start), min(end + 1, len(self.losses) - 1))
        }
        return self.lrs[max(falls, key=falls.__getitem__)] if falls else self.lrs[start]

    @property
    def minimum(self) -> float | None:
        """A tenth of the rate where the longest downward slope ends; None where that was not tried."""
        if self.slope is None:
            return None
        tenth = self.lrs[self.slope[1]] / 10
        return tenth if tenth >= self.lrs[0] else None

    @property
    def lesson(self) -> slice | None:
        """What the lesson takes after unfreezing: from `steep`, at most 1e-4, to 3e-4."""
        if self.steep is None:
            return None
        highest, upper = SECOND_STAGE
        return slice(min(self.steep, highest), upper)

    @property
    def suggestion(self) -> float | None:
        """The default where the loss falls there, else where it falls fastest; None where it never does."""
        if self.slope is None:
            return None
        start, end = (self.lrs[place] for place in self.slope)
        return LR if start <= LR <= end else self.steep

    @property
    def reason(self) -> Message:
        """Why that is suggested."""
        if self.slope is None:
            return Message("training.no_lr")
        start, end = (self.lrs[place] for place in self.slope)
        if self.suggestion == LR:
            return Message("training.lr_default", start=start, end=end, default=LR)
        return Message("training.lr_fastest", start=start, end=end, steep=self.steep, default=LR)

    def plot(self) -> "Plot":
        """The loss over the rates, with the suggestions drawn in. Raises MissingError without matplotlib."""
        from whatsit.understand.plots import draw_lr_finder

        marks = {say("plots.fastest"): self.steep, say("plots.tenth"): self.minimum}
        return draw_lr_finder(
            self.lrs,
            self.losses,
            {name: rate for name, rate in marks.items() if rate is not None},
            self.slope,
            self.suggestion,
        )

    def __str__(self) -> str:
        if self.suggestion is None:
            return str(self.reason)
        return say("training.lr_suggested", lr=self.suggestion, reason=self.reason)

    def __repr__(self) -> str:
        return brief(self, self)

    def _repr_html_(self) -> str:
        return with_picture(self, self.plot)


def gentle(wd: float, rate: float) -> float:
    """The decay at a rate of the sweep: `wd`, or less where a step would take more than MOST_DECAY.

    Decay takes the share rate * wd of every weight. Above 1 that hides what the rate does, and above 2 it
    makes the weights explode by itself.
    """
    return min(wd, MOST_DECAY / rate) if rate > 0 else wd


def sweep(
    step: Callable[[float], float], start: float = START, per_decade: float = PER_DECADE, end: float = END
) -> LRFinder:
    """Call `step(rate)`, which trains one batch and returns its loss, with rates from `start` to `end`.

    Ends where the smoothed loss is four times the lowest so far, or no number (Smith, "Cyclical Learning
    Rates for Training Neural Networks", 2017).
    """
    rates: list[float] = []
    losses: list[float] = []
    mean, beta = 0.0, BETA ** (PER_DECADE / per_decade)  # smoothed over as many decades in any case
    for number in range(1 + round(per_decade * math.log10(end / start))):
        rate = start * 10 ** (number / per_decade)
        mean = beta * mean + (1 - beta) * step(rate)
        smoothed = mean / (1 - beta ** (number + 1))
        if not math.isfinite(smoothed) or (losses and smoothed > EXPLODED * min(losses)):
            break
        rates.append(rate)
        losses.append(smoothed)
    return LRFinder(rates, losses)
