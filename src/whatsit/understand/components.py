"""What it looks at: the main directions in which pictures differ for it, each shown by both its ends."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whatsit.i18n import Message
from whatsit.text import brief
from whatsit.understand.principal import principal

MOST = 5000  # pictures are enough to find the directions


@dataclass(frozen=True)
class Component:
    """One direction: the `share` of all differences that it explains, 0..1, and places of pictures.

    `low` and `high` are those at its two ends, the outermost first; the labels say what they mostly are.
    """

    share: float
    low: list[int]
    high: list[int]
    low_labels: list[str]
    high_labels: list[str]

    @property
    def message(self) -> Message:
        """From what to what it leads."""
        return Message("understand.component", low=_named(self.low_labels), high=_named(self.high_labels))

    def __str__(self) -> str:
        return self.message.text()

    def __repr__(self) -> str:
        return brief(self, f"{self.share:.0%} of all differences, {self.message.text('en')}")


def components(
    features: NDArray[np.floating],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    n: int = 4,
    pictures: int = 6,
) -> list[Component]:
    """The `n` principal components of features (n, width); which end is high says nothing."""
    if not len(features) or n < 1:
        return []
    centered = features - features.mean(0)
    some = centered[:: -(-len(centered) // MOST)]
    squares, directions = principal(some, n)
    total = float((some.astype(np.float64) ** 2).sum()) or 1.0
    found = []
    for square, direction in zip(squares, directions, strict=True):
        # A sign of its own: the sum of cubes points to the longer tail.
        along = centered @ direction
        along = along if (along**3).sum() >= 0 else -along
        order = np.argsort(along, kind="stable")
        half = max(1, min(pictures, len(order) // 2))
        low, high = order[:half].tolist(), order[::-1][:half].tolist()
        low_labels, high_labels = (_mostly([classes[labels[place]] for place in end]) for end in (low, high))
        found.append(Component(float(square) / total, low, high, low_labels, high_labels))
    return found


def _named(labels: Sequence[str]) -> Message | str:
    """One class or two of them."""
    return Message("understand.two_classes", one=labels[0], other=labels[1]) if labels[1:] else labels[0]


def _mostly(labels: list[str]) -> list[str]:
    """The one label that more than half have, or else the two commonest."""
    (first, count), *others = Counter(labels).most_common()
    return [first] if count > len(labels) / 2 or not others else [first, others[0][0]]
