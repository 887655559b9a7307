"""Calibration: does 90% mean right nine times of ten?"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from whatsit.i18n import Message, say
from whatsit.probabilities import softmax
from whatsit.tables import with_picture
from whatsit.text import brief
from whatsit.understand.clusters import LEAST, Interval, count_groups, interval_of, sums_by, wilson

if TYPE_CHECKING:
    from whatsit.figures import Plot

BINS = 10
FEW = 100  # pictures: fewer show nothing
TELLING = 0.1  # where chance alone may bring more, they show nothing
DRAWS = 400  # worlds in which the probabilities are true
LOG_SPREAD = 0.5  # of the temperatures that are usual: with few pictures it stays near 1
ENOUGH = 10_000  # pictures to find a temperature by
LOWEST, HIGHEST = 0.05, 20.0


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """The temperature that makes `labels` (n,) likeliest, given `logits` (n, classes) of unseen pictures.

    Guo et al., "On Calibration of Modern Neural Networks", 2017; with a prior around 1 for few pictures.
    Above 1 the classifier was too sure of itself, below 1 not sure enough.
    """
    if not len(labels):
        return 1.0
    some = slice(None, None, -(-len(labels) // ENOUGH))
    logits, labels = logits[some], labels[some]
    own = logits[np.arange(len(labels)), labels].astype(np.float64)

    def slope(log_temperature: float) -> float:
        """Of the negative log-likelihood and the prior, by the logarithm of the temperature."""
        temperature = float(np.exp(log_temperature))
        expected = (softmax(logits, temperature) * logits).sum(1)
        return float((own - expected).sum() / temperature + log_temperature / LOG_SPREAD**2)

    low, high = np.log(LOWEST), np.log(HIGHEST)
    while high - low > 1e-5:
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return float(np.exp((low + high) / 2))


@dataclass(frozen=True)
class Bin:
    """Pictures with about the same confidence, the share that is right, and its 95% interval."""

    images: int
    confidence: float
    accuracy: float
    low: float
    high: float

    def __repr__(self) -> str:
        right = f"right on {self.accuracy:.1%} (95% interval {self.low:.1%} to {self.high:.1%})"
        return brief(self, f"{right} of {self.images} where the probability is about {self.confidence:.1%}")


@dataclass(frozen=True, eq=False)
class Reliability:
    """How far `confidence` (n,), the highest probability of each picture, can be believed; `right` (n,).

    `groups` (n,) are equal for pictures that belong together, and are likely to be mistaken together.
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    groups: NDArray[np.int64] | None = None

    @classmethod
    def of(
        cls,
        probabilities: NDArray[np.floating],
        labels: NDArray[np.int64],
        groups: NDArray[np.int64] | None = None,
    ) -> "Reliability":
        """From probabilities (n, classes) and labels (n,)."""
        return cls(probabilities.max(1).astype(np.float64), probabilities.argmax(1) == labels, groups)

    @cached_property
    def bins(self) -> list[Bin]:
        """The bins that hold any pictures, by rising confidence."""
        found = []
        places = _bin_of(self.confidence)
        for number in np.unique(places):
            inside = places == number
            right, images = int(self.right[inside].sum()), int(inside.sum())
            interval = self._interval(inside)
            found.append(Bin(images, float(self.confidence[inside].mean()), right / images, *interval))
        return found

    def _interval(self, inside: NDArray[np.bool_]) -> Interval:
        """The 95% interval of the share that is right; of few groups, as if each were one picture."""
        right = self.right[inside]
        groups = None if self.groups is None else self.groups[inside]
        if (known := interval_of(right, groups)) is not None:
            return known
        _, sizes = np.unique(np.asarray(groups), return_counts=True)
        worth = float(len(right) ** 2 / (sizes**2).sum())
        return wilson(worth * float(right.mean()), worth)

    @cached_property
    def ece(self) -> float:
        """Expected calibration error, 0..1: mean distance of confidence and accuracy (Naeini et al. 2015)."""
        return float(_ece(self.confidence, self.right[None])[0])

    @cached_property
    def chance(self) -> tuple[float, float]:
        """What perfectly true probabilities would show on so many pictures: mean, 95th percentile.

        Pictures of a group share their luck there as often as they do here.
        """
        dice = np.random.default_rng(0)
        worlds = (self._luck(dice)[None] < self.confidence for _ in range(DRAWS))
        errors = np.concatenate([_ece(self.confidence, world) for world in worlds])
        return float(errors.mean()), float(np.percentile(errors, 95))

    def _luck(self, dice: np.random.Generator) -> NDArray[np.float64]:
        """A number from 0 to 1 for each picture, which is right where it is below its confidence (n,)."""
        own = dice.random(len(self.confidence))
        if self.groups is None:
            return own
        _, group = np.unique(self.groups, return_inverse=True)
        shared = dice.random(len(self.groups))[group]
        return np.where(dice.random(len(own)) < np.sqrt(self._alike), shared, own)

    @cached_property
    def _alike(self) -> float:
        """How much pictures of a group are mistaken together: their correlation, 1 with too few groups."""
        assert self.groups is not None
        if count_groups(self.groups) < LEAST:
            return 1.0
        sure = self.confidence.clip(0.01, 0.99)
        surprise = (self.right - sure) / np.sqrt(sure * (1 - sure))
        sums = sums_by(self.groups, np.stack([surprise, np.ones(len(sure))], axis=1))
        pairs = float((sums[:, 1] * (sums[:, 1] - 1)).sum())
        return float(np.clip(((sums[:, 0] ** 2).sum() - (surprise**2).sum()) / max(1.0, pairs), 0, 1))

    @property
    def is_believable(self) -> bool | None:
        """Whether the error is not larger than chance explains; None with too few pictures to tell."""
        if self.ece > self.chance[1]:
            return False
        return True if self.chance[1] <= TELLING and len(self.right) >= FEW else None

    @property
    def message(self) -> Message:
        """Whether the probabilities can be believed, and how far off they are."""
        codes = {
            True: "understand.believable",
            False: "understand.not_believable",
            None: "understand.few_to_believe",
        }
        mean, _ = self.chance
        error = Message("understand.calibration_error", ece=self.ece, chance=mean, images=len(self.right))
        return Message(codes[self.is_believable], error=error)

    def __str__(self) -> str:
        return self.message.text()

    def __repr__(self) -> str:
        return brief(self, f"calibration error {self.ece:.3f} on {len(self.right)} pictures")

    def _repr_html_(self) -> str:
        return with_picture(self, self.plot)

    def plot(self) -> "Plot":
        """The reliability diagram."""
        from whatsit.understand.plots import draw_reliability

        mean, _ = self.chance
        return draw_reliability(
            [one.confidence for one in self.bins],
            [one.accuracy for one in self.bins],
            [(one.low, one.high) for one in self.bins],
            [one.images for one in self.bins],
            say("plots.calibration_error", ece=self.ece, chance=mean),
        )


def _bin_of(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def _ece(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of each row of `right` (rows, n)."""
    is_in = np.eye(BINS)[_bin_of(confidence)]  # (n, bins)
    gaps = (right - confidence) @ is_in
    return np.asarray(np.abs(gaps).sum(1) / max(1, len(confidence)))
