"""Is there enough data? How the error falls with more training pictures, and what more would bring."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from whatsit.checks import described, is_number, require_class
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, language, say
from whatsit.tables import with_picture
from whatsit.text import brief, printable
from whatsit.understand.power_law import Draws, draw

if TYPE_CHECKING:
    from whatsit.figures import Plot

SHARE = (5, 95)  # percentiles: a 90% interval
FEW = 30  # validation pictures: fewer show nothing
FEW_SIZES = 3  # a fall that slows down takes three points to see
FARTHEST = 4.0  # times the pictures at hand: no forecast goes further
WORTH = 0.05  # of the errors: less is hardly any help
GAIN = 0.01  # of a class's pictures, that more pictures would save for sure
MOST_CLASSES = 30  # looked at one by one, those with the most errors


@dataclass(frozen=True)
class Forecast:
    """An error rate that is to be expected, and its 90% interval."""

    error_rate: float
    low: float
    high: float

    def __repr__(self) -> str:
        between = f"90% interval {self.low:.1%} to {self.high:.1%}"
        return brief(self, f"error rate {self.error_rate:.1%} ({between})")


@dataclass(frozen=True)
class LearningCurve:
    """Errors by the number of training pictures.

    `images` (k,) counts those trained on, rising, the last of them all there are; `wrong` bool
    (k, repeats, n) says which of the n validation pictures were mistaken each time; `labels` (n,) is the
    class of each, and `groups` (n,) what belongs together, as one person, if anything does. The error is
    taken to fall by a power law to a floor that is not known (`power_law`).
    """

    classes: Sequence[str]
    images: Sequence[int]
    wrong: NDArray[np.bool_]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None

    @property
    def error_rates(self) -> list[float]:
        """The mean error rate at each number of pictures."""
        return [float(share) for share in self.wrong.mean((1, 2))]

    @property
    def units(self) -> int:
        """How many validation pictures there are, or groups of them, which count as one."""
        return len(self.labels) if self.groups is None else len(np.unique(self.groups))

    @property
    def can_tell(self) -> bool:
        """Whether there are enough validation pictures and training sizes for a forecast."""
        return self.units >= FEW and len(self.images) >= FEW_SIZES

    @cached_property
    def _draws(self) -> Draws:
        return draw(self.images, self.wrong, self.groups)

    def forecast(self, images: int) -> Forecast:
        """The error rate to be expected on new pictures with so many training pictures."""
        return self._ahead(self._draws, self.error_rates[-1], images / self.images[-1])

    def doubled(self, label: str | None = None) -> Forecast:
        """What twice as many pictures would bring, overall or for the pictures of one class.

        Raises WhatsitError for a class that there is not.
        """
        if label is None:
            return self.forecast(2 * self.images[-1])
        require_class(label, self.classes)
        of_class = self.labels == list(self.classes).index(label)
        if not of_class.any():
            return Forecast(math.nan, 0.0, 1.0)
        return self._ahead(self._of_class(of_class), float(self.wrong[-1][:, of_class].mean()), 2.0)

    def _of_class(self, of_class: NDArray[np.bool_]) -> Draws:
        groups = None if self.groups is None else self.groups[of_class]
        return draw(self.images, self.wrong[:, :, of_class], groups)

    def _ahead(self, draws: Draws, now: float, times: float) -> Forecast:
        samples = np.minimum(1.0, draws.level * draws.kept(times))
        low, high = np.percentile(samples, SHARE)
        # One size alone shows no fall.
        expected = now * (draws.usual(times) if len(self.images) > 1 else 1.0)
        return Forecast(min(1.0, expected), min(float(low), expected), max(float(high), expected))

    def needed(self, target: float) -> int | None:
        """About how many pictures an error rate of `target` takes.

        None where it would be more than four times those at hand, or more can't bring it.
        """
        now, largest = self.error_rates[-1], self.images[-1]
        if target >= now:
            return largest
        times = np.geomspace(1.0, FARTHEST, 100)
        enough = [one for one in times if now * self._draws.usual(one) <= target]
        if target <= 0 or not enough:
            return None
        about = int(float(f"{enough[0] * largest:.2g}"))  # more digits nobody knows
        return max(largest, min(about, int(FARTHEST * largest)))

    @property
    def helps(self) -> bool | None:
        """Whether twice as many pictures would save more than one error in twenty.

        True where that is nearly sure (95%), False where it is less likely than not, None in between and
        where there is too little to tell.
        """
        if not self.can_tell or not self.error_rates[-1]:
            return None
        kept = self._draws.kept(2.0)
        if np.percentile(kept, SHARE[1]) < 1 - WORTH:
            return True
        return None if np.median(kept) < 1 - WORTH else False

    def tell(self, target: float | None = None) -> str:
        """All of it in sentences. Raises WhatsitError where `target`, a wished error rate, is not one."""
        sentences = [one.text() for one in self.messages(target)]
        return ("" if language() == "zh" else " ").join(sentences)

    def messages(self, target: float | None = None) -> list[Message]:
        """All of it: the error rate now, what twice as many pictures would save of it, what to do, and what a
        `target` takes.

        Raises WhatsitError where `target`, a wished error rate, is not one.
        """
        if target is not None and not is_number(target, 0, 1):
            raise WhatsitError(Message("learning_curve.bad_target", target=described(target)))
        now = Message("learning_curve.now", images=self.images[-1], error_rate=self.error_rates[-1])
        if not self.can_tell:
            return [now, self._too_few()]
        reached = [] if target is None else [self._reached(float(target))]
        return [now, *self._advice(), *reached]

    def _advice(self) -> list[Message]:
        """What twice as many would save, and whether to look for more pictures, and for which.

        It is said as a share of the errors, whose interval shows whether they fall; that of an error rate
        is wider, as how high it is now is not known either.
        """
        if not self.error_rates[-1]:
            return [Message("learning_curve.no_errors")]
        low, share, high = np.percentile(1 - self._draws.kept(2.0), (SHARE[0], 50, SHARE[1])).tolist()
        saved = Message("learning_curve.doubled", share=share, low=low, high=high)
        if self.helps is False:
            return [saved, Message("learning_curve.flat")]
        if best := self.helped_most:
            code = "learning_curve.helps_most" if self.helps else "learning_curve.helps_some"
            return [saved, Message(code, classes=list(map(printable, best)))]
        return [saved, Message("learning_curve.helps") if self.helps else Message("learning_curve.unsure")]

    def _too_few(self) -> Message:
        if self.units >= FEW:
            return Message("learning_curve.few_sizes")
        if self.groups is None:
            return Message("learning_curve.few", count=self.units, least=FEW)
        return Message("learning_curve.few_groups", count=self.units, least=FEW)

    def _reached(self, target: float) -> Message:
        needed = self.needed(target)
        if needed is None:
            return Message("learning_curve.too_far", target=target, times=FARTHEST)
        if needed <= self.images[-1]:
            return Message("learning_curve.reached", target=target)
        return Message("learning_curve.needed", target=target, images=needed)

    @cached_property
    def helped_most(self) -> list[str]:
        """Up to three classes of which more pictures would nearly surely save errors, the most first."""
        errors = [self.wrong[-1][:, self.labels == number].sum() for number in range(len(self.classes))]
        worst = np.argsort(-np.array(errors), kind="stable")[:MOST_CLASSES]
        gains = [(self._gain(int(number)), self.classes[number]) for number in worst if errors[number]]
        return [label for gain, label in sorted(gains, reverse=True)[:3] if gain > GAIN]

    def _gain(self, number: int) -> float:
        """How much of its error rate a class would lose with twice as many pictures, at least (95%)."""
        draws = self._of_class(self.labels == number)
        return float(np.percentile(draws.level * (1 - draws.kept(2.0)), SHARE[0]))

    def __str__(self) -> str:
        return self.tell()

    def __repr__(self) -> str:
        points = [f"{rate:.1%} with {n:,}" for n, rate in zip(self.images, self.error_rates, strict=True)]
        return brief(self, f"error rate {', '.join(reversed(points))} training pictures")

    def _repr_html_(self) -> str:
        return with_picture(self, self.plot)

    def plot(self) -> "Plot":
        """The errors over the number of pictures, and the forecast up to twice as many with its interval."""
        from whatsit.understand.plots import draw_learning_curve

        ahead = []
        for size in np.geomspace(self.images[0], 2 * self.images[-1], 40) if self.can_tell else ():
            there = self.forecast(round(size))
            ahead.append((float(size), there.error_rate, there.low, there.high))
        title = say("plots.error_rate") if self.can_tell else self._too_few().text()
        return draw_learning_curve(self.images, self.wrong.mean(2), ahead, title)
