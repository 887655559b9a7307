"""How often is it right, and how sure is that number?"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.i18n import Message
from whatsit.tables import table
from whatsit.text import brief
from whatsit.understand.clusters import LEAST, Interval, count_groups, interval_of, wilson

MOST_SHOWN = 30  # classes in a confusion matrix that people are to read
Metric = Callable[[NDArray[np.int64], NDArray[np.floating]], float]


def predicted(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """The place of the largest of each row (n, classes); -1, not a class, where some are not finite.

    The largest of numbers with NaN among them would be the first NaN, and class 0 right by accident.
    """
    return np.where(np.isfinite(probabilities).all(1), probabilities.argmax(1), -1)


def accuracy(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """The share of pictures, 0..1, whose class gets the highest of `probabilities` (n, classes)."""
    return float((predicted(probabilities) == labels).mean())


def error_rate(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """1 - accuracy."""
    return 1 - accuracy(labels, probabilities)


def top_k(k: int) -> Metric:
    """A metric: the share of pictures whose class is among the `k` likeliest."""

    def metric(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
        likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
        is_number = np.isfinite(probabilities).all(1)
        return float(((likeliest == labels[:, None]).any(1) & is_number).mean())

    metric.__name__ = f"top_{k}"
    return metric


def f1(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """The mean over all classes of F1, the harmonic mean of precision and recall."""
    names = [str(number) for number in range(probabilities.shape[1])]
    return float(np.mean([row["f1"] for row in evaluate(labels, probabilities, names).per_class().values()]))


METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "error_rate": error_rate,
    "f1": f1,
    "top_2": top_k(2),
    "top_3": top_k(3),
    "top_5": top_k(5),
}


PICTURES = {
    "train": "understand.train_pictures",
    "valid": "understand.valid_pictures",
    "test": "understand.test_pictures",
    "all": "understand.all_pictures",
    "new": "understand.new_pictures",
}


@dataclass(frozen=True)
class Evaluation:
    """`confusion` (classes, classes) counts pictures by actual class (row) and predicted class (column).

    `unanswered` (classes,), or None for none, counts by actual class those whose answer is not a number. They
    are wrong.
    `grouped` (3, n), where some pictures belong together, are their actual and predicted classes and groups.
    """

    classes: list[str]
    confusion: NDArray[np.int64]
    unanswered: NDArray[np.int64] | None = None
    grouped: NDArray[np.int64] | None = None

    @property
    def message(self) -> Message:
        """The accuracy and its interval."""
        return self.message_of("all")

    def message_of(self, split: str) -> Message:
        """The same, naming the split that the pictures are of."""
        if not self.images:
            return Message("understand.nothing_measured")
        return Message(
            "understand.evaluation",
            right=self.right,
            pictures=pictures_of(split, self.images),
            accuracy=self.accuracy,
            range=self.range_in_words,
        )

    def __str__(self) -> str:
        return self.message.text()

    def __repr__(self) -> str:
        return brief(self, self.message.text("en"))

    def _repr_html_(self) -> str:
        columns = {
            "class": "",
            "pictures": ",",
            "right": ",",
            "recall": ".1%",
            "precision": ".1%",
            "F1": ".1%",
            "predicted as": "",
        }
        facts = self.per_class()
        places, left_out = self.most_confused_classes()
        rows = []
        for place in places:
            label = self.classes[place]
            one, hits = facts[label], int(self.confusion[place, place])
            recall = one["recall"] if one["images"] else None
            precision = one["precision"] if one["predicted"] else None
            rows.append((label, one["images"], hits, recall, precision, one["f1"], self._taken_for(place)))
        more = f"and {left_out} classes with fewer mistakes"
        return table(columns, rows, self, [more] if left_out else [])

    def _taken_for(self, place: int, most: int = 3) -> str:
        """What the pictures of a class are most often mistaken for, in words."""
        mistakes = self.confusion[place].copy()
        mistakes[place] = 0
        likeliest = np.argsort(-mistakes, kind="stable")[:most]
        confused = [f"{self.classes[other]} ({mistakes[other]})" for other in likeliest if mistakes[other]]
        rest = int((mistakes > 0).sum()) - len(confused)
        return ", ".join([*confused, f"{rest} others"] if rest else confused)

    @property
    def actual(self) -> NDArray[np.int64]:
        """How many pictures there are of each class (classes,)."""
        counts: NDArray[np.int64] = self.confusion.sum(1)
        return counts if self.unanswered is None else counts + self.unanswered

    @property
    def images(self) -> int:
        return int(self.actual.sum())

    @property
    def right(self) -> int:
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        return self.right / self.images if self.images else math.nan

    @property
    def error_rate(self) -> float:
        return 1 - self.accuracy

    @property
    def groups(self) -> int | None:
        """How many groups of pictures there are; None where each stands on its own."""
        return None if self.grouped is None else count_groups(self.grouped[2])

    @property
    def interval(self) -> Interval | None:
        """The 95% interval of the accuracy; None with pictures of too few groups."""
        if self.grouped is None:
            return wilson(self.right, self.images)
        actual, predicted, groups = self.grouped
        return interval_of(actual == predicted, groups)

    @property
    def range_in_words(self) -> Message:
        """The interval, or why there is none."""
        if self.interval is None:
            return Message("understand.no_interval", groups=self.groups, least=LEAST)
        low, high = self.interval
        if self.groups is None:
            return Message("understand.interval", low=low, high=high)
        return Message("understand.interval_groups", low=low, high=high, groups=self.groups)

    def per_class(self) -> dict[str, dict[str, Any]]:
        """Pictures, predictions, precision, recall and F1 of every class, and their intervals.

        Shares are 0 where nothing was predicted or present; `intervals` are 95% intervals of the three, None
        with pictures of too few groups.
        """
        rows: dict[str, dict[str, Any]] = {}
        for number, label in enumerate(self.classes):
            hits = int(self.confusion[number, number])
            actual, predicted = int(self.actual[number]), int(self.confusion[:, number].sum())
            rows[label] = {
                "images": actual,
                "predicted": predicted,
                "precision": hits / predicted if predicted else 0.0,
                "recall": hits / actual if actual else 0.0,
                "f1": 2 * hits / (actual + predicted) if actual + predicted else 0.0,
                "intervals": self._intervals(number, hits, actual, predicted),
            }
        return rows

    def _intervals(self, number: int, hits: int, actual: int, predicted: int) -> dict[str, Interval | None]:
        """Those of a class's precision, recall and F1.

        F1 rises with the share of hits among pictures that are of the class or predicted as it, and that is a
        proportion.
        """
        if self.grouped is None:
            return {
                "precision": wilson(hits, predicted),
                "recall": wilson(hits, actual),
                "f1": _f1_of(wilson(hits, actual + predicted - hits)),
            }
        is_actual, is_predicted = self.grouped[:2] == number
        groups = self.grouped[2]
        of_either = interval_of(
            (is_actual & is_predicted)[is_actual | is_predicted], groups[is_actual | is_predicted]
        )
        return {
            "precision": interval_of(is_actual[is_predicted], groups[is_predicted]),
            "recall": interval_of(is_predicted[is_actual], groups[is_actual]),
            "f1": None if of_either is None else _f1_of(of_either),
        }

    def most_confused(self, min: int = 1) -> list[tuple[str, str, int]]:
        """(actual, predicted, count) of mistakes made at least `min` times, the most frequent first."""
        mistakes = [
            (self.classes[actual], self.classes[predicted], int(self.confusion[actual, predicted]))
            for actual, predicted in np.argwhere((self.confusion > 0) & (self.confusion >= min)).tolist()
            if actual != predicted
        ]
        return sorted(mistakes, key=lambda mistake: -mistake[2])

    def most_confused_classes(self, most: int = MOST_SHOWN) -> tuple[list[int], int]:
        """Places of up to `most` classes with the most mistakes, in order, and how many are left out."""
        mistakes = self.confusion - np.diag(np.diag(self.confusion))
        order = np.argsort(-(mistakes.sum(0) + mistakes.sum(1)), kind="stable")[:most]
        return sorted(order.tolist()), max(0, len(self.classes) - most)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return {
            "accuracy": self.accuracy,
            "interval": None if self.interval is None else list(self.interval),
            "error_rate": self.error_rate,
            "images": self.images,
            "unanswered": 0 if self.unanswered is None else int(self.unanswered.sum()),
            "groups": self.groups,
            "per_class": self.per_class(),
            "confusion": self.confusion.tolist(),
            "classes": self.classes,
        }


def evaluate(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    classes: list[str],
    groups: NDArray[np.int64] | None = None,
) -> Evaluation:
    """Count predictions, the largest of `probabilities` (n, classes), against `labels` (n,).

    `groups` (n,) are equal for pictures that belong together: they make intervals wider.
    """
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    if not len(labels):
        return Evaluation(classes, confusion)
    predictions = predicted(probabilities)
    is_answer = predictions >= 0
    np.add.at(confusion, (labels[is_answer], predictions[is_answer]), 1)
    unanswered = np.bincount(labels[~is_answer], minlength=len(classes))
    return Evaluation(
        classes,
        confusion,
        unanswered if unanswered.any() else None,
        None if groups is None else np.stack([labels, predictions, groups]),
    )


def pictures_of(split: str, count: int) -> Message:
    """So many pictures of a split: "48 test pictures"."""
    if split not in PICTURES:
        return Message("understand.other_pictures", count=count, split=split)
    return Message(PICTURES[split], count=count)


def _f1_of(shares: Interval) -> Interval:
    low, high = (2 * share / (1 + share) for share in shares)
    return low, high
