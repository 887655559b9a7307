"""What collecting brought: counts for each class."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whatsit.collection.manifest import Row
from whatsit.i18n import Message
from whatsit.tables import table
from whatsit.text import brief, ending


@dataclass(frozen=True)
class Tally:
    """Of one class: addresses found, files that arrived whole, and of these duplicates, broken ones and kept.

    `waiting` have not been fetched yet; `reasons` has why others are not kept, and how often.
    """

    found: int = 0
    downloaded: int = 0
    duplicates: int = 0
    broken: int = 0
    kept: int = 0
    waiting: int = 0
    reasons: Mapping[Message, int] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        """The counts in words."""
        return Message(
            "collecting.tally",
            kept=self.kept,
            found=self.found,
            duplicates=self.duplicates,
            broken=self.broken,
            missing=self.found - self.downloaded,
        )

    def __str__(self) -> str:
        return self.message.text()

    def __repr__(self) -> str:
        return brief(self, self.message.text("en"))

    @classmethod
    def of(cls, rows: Sequence[Row], known: Mapping[str, Message] | None = None) -> "Tally":
        """Count rows of a manifest; `known` has messages for their English reasons."""
        known = known or {}
        count = Counter(row.status for row in rows)
        return cls(
            found=len(rows),
            downloaded=len(rows) - count["waiting"] - count["failed"],
            duplicates=count["duplicate"],
            broken=count["broken"],
            kept=count["kept"] + count["new"],
            waiting=count["waiting"],
            reasons=Counter(
                known.get(row.error) or Message.of(row.error)
                for row in rows
                if row.error and row.status in ("failed", "broken", "waiting", "removed")
            ),
        )

    def to_dict(self) -> dict[str, int]:
        """The five counts that matter, for JSON."""
        return {name: getattr(self, name) for name in ("found", "downloaded", "duplicates", "broken", "kept")}


@dataclass(frozen=True)
class Collection:
    """What collecting brought: a tally per class, where the manifest is, and what else is worth knowing."""

    folder: Path
    manifest: Path
    classes: Mapping[str, Tally]
    notes: Sequence[Message] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "classes": {label: tally.to_dict() for label, tally in self.classes.items()},
            "manifest": str(self.manifest),
            "notes": [note.to_dict() for note in self.notes],
        }

    def __str__(self) -> str:
        lines = [
            Message("collecting.of_class", label=label, tally=tally) for label, tally in self.classes.items()
        ]
        return "\n".join(map(str, [*lines, *self.notes, self._place]))

    def __repr__(self) -> str:
        return brief(self, f"{self.message.text('en')}, in {ending(self.folder)}")

    def _repr_html_(self) -> str:
        columns = {
            "class": "",
            **dict.fromkeys(("kept", "found", "duplicates", "broken", "not downloaded"), ","),
        }
        rows = (
            (
                label,
                one.kept,
                one.found,
                one.duplicates,
                one.broken,
                one.found - one.downloaded,
                _reasons(one),
            )
            for label, one in self.classes.items()
        )
        notes = [*self.notes, self._place]
        return table({**columns, "why not": ""}, rows, f"{self.message}.", notes)

    @property
    def _place(self) -> Message:
        return Message("collecting.place", path=self.manifest)

    @property
    def message(self) -> Message:
        """How many pictures were kept of how many."""
        tallies = self.classes.values()
        kept, found = sum(one.kept for one in tallies), sum(one.found for one in tallies)
        return Message("collecting.total", kept=kept, found=found, classes=len(tallies))


def _reasons(tally: Tally, most: int = 2) -> str:
    """The commonest reasons why pictures are not kept."""
    commonest = Counter(tally.reasons).most_common(most)
    return "; ".join(f"{reason} ({count})" for reason, count in commonest)
