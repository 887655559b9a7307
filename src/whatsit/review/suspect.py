"""A picture that may be wrong, why, and what may be decided of it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, overload

from whatsit.config import Choice, Split
from whatsit.i18n import Message
from whatsit.text import brief, in_folder
from whatsit.understand.label_errors import LabelNoise

Reason = Literal["label", "duplicate", "outlier", "quality", "loss"]
RELABEL = "relabel: "  # and a class
LEAKS: dict[Split, str] = {"valid": "suspects.leaks_valid", "test": "suspects.leaks_test"}


@dataclass(frozen=True)
class Suspect:
    """A picture below the image folder, with its most likely `reason` and one sentence of it, `detail`.

    `score` is the estimated chance that something is wrong, 0 to 1, the same scale for all reasons.
    `suggestion` is "keep", "remove" or "relabel: NAME"; `group` the number of its near-duplicates, None where
    nothing resembles it. A model that has not seen it answers `predicted` with its `probability`, "" and NaN
    with too few pictures for one. `content` is the SHA-256 of its bytes in hex: decisions are kept by it.
    """

    path: Path
    content: str
    label: str
    split: Split
    reason: Reason
    score: float
    suggestion: str
    detail: Message
    group: int | None = None
    predicted: str = ""
    probability: float = math.nan

    def __repr__(self) -> str:
        return brief(self, f"{self.reason} {self.score:.2f}, {self.suggestion}, {in_folder(self.path)}")

    def to_dict(self, root: Path) -> dict[str, Any]:
        """For JSON and tables, with the path below `root`, the image folder, if it lies there."""
        path = self.path.relative_to(root) if self.path.is_relative_to(root) else self.path
        return {
            "path": path.as_posix(),
            "label": self.label,
            "reason": self.reason,
            "score": round(self.score, 4),
            "suggestion": self.suggestion,
            "group": self.group,
        }


@dataclass(frozen=True, eq=False)
class Suspects(Sequence[Suspect]):
    """Suspects, best first; `kept` more were left out, since somebody decided about them.

    `noise` is how many labels of each class are estimated to be wrong, None where no answers were asked for.
    `calibration_error` is by how much scores missed the share of faults, on average, where faults are known.
    `leaks` are pictures, by their split, with a near-duplicate that was trained on.
    """

    items: tuple[Suspect, ...]
    kept: int
    noise: LabelNoise | None
    calibration_error: float
    leaks: Mapping[Split, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, place: int) -> Suspect: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Suspect, ...]: ...
    def __getitem__(self, place: int | slice) -> Suspect | tuple[Suspect, ...]:
        return self.items[place]

    def __iter__(self) -> Iterator[Suspect]:
        return iter(self.items)

    def __repr__(self) -> str:
        return brief(self, f"{len(self)} of them, {self.kept} kept ones left out")

    @property
    def notes(self) -> list[Message]:
        """What is worth knowing of the whole list."""
        found = [Message("suspects.few_labels")] if self.noise is None else self.noise.messages
        found += [
            Message(f"suspects.leaks_{split}", count=count) for split, count in self.leaks.items() if count
        ]
        if self.kept:
            found.append(Message("suspects.kept", count=self.kept))
        return [*found, Message("suspects.scale", error=self.calibration_error)]


def parse_choice(text: str) -> tuple[Choice, str | None]:
    """A decision as tables write it, "keep", "remove", "unsure" or "relabel: NAME", and its class.

    Raises ValueError for anything else.
    """
    word, separator, label = text.partition(": ")
    if word == "relabel" and label:
        return "relabel", label
    if separator or word not in ("keep", "remove", "unsure"):
        raise ValueError(text)
    return word, None  # type: ignore[return-value]


def written_choice(choice: Choice, label: str | None = None) -> str:
    """A decision as tables write it."""
    return f"{RELABEL}{label}" if choice == "relabel" else choice
