"""Is a training better than the one before it, once labels were corrected and pictures removed?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from whatsit.i18n import Message
from whatsit.project import Answered, FinishedRun
from whatsit.text import brief
from whatsit.understand.clusters import LEAST
from whatsit.understand.comparison import Difference, paired
from whatsit.understand.metrics import pictures_of
from whatsit.understand.scoring import score


@dataclass(frozen=True)
class Compared:
    """A training beside the run before it, on the validation pictures of both, with their labels of today.

    Of these `images` the earlier one is right on `right_before`, the later one on `right`; `difference` is
    how much higher the error rate of the later one is. The earlier one was measured on `images_then`
    pictures, and right on `right_then`: of the shared ones `relabeled` have another label today, `missing`
    others are not measured any more. `fresh` are validation pictures of the later one alone. `groups` is how
    many groups the shared pictures are of, None where each is on its own.
    """

    run: str
    images: int
    right_before: int
    right: int
    difference: Difference
    images_then: int
    right_then: int
    relabeled: int
    missing: int
    fresh: int
    groups: int | None = None

    def __repr__(self) -> str:
        return brief(self, f"run {self.run}: {self.messages()[0].text('en')}")

    @property
    def has_interval(self) -> bool:
        """Whether there are groups enough to know what may be chance."""
        return self.groups is None or self.groups >= LEAST

    @property
    def is_other_data(self) -> bool:
        """Whether labels or pictures differ from those that the earlier one was measured by."""
        return bool(self.relabeled or self.missing or self.fresh)

    def messages(self) -> list[Message]:
        """The comparison in sentences: the numbers, whether that may be chance, and what the data changed."""
        found = [self._numbers, self._verdict]
        if self.is_other_data:
            then = 1 - self.right_then / self.images_then
            found.append(Message("previous.then", run=self.run, then=then, changes=self._changes))
        return found

    @property
    def _changes(self) -> list[Message]:
        counts = {
            "previous.relabeled": self.relabeled,
            "previous.missing": self.missing,
            "previous.fresh": self.fresh,
        }
        return [Message(code, count=count) for code, count in counts.items() if count]

    @property
    def _numbers(self) -> Message:
        values = {
            "run": self.run,
            "pictures": pictures_of("valid", self.images),
            "now": 1 - self.right / self.images,
            "before": 1 - self.right_before / self.images,
        }
        if not self.has_interval:
            return Message("previous.without_interval", **values)
        points = {name: 100 * getattr(self.difference, name) for name in ("difference", "low", "high")}
        return Message("previous.compared", **points, **values)

    @property
    def _verdict(self) -> Message:
        if not self.has_interval:
            return Message("previous.few_groups", groups=self.groups, least=LEAST)
        if not self.difference.is_clear:
            return Message("previous.chance", points=50 * (self.difference.high - self.difference.low))
        return Message("previous.better" if self.difference.high < 0 else "previous.worse")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; error rates, and how much higher the later one's is, with its 95 % interval."""
        found, has_interval = self.difference, self.has_interval
        span = [found.low, found.high] if has_interval else [None, None]
        return {
            "run": self.run,
            "images": self.images,
            "error_rate_then": 1 - self.right_then / self.images_then,
            "error_rate_before": 1 - self.right_before / self.images,
            "error_rate": 1 - self.right / self.images,
            "difference": [found.difference, *span],
            "is_clear": has_interval and found.is_clear,
            "relabeled": self.relabeled,
            "missing": self.missing,
            "fresh": self.fresh,
        }


def compare(run: FinishedRun, answers: Mapping[str, Answered]) -> Compared | None:
    """The run beside a later training, whose `answers` to its validation pictures have their labels of today.

    None where they share no validation pictures, the run kept no answers, or half of their labels are others:
    then it was another task.
    """
    now = {content: answer for content, answer in answers.items() if content in run.answers}
    if not now:
        return None
    then = replace(run, answers={content: run.answers[content] for content in now})
    scored = score(then, {content: (answer.label,) for content, answer in now.items()})
    if 2 * scored.changed >= len(now):
        return None
    right = {content: answer.label == answer.predicted for content, answer in now.items()}
    known = {content: answer.group for content, answer in now.items() if answer.group is not None}
    groups = known if len(known) == len(now) else None
    return Compared(
        run.name,
        len(now),
        sum(scored.right.values()),
        sum(right.values()),
        paired(right, scored.right, groups),
        len(run.right),
        sum(run.right.values()),
        scored.changed,
        len(run.answers) - len(now),
        len(answers) - len(now),
        None if groups is None else len(set(groups.values())),
    )
