"""Labels that answers contradict: which ones, and how many of each class.

Answers are probabilities of pictures that were not trained on. Confident learning (Northcutt, Jiang and
Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021) counts with cleanlab how many
pictures labeled as one class show another, and that says how much an answer weighs against a label.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.extras import needing
from whatsit.i18n import Message
from whatsit.text import brief
from whatsit.understand.confident import estimate_joint

LEAST = 5  # pictures of a direction, from which it is worth a warning
RARELY = 0.01  # the chance that errors of both directions are as lopsided as that, if they are equally likely
SMALLEST = 1e-12
SHOWN = 0.0005  # a rate that is not 0.0%


@dataclass(frozen=True)
class Direction:
    """About `count` pictures that show one class are labeled as another, and `back` the other way round."""

    label: str
    shows: str
    count: int
    back: int

    @property
    def is_lopsided(self) -> bool:
        """Whether chance hardly makes one of the directions so much more frequent (a sign test)."""
        total = self.count + self.back
        tail = sum(math.comb(total, more) for more in range(self.count, total + 1)) / 2**total
        return self.count >= LEAST and tail <= RARELY

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "lopsided": self.is_lopsided}


@dataclass(frozen=True, eq=False, repr=False)
class LabelNoise:
    """How many pictures labeled as one class show another, as estimated: `joint` (classes, classes).

    Rows are the labels, columns what the pictures show; all of it sums to the number of pictures.
    """

    classes: tuple[str, ...]
    joint: NDArray[np.float64]

    def __repr__(self) -> str:
        return brief(self, f"{self.rate:.1%} of the labels look wrong")

    @property
    def rate(self) -> float:
        """The share of all pictures whose label is wrong, 0 to 1."""
        total = float(self.joint.sum())
        return 1 - float(np.trace(self.joint)) / total if total else 0.0

    def of_classes(self) -> dict[str, float]:
        """Of the pictures that are labeled as each class, the share whose label is wrong."""
        rows = self.joint.sum(1)
        shares = 1 - np.diag(self.joint) / np.maximum(rows, SMALLEST)
        return {label: float(share) for label, share in zip(self.classes, shares, strict=True)}

    def directions(self) -> list[Direction]:
        """The mistakes between two classes that were made about once at least, the most frequent first."""
        counts = np.rint(self.joint).astype(int)
        np.fill_diagonal(counts, 0)
        found = [
            Direction(self.classes[i], self.classes[j], int(counts[i, j]), int(counts[j, i]))
            for i, j in zip(*np.nonzero(counts), strict=True)
        ]
        return sorted(found, key=lambda one: (-one.count, one.label, one.shows))

    @property
    def messages(self) -> list[Message]:
        """How many labels look wrong, and a warning where they are lopsided."""
        directions = self.directions()
        if not directions:
            return [Message("suspects.little_noise", rate=self.rate)] if self.rate >= SHOWN else []
        most = directions[0]
        named = {"label": most.label, "shows": most.shows, "count": most.count}
        found = [Message("suspects.noise", rate=self.rate, **named)]
        lopsided = [one for one in directions if one.is_lopsided]
        return found + [Message("suspects.lopsided", **vars(one)) for one in lopsided[:1]]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        directions = [one.to_dict() for one in self.directions()]
        return {"rate": self.rate, "classes": self.of_classes(), "directions": directions}


def doubts(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log odds (n,) that a picture does not show its label, given `probabilities` (n, classes).

    Of cleanlab's rankings this one, by self-confidence, finds most wrong labels: docs/decisions.md. Raises
    MissingError without cleanlab.
    """
    with needing(Message("suspects.this")):
        from cleanlab.rank import get_self_confidence_for_each_label

    own = np.clip(get_self_confidence_for_each_label(labels, probabilities), SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log1p(-own) - np.log(own))


def find_label_errors(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which labels (n,) are wrong by confident learning, given `probabilities` (n, classes).

    Raises MissingError without cleanlab.
    """
    with needing(Message("suspects.this")):
        from cleanlab.filter import find_label_issues

    found: NDArray[np.bool_] = find_label_issues(labels, probabilities, n_jobs=1)
    return found


def estimate_noise(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], classes: tuple[str, ...]
) -> LabelNoise:
    """How many labels of each class are wrong, and what these pictures show, given as for `doubts`."""
    return LabelNoise(classes, estimate_joint(labels, probabilities))
