"""What is worth knowing of a catalog's pictures, in about ten lines."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.duplicates import groups_of_copies
from whatsit.catalog.opening import SPLITS
from whatsit.i18n import Message, say
from whatsit.tables import table
from whatsit.text import brief, printable

Groups = tuple[tuple[Path, ...], ...]
LOPSIDED = 3  # a class with so many times the pictures of another is worth a word


@dataclass(frozen=True)
class Summary:
    """`counts` {label: {split: n}}; `shorter_sides` smallest, median, largest in pixels; groups of copies.

    `near_duplicates` leaves out exact copies; `astride` counts the groups of either kind that lie in more
    than one split.
    """

    root: Path
    images: int
    bytes: int
    counts: dict[str, dict[str, int]]
    split: Message
    formats: dict[str, int]
    shorter_sides: tuple[int, int, int]
    exact_duplicates: Groups
    near_duplicates: Groups
    astride: int
    unreadable: tuple[tuple[Path, Message], ...]
    warnings: tuple[Message, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: paths as text."""
        smallest, median, largest = self.shorter_sides
        return {
            "images": self.images,
            "bytes": self.bytes,
            "classes": self.counts,
            "split": self.split.to_dict(),
            "formats": self.formats,
            "shorter_sides": {"smallest": smallest, "median": median, "largest": largest},
            "exact_duplicates": [list(map(str, group)) for group in self.exact_duplicates],
            "near_duplicates": [list(map(str, group)) for group in self.near_duplicates],
            "astride": self.astride,
            "unreadable": [
                {"path": str(path), "reason": reason.to_dict()} for path, reason in self.unreadable
            ],
            "warnings": [warning.to_dict() for warning in self.warnings],
        }

    def lines(self) -> list[Message]:
        """What is worth knowing, a message per line."""
        if not self.images:
            return [Message("summary.empty", folder=self.root)]
        sizes = {"count": self.images, "classes": len(self.counts), "megabytes": self.bytes / 1e6}
        low, median, high = self.shorter_sides
        sides = (
            Message("summary.sides", low=low, high=high, median=median)
            if low < high
            else Message("summary.side", side=low)
        )
        formats = [f"{name} {count}" for name, count in self.formats.items()]
        lines = [
            Message("summary.pictures", folder=self.root, **sizes),
            Message("summary.split", counts=self._splits(), rule=self.split),
            self._balance(),
            sides,
            Message("summary.formats", formats=formats),
            self._copies(),
        ]
        if self.astride:
            lines.append(Message("summary.in_several_splits", count=self.astride))
        if self.unreadable:
            (path, reason), count = self.unreadable[0], len(self.unreadable)
            name = os.path.relpath(path, self.root)
            if count == 1:
                lines.append(Message("summary.unreadable", name=name, reason=reason))
            else:
                several = {"count": count, "name": name, "reason": reason}
                lines.append(Message("summary.several_unreadable", **several))
        return [*lines, *(Message("summary.note", warning=warning) for warning in self.warnings)]

    def __str__(self) -> str:
        return "\n".join(map(printable, self.lines()))

    def __repr__(self) -> str:
        copies = sum(len(group) - 1 for group in (*self.exact_duplicates, *self.near_duplicates))
        found = {"copies": copies, "unreadable": len(self.unreadable), "warnings": len(self.warnings)}
        counts = "".join(f", {count} {what}" for what, count in found.items() if count)
        return brief(self, f"{self.images} pictures of {len(self.counts)} classes{counts}")

    def _repr_html_(self) -> str:
        title, *notes = str(self).splitlines()
        rows = ((label, sum(count.values()), *count.values()) for label, count in self.counts.items())
        return table(columns_of_counts(), rows, title, notes)

    def _splits(self) -> list[Message]:
        names = zip(SPLITS, ("summary.train", "summary.valid", "summary.test"), strict=True)
        numbers = ((code, sum(count[split] for count in self.counts.values())) for split, code in names)
        return [Message(code, count=number) for code, number in numbers if number]

    def _balance(self) -> Message:
        totals = {label: sum(count.values()) for label, count in self.counts.items()}
        smallest, largest = min(totals, key=totals.__getitem__), max(totals, key=totals.__getitem__)
        least, most = totals[smallest], totals[largest]
        if least == most:
            return Message("summary.balanced", count=most)
        code = "summary.uneven" if most >= LOPSIDED * least else "summary.from_to"
        return Message(code, least=least, smallest=smallest, most=most, largest=largest)

    def _copies(self) -> Message:
        kinds = []
        for groups, code in (
            (self.exact_duplicates, "summary.same"),
            (self.near_duplicates, "summary.nearly_same"),
        ):
            if count := sum(len(group) - 1 for group in groups):
                example = " = ".join(os.path.relpath(path, self.root) for path in groups[0][:2])
                kinds.append(Message(code, count=count, example=example + (", ..." if count > 1 else "")))
        return Message("summary.copies", kinds=kinds) if kinds else Message("summary.no_copies")


def columns_of_counts() -> dict[str, str]:
    """The columns of a table of counts, with the formats of their numbers."""
    return {say("summary.class"): "", **dict.fromkeys((say("summary.all"), *SPLITS), ",")}


def summarize(
    root: Path,
    paths: Sequence[str],
    rows: NDArray[np.void],
    counts: dict[str, dict[str, int]],
    split: Message,
    unreadable: tuple[tuple[Path, Message], ...],
    warnings: tuple[Message, ...],
) -> Summary:
    """Compare all pictures with each other: `paths` (n,) below `root`, and `rows` (n,) of the index."""
    exact, near = groups_of_copies(rows["content"], rows["hash"])
    across_splits = [group for group in (*exact, *near) if len(set(rows["split"][group])) > 1]

    def files(groups: list[NDArray[np.int64]]) -> Groups:
        return tuple(tuple(root / paths[place] for place in group) for group in groups)

    shorter = np.minimum(rows["width"], rows["height"]) if len(rows) else np.zeros(1, int)
    return Summary(
        root,
        len(rows),
        int(rows["bytes"].sum()),
        counts,
        split,
        {name.decode(): count for name, count in Counter(rows["format"].tolist()).most_common()},
        (int(shorter.min()), int(np.median(shorter)), int(shorter.max())),
        files(exact),
        files(near),
        len(across_splits),
        unreadable,
        warnings,
    )
