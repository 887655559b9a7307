"""What came of collecting: counts for each class."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whatsit.collection.manifest import Row
from whatsit.tables import table
from whatsit.text import brief, ending


@dataclass(frozen=True)
class Tally:
    """Of one class: addresses found, files that arrived whole, and of these duplicates, broken ones and kept.

    `waiting` have not been fetched yet; `reasons` says why others are not kept, and how often.
    """

    found: int = 0
    downloaded: int = 0
    duplicates: int = 0
    broken: int = 0
    kept: int = 0
    waiting: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"{self.kept} kept of {self.found} found ({self.duplicates} duplicates, {self.broken} broken, "
            f"{self.found - self.downloaded} not downloaded)"
        )

    def __repr__(self) -> str:
        return brief(self, self)

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Tally":
        """Count rows of a manifest."""
        count = Counter(row.status for row in rows)
        return cls(
            found=len(rows),
            downloaded=len(rows) - count["waiting"] - count["failed"],
            duplicates=count["duplicate"],
            broken=count["broken"],
            kept=count["kept"] + count["new"],
            waiting=count["waiting"],
            reasons=Counter(
                row.error for row in rows if row.error and row.status in ("failed", "broken", "waiting")
            ),
        )

    def to_dict(self) -> dict[str, int]:
        """The five counts that matter, for JSON."""
        return {name: getattr(self, name) for name in ("found", "downloaded", "duplicates", "broken", "kept")}


@dataclass(frozen=True)
class Collection:
    """What came of collecting: a tally per class, where the manifest is, and what else is worth knowing."""

    folder: Path
    manifest: Path
    classes: Mapping[str, Tally]
    notes: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "classes": {label: tally.to_dict() for label, tally in self.classes.items()},
            "manifest": str(self.manifest),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [f"{label}: {tally}" for label, tally in self.classes.items()]
        return "\n".join([*lines, *self.notes, f"manifest: {self.manifest}"])

    def __repr__(self) -> str:
        return brief(self, f"{self._total}, in {ending(self.folder)}")

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
        notes = [*self.notes, f"manifest: {self.manifest}"]
        return table({**columns, "why not": ""}, rows, f"{self._total}.", notes)

    @property
    def _total(self) -> str:
        tallies = self.classes.values()
        kept, found = sum(one.kept for one in tallies), sum(one.found for one in tallies)
        classes = "1 class" if len(tallies) == 1 else f"{len(tallies)} classes"
        return f"{kept:,} pictures kept of {found:,} found, {classes}"


def _reasons(tally: Tally, most: int = 2) -> str:
    """The commonest reasons why pictures are not kept."""
    commonest = Counter(tally.reasons).most_common(most)
    return "; ".join(f"{reason} ({count})" for reason, count in commonest)
