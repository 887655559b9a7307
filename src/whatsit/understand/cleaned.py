"""What a review did to pictures that are measured on, and how it flatters the accuracy."""

from dataclasses import dataclass
from typing import Any

from whatsit.config import Split
from whatsit.i18n import Message
from whatsit.text import brief
from whatsit.understand.metrics import pictures_of


@dataclass(frozen=True)
class Measured:
    """How many `images` a model was asked about, and how many of its answers are `right`."""

    right: int
    images: int

    @property
    def accuracy(self) -> float:
        """The share that is right, 0..1; 0 of no images."""
        return self.right / self.images if self.images else 0.0


@dataclass(frozen=True)
class Cleaning:
    """How many pictures of a `split` a review `removed` and `relabeled`.

    `before` is what the same model gets right with all pictures and labels of before, `after` with those of
    today; None where that is not known.
    """

    split: Split
    removed: int
    relabeled: int
    before: Measured | None = None
    after: Measured | None = None

    def __repr__(self) -> str:
        return brief(self, self.message.text("en"))

    @property
    def message(self) -> Message:
        """That they were cleaned, and what that does to the accuracy, as far as it is known."""
        counts = {"removed": self.removed, "relabeled": self.relabeled}
        if self.before is None or self.after is None:
            return Message("cleaned.counts", **counts)
        return Message(
            "cleaned.measured",
            before=self.before.accuracy,
            pictures_before=pictures_of(self.split, self.before.images),
            after=self.after.accuracy,
            pictures=pictures_of(self.split, self.after.images),
            **counts,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; null for an accuracy that is not known."""
        return {
            "removed": self.removed,
            "relabeled": self.relabeled,
            "accuracy_before": self.before and self.before.accuracy,
            "accuracy": self.after and self.after.accuracy,
        }
