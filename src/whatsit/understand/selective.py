"""Not sure: how many pictures are answered, and how many answers are right, if it may keep silent."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from whatsit.i18n import Message
from whatsit.model import DECIMALS
from whatsit.tables import with_picture
from whatsit.text import brief
from whatsit.understand.clusters import Interval, interval_of

if TYPE_CHECKING:
    from whatsit.figures import Plot

STEPS = np.linspace(0, 0.99, 100).round(2)
MARKED = (0.5, 0.7, 0.9)  # the minima that are named, in words and in the figure


@dataclass(frozen=True, eq=False)
class Selective:
    """At each of `minima` (k,), rising, the share `answered` and the `accuracy` of these answers (k,).

    The accuracy is NaN where nothing is answered any more. `confidence` and `right` (n,) are those of the
    pictures, `groups` (n,) what belongs together, if anything does.
    """

    minima: NDArray[np.float64]
    answered: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    confidence: NDArray[np.floating]
    right: NDArray[np.bool_]
    groups: NDArray[np.int64] | None = None

    @classmethod
    def of(
        cls,
        probabilities: NDArray[np.floating],
        labels: NDArray[np.int64],
        groups: NDArray[np.int64] | None = None,
    ) -> "Selective":
        """The risk-coverage curve (El-Yaniv, Wiener 2010) of probabilities (n, classes), labels (n,)."""
        confidence, right = probabilities.max(1).round(DECIMALS), probabilities.argmax(1) == labels
        is_answered = confidence >= STEPS[:, None]
        count = is_answered.sum(1)
        with np.errstate(invalid="ignore"):
            accuracy = (is_answered & right).sum(1) / count
        return cls(STEPS, count / max(1, len(labels)), accuracy, confidence, right, groups)

    def at(self, minimum: float) -> tuple[float, float]:
        """The share answered, and the accuracy of the answers, at the nearest minimum."""
        place = int(np.abs(self.minima - minimum).argmin())
        return float(self.answered[place]), float(self.accuracy[place])

    @property
    def images(self) -> int:
        """How many pictures it was measured on."""
        return len(self.right)

    def interval(self, minimum: float) -> Interval | None:
        """The 95% interval of that accuracy; None with answers from too few groups."""
        is_answered = self.confidence >= self.minima[np.abs(self.minima - minimum).argmin()]
        groups = None if self.groups is None else self.groups[is_answered]
        return interval_of(self.right[is_answered], groups)

    def minimum_for(self, accuracy: float) -> float | None:
        """The lowest minimum at which the answers are surely so often right; None if they never are.

        That is, the lower end of the interval is: what is chosen on some pictures flatters itself on them.
        """
        for minimum in self.minima:
            interval = self.interval(minimum)
            if interval is not None and interval[0] >= accuracy:
                return float(minimum)
        return None

    @property
    def matters(self) -> bool:
        """Whether there are mistakes, and a minimum that is named leaves some pictures unanswered."""
        return not self.right.all() and any(self.at(minimum)[0] < 1 for minimum in MARKED)

    @property
    def message(self) -> Message:
        """The accuracy of all answers, and of those that some minima leave."""
        found = [(minimum, *self.at(minimum)) for minimum in MARKED]
        details = [
            Message("understand.selective_at", minimum=minimum, answered=answered, accuracy=accuracy)
            for minimum, answered, accuracy in found
            if 0 < answered < 1
        ] or Message("understand.selective_same")
        return Message("understand.selective", accuracy=float(self.accuracy[0]), details=details)

    def __str__(self) -> str:
        return self.message.text()

    def __repr__(self) -> str:
        return brief(self, self.message.text("en"))

    def _repr_html_(self) -> str:
        return with_picture(self, self.plot)

    def plot(self) -> "Plot":
        """The accuracy of the answers over the share of pictures that get one."""
        from whatsit.understand.plots import draw_selective

        marks = {f"min_probability={minimum}": self.at(minimum) for minimum in MARKED}
        return draw_selective(self.answered, self.accuracy, marks)
