"""How good it is, in a sentence: what somebody will get who asks it about new pictures."""

import math
from dataclasses import dataclass
from functools import cached_property

from whatsit.i18n import Message
from whatsit.understand import guessing
from whatsit.understand.cleaned import Cleaning
from whatsit.understand.clusters import LEAST
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.learning_curve import FEW
from whatsit.understand.metrics import pictures_of

TO_START = 30  # pictures of a class, at least
SET_ASIDE = ("valid", "test")
WHOLE = ("all", "new")  # pictures whose splits mean nothing: it may be trained on them, or is not
NEW = (*SET_ASIDE, "new")  # pictures that it was not trained on


@dataclass(frozen=True, eq=False)
class Headline:
    """What to say of an interpretation first.

    `left_out` is how many pictures were not measured, because it was trained on them, None where its run is
    not found; `share` is that of each class that is set aside for measuring, if a rule does that; `near` is
    how many pictures are nearly the same as some that it was trained on. `cleaned` is what a review did to
    the pictures.
    """

    of: Interpretation
    left_out: int | None = 0
    share: float | None = None
    near: int = 0
    cleaned: Cleaning | None = None

    @property
    def is_few(self) -> bool:
        """Whether there are too few pictures to promise anything."""
        return len(self.of) < FEW

    @cached_property
    def is_guessing(self) -> bool:
        """Whether it may be no better than guessing; of one class alone nobody can know."""
        evaluation = self.of.evaluation
        return (evaluation.actual > 0).sum() > 1 and guessing.warning(evaluation) is not None

    @property
    def promises(self) -> bool:
        """Whether there is a number to promise."""
        return not self.is_few and not self.is_guessing

    @property
    def is_perfect(self) -> bool:
        """Whether there is something to promise, but no mistake to judge by."""
        return self.promises and self.of.outcomes.right == self.of.outcomes.images

    @property
    def messages(self) -> list[Message]:
        """The sentence, and what must be known before believing it."""
        return [self.said, *self.notes]

    @property
    def said(self) -> Message:
        """The sentence itself."""
        found = self.of.outcomes
        if self.is_few:
            counts = {"right": found.right, "images": found.images, "novel": found.novel}
            return Message("report.few_novel" if found.novel else "report.few", **counts)
        if self.is_guessing:
            expected, _ = guessing.by_chance(self.of.evaluation)
            pictures, right = pictures_of(self.of.split, found.images), self.of.evaluation.right
            return Message("report.guessing", right=right, pictures=pictures, expected=expected)
        if self.is_perfect:
            return self._said_without_mistakes
        novel = round(100 * found.novel / found.images)
        return Message(
            "report.headline" if self.of.split in NEW else "report.headline_these",
            share=in_hundred(found.right / found.images),
            range=self._range,
            novel=Message("report.headline_novel", count=novel) if novel else "",
        )

    @property
    def _said_without_mistakes(self) -> Message:
        found = self.of.outcomes
        pictures = pictures_of(self.of.split, found.images)
        if found.interval is None:
            return Message("report.no_mistake_in", pictures=pictures)
        code = "report.no_mistake" if self.of.split in NEW else "report.no_mistake_these"
        return Message(code, pictures=pictures, low=in_hundred(found.interval[0]))

    @property
    def _range(self) -> Message | str:
        if self.of.outcomes.interval is None:
            return ""
        low, high = map(in_hundred, self.of.outcomes.interval)
        return Message("report.headline_range", low=low, high=high)

    @property
    def notes(self) -> list[Message]:
        """What must be known before believing it."""
        notes = []
        if self.of.outcomes.interval is None:
            notes.append(Message("report.few_groups", groups=self.of.outcomes.groups, least=LEAST))
        if self.is_few and self.is_guessing:
            notes.append(Message("report.few_guessing"))
        if self.start is not None:
            notes.append(self.start)
        if self.of.split == "train":
            notes.append(Message("report.headline_learnt"))
        elif self.of.split not in NEW:
            is_lost = self.left_out is None
            notes.append(Message("report.headline_lost" if is_lost else "report.headline_unknown"))
        if self.left_out:
            code = "report.headline_set_aside" if self.of.split in SET_ASIDE else "report.headline_left_out"
            notes.append(Message(code, count=self.left_out))
        if self.near:
            notes.append(Message("report.headline_near", count=self.near))
        if self.cleaned:
            notes.append(self.cleaned.message)
        return notes

    @property
    def start(self) -> Message | None:
        """How many pictures of a class to begin with, where these are too few."""
        if not self.is_few or self.of.split != "valid" or not self.share:
            return None
        of_class = math.ceil(FEW / len(self.of.classes))  # each class is split on its own
        count = max(TO_START, 10 * math.ceil(of_class / self.share / 10))
        return Message("report.start", count=count, least=FEW)

    @property
    def measured(self) -> Message:
        """The counts behind the sentence."""
        found = self.of.outcomes
        pictures = pictures_of(self.of.split, found.images)
        counts = {"pictures": pictures, "right": found.right, "wrong": found.wrong, "novel": found.novel}
        return Message("report.counted_novel" if found.novel else "report.counted", **counts)

    @property
    def why(self) -> Message | None:
        """What its range means; None without one."""
        if not self.promises:
            return None
        groups = self.of.outcomes.groups
        if self.is_perfect:
            return None if self.of.outcomes.interval is None else Message("report.why_no_mistake")
        return Message("report.why") if groups is None else Message("report.why_groups", groups=groups)


def in_hundred(share: float) -> str:
    """Of a hundred; all or none of them only where it is exactly so."""
    whole = round(100 * share)
    if whole not in (0, 100) or share in (0.0, 1.0):
        return str(whole)
    return f"{min(99.9, max(0.1, 100 * share)):.1f}"
