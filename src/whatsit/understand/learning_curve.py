"""Is there enough data? How the error falls with more training pictures, and what more would bring."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from whatsit.figures import Picture

DRAWS = 500  # of the bootstrap
SHARE = (5, 95)  # percentiles: a 90 % interval
FEW = 5  # validation pictures of a class: with fewer nothing can be said of it
FLAT = 0.05  # an exponent below it: ten times the pictures would save a tenth of the errors
MOST = 1000  # times the pictures there are: further than that nobody can see


@dataclass(frozen=True)
class Forecast:
    """An error rate that is to be expected, and its 90 % interval."""

    error_rate: float
    low: float
    high: float


@dataclass(frozen=True)
class LearningCurve:
    """Errors by the number of training pictures.

    `images` (k,) counts those learnt from, rising; `wrong` bool (k, repeats, n) says which of the n
    validation pictures were mistaken each time; `labels` (n,) is the class of each. The error is taken to
    fall by a power law, error = a * images ** -b (Hestness et al., "Deep Learning Scaling is Predictable,
    Empirically", 2017), fitted in logarithms; intervals come from drawing pictures and repeats anew.
    """

    classes: Sequence[str]
    images: Sequence[int]
    wrong: NDArray[np.bool_]
    labels: NDArray[np.int64]

    @property
    def error_rates(self) -> list[float]:
        """The mean error rate at each number of pictures."""
        return [float(share) for share in self.wrong.mean((1, 2))]

    @cached_property
    def _falls(self) -> NDArray[np.float64]:
        """The exponent b of each draw, the first one of the data themselves."""
        return _exponents(np.asarray(self.images), self.wrong)

    def forecast(self, images: int) -> Forecast:
        """The error rate to be expected on these validation pictures with so many training pictures."""
        return _forecast(self._falls, self.error_rates[-1], images / self.images[-1])

    def doubled(self, label: str | None = None) -> Forecast:
        """What twice as many pictures would bring, overall or for the pictures of one class."""
        if label is None:
            return self.forecast(2 * self.images[-1])
        of_class = self.wrong[:, :, self.labels == list(self.classes).index(label)]
        return _forecast(_exponents(np.asarray(self.images), of_class), float(of_class[-1].mean()), 2.0)

    def needed(self, target: float) -> int | None:
        """About how many pictures an error rate of `target` takes; None where more would hardly bring it."""
        now, fall = self.error_rates[-1], float(self._falls[0])
        if target >= now:
            return self.images[-1]
        if target <= 0 or fall < FLAT or (times := (now / target) ** (1 / fall)) > MOST:
            return None
        return int(float(f"{times * self.images[-1]:.1g}"))  # one digit is what is known of it

    @property
    def helps(self) -> bool:
        """Whether twice as many pictures would very probably save more than one error in twenty."""
        return self.doubled().high < 0.95 * self.error_rates[-1]

    def tell(self, target: float | None = None) -> str:
        """The whole in sentences."""
        now, then = self.error_rates[-1], self.doubled()
        lines = [
            f"Learnt from {self.images[-1]:,} pictures, the error rate is {now:.1%}. With twice as many it "
            f"would probably be {then.error_rate:.1%} (between {then.low:.1%} and {then.high:.1%})."
        ]
        gains = [(self._gain(number), label) for number, label in enumerate(self.classes)]
        best = [label for gain, label in sorted(gains, reverse=True)[:3] if gain > 0.01]
        if not self.helps:
            lines.append("More pictures of this kind would hardly help; look at the mistakes instead.")
        elif best:
            lines.append(f"More pictures would help most with {', '.join(best)}.")
        if target is not None:
            needed = self.needed(target)
            if needed is None:
                lines.append(f"An error rate of {target:.1%} is not to be had by more pictures alone.")
            elif needed <= self.images[-1]:
                lines.append(f"An error rate of {target:.1%} is reached already.")
            else:
                lines.append(f"An error rate of {target:.1%} takes about {needed:,} pictures to learn from.")
        return " ".join(lines)

    def _gain(self, number: int) -> float:
        """How much of its error rate a class would lose with twice as many pictures; 0 if nobody knows."""
        of_class = self.labels == number
        if of_class.sum() < FEW:
            return 0.0
        return float(self.wrong[-1][:, of_class].mean()) - self.doubled(self.classes[number]).error_rate

    def __str__(self) -> str:
        return self.tell()

    def plot(self) -> "Picture":
        """The errors over the number of pictures, and the forecast up to twice as many with its interval."""
        from whatsit.figures import Picture

        figure = Picture(figsize=(7, 4), layout="constrained")
        axis = figure.subplots()
        sizes = np.geomspace(self.images[0], 2 * self.images[-1], 40)
        ahead = [self.forecast(round(size)) for size in sizes]
        axis.plot(sizes, [one.error_rate for one in ahead], label="power law")
        axis.fill_between(sizes, [one.low for one in ahead], [one.high for one in ahead], alpha=0.2)
        for repeat in range(self.wrong.shape[1]):
            axis.plot(self.images, self.wrong[:, repeat].mean(1), "o", color="tab:gray", markersize=4)
        axis.axvline(self.images[-1], color="tab:gray", linestyle=":", label="what there is")
        axis.set(xscale="log", xlabel="training pictures", ylabel="error rate (validation)", ylim=(0, None))
        ticks = [*self.images, 2 * self.images[-1]]
        axis.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axis.set_xticks([], minor=True)
        axis.legend()
        return figure


def _exponents(images: NDArray[np.int64], wrong: NDArray[np.bool_]) -> NDArray[np.float64]:
    dice = np.random.default_rng(0)
    _, repeats, pictures = wrong.shape
    falls = np.empty(1 + DRAWS)
    if len(images) == 1:  # nothing to see a fall by
        falls[:] = 0
        return falls
    logs = np.log(images)
    design = np.stack([np.ones(len(images)), -logs], axis=1)
    for draw in range(1 + DRAWS):
        some = wrong
        if draw:
            some = wrong[:, dice.integers(0, repeats, repeats)][:, :, dice.integers(0, pictures, pictures)]
        count = some.shape[1] * pictures
        errors = (some.sum((1, 2)) + 0.5) / (count + 1)  # as if half an error more: none has no logarithm
        # An error counts for the more, the more of them there are: the variance of a logarithm.
        weights = np.sqrt(errors * count)
        (_, fall), *_ = np.linalg.lstsq(design * weights[:, None], np.log(errors) * weights, rcond=None)
        falls[draw] = max(0.0, fall)  # more pictures make nothing worse
    return falls


def _forecast(falls: NDArray[np.float64], now: float, times: float) -> Forecast:
    rates = np.minimum(1.0, now * times**-falls)
    low, high = np.percentile(rates[1:], SHARE)
    return Forecast(float(rates[0]), float(low), float(high))
