"""Suspects as the pages of a review are answered, and what is said of decisions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whatsit.config import Choice
from whatsit.i18n import say
from whatsit.review.suspect import Suspect, written_choice
from whatsit.text import printable

Wish = tuple[int, Choice, str | None]  # about a suspect, by its number
DECIDED = {"keep": "review.is_kept", "remove": "review.is_removed", "relabel": "review.is_relabeled"}


@dataclass(frozen=True)
class Row:
    """A suspect as it is now, and what was decided about it in this review; `key` names it to the pages."""

    key: str
    suspect: Suspect
    decision: tuple[Choice, str | None] | None = None

    @property
    def is_removed(self) -> bool:
        """Whether it was decided to remove it."""
        return self.decision is not None and self.decision[0] == "remove"

    @property
    def _suggestion(self) -> str:
        """What is suggested; what was decided, once it is."""
        if self.decision is None or self.decision[0] == "unsure":
            return self.suspect.suggestion
        return written_choice(*self.decision)

    @property
    def _detail(self) -> str:
        """Why it is a suspect; what was decided, once it is."""
        if self.decision is None or self.decision[0] == "unsure":
            return self.suspect.detail.text()
        label = printable(self.suspect.label)
        return say(DECIDED[self.decision[0]], label=label)

    def to_dict(self, root: Path) -> dict[str, Any]:
        """For a page, in the language of this block."""
        one = self.suspect
        return {
            "key": self.key,
            "content": one.content,
            "path": printable(one.to_dict(root)["path"]),
            "label": printable(one.label),
            "split": one.split,
            "reason": one.reason,
            "score": one.score,
            "suggestion": printable(self._suggestion),
            "group": one.group,
            "detail": self._detail,
            "predicted": printable(one.predicted),
            "probability": one.probability if one.predicted else None,
            "decision": self.decision
            and {"choice": self.decision[0], "label": printable(self.decision[1] or "")},
        }


def best_left(like: Mapping[int, Row], sizes: Mapping[int, int]) -> int | None:
    """The largest of near-duplicates, by number, that should stay since the one that was to stay is removed.

    None where none has to, or somebody decided about one that is left.
    """
    originals = [row for row in like.values() if row.suspect.suggestion != "remove"]
    left = [number for number, row in like.items() if not row.is_removed]
    if (
        not originals
        or not all(row.is_removed for row in originals)
        or any(like[one].decision for one in left)
    ):
        return None
    return max(left, key=lambda number: (sizes[number], -number), default=None)


def said_of(done: Sequence[Wish], has_folders: bool) -> str:
    """What was done, in sentences; where labels are not folders, no file was moved."""
    counts = Counter((choice, label) for _, choice, label in done)
    codes = {"keep": "review.kept", "remove": "review.removed" if has_folders else "review.left_out"}
    words = []
    for (choice, label), count in counts.items():
        if label:
            words.append(say("review.relabeled", count=count, label=printable(label)))
        else:
            words.append(say(codes.get(choice, "review.unsure"), count=count))
    return " ".join(words)
