"""What is worth knowing of a catalog's pictures, in about ten lines."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.duplicates import near_duplicates
from whatsit.catalog.opening import SPLITS
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
    split: str
    formats: dict[str, int]
    shorter_sides: tuple[int, int, int]
    exact_duplicates: Groups
    near_duplicates: Groups
    astride: int
    unreadable: tuple[tuple[Path, str], ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: paths as text."""
        smallest, median, largest = self.shorter_sides
        return {
            "images": self.images,
            "bytes": self.bytes,
            "classes": self.counts,
            "split": self.split,
            "formats": self.formats,
            "shorter_sides": {"smallest": smallest, "median": median, "largest": largest},
            "exact_duplicates": [list(map(str, group)) for group in self.exact_duplicates],
            "near_duplicates": [list(map(str, group)) for group in self.near_duplicates],
            "astride": self.astride,
            "unreadable": [{"path": str(path), "reason": reason} for path, reason in self.unreadable],
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        if not self.images:
            return printable(f"0 pictures in {self.root}")
        totals = {label: sum(count.values()) for label, count in self.counts.items()}
        splits = {split: sum(count[split] for count in self.counts.values()) for split in SPLITS}
        smallest, largest = min(totals, key=totals.__getitem__), max(totals, key=totals.__getitem__)
        low, median, high = self.shorter_sides
        lopsided = totals[largest] >= LOPSIDED * totals[smallest]
        copies = [
            self._describe(self.exact_duplicates, "the same"),
            self._describe(self.near_duplicates, "nearly the same"),
        ]
        lines = [
            f"{self.images} pictures of {len(totals)} classes in {self.root} ({self.bytes / 1e6:.1f} MB)",
            "split: " + ", ".join(f"{split} {n}" for split, n in splits.items() if n) + f" ({self.split})",
            "balance: "
            + (
                f"{totals[largest]} in every class"
                if totals[smallest] == totals[largest]
                else f"from {totals[smallest]} ({smallest}) to {totals[largest]} ({largest}) in a class"
            )
            + (": rather uneven" if lopsided else ""),
            f"size: the shorter side has {low} to {high} pixels, {median} in the middle",
            "formats: " + ", ".join(f"{name} {count}" for name, count in self.formats.items()),
            f"copies: {'; '.join(filter(None, copies)) or 'none'}",
        ]
        if self.astride:
            lines.append(
                f"careful: {self.astride} of these groups lie on both sides of the split, which flatters "
                "the accuracy"
            )
        if self.unreadable:
            path, reason = self.unreadable[0]
            files = "1 file" if len(self.unreadable) == 1 else f"{len(self.unreadable)} files, as"
            lines.append(f"left alone: {files} {path.name}: {reason}")
        return "\n".join(map(printable, [*lines, *(f"note: {warning}" for warning in self.warnings)]))

    def __repr__(self) -> str:
        copies = sum(len(group) - 1 for group in (*self.exact_duplicates, *self.near_duplicates))
        found = {"copies": copies, "unreadable": len(self.unreadable), "warnings": len(self.warnings)}
        counts = "".join(f", {count} {what}" for what, count in found.items() if count)
        return brief(self, f"{self.images} pictures of {len(self.counts)} classes{counts}")

    def _repr_html_(self) -> str:
        title, *notes = str(self).splitlines()
        rows = ((label, sum(count.values()), *count.values()) for label, count in self.counts.items())
        return table({"class": "", **dict.fromkeys(("pictures", *SPLITS), ",")}, rows, title, notes)

    def _describe(self, groups: Groups, how: str) -> str:
        if not groups:
            return ""
        extra = sum(len(group) - 1 for group in groups)
        example = " = ".join(os.path.relpath(path, self.root) for path in groups[0][:2])
        number = "1 is" if extra == 1 else f"{extra} are"
        return f"{number} {how} as another ({example}{', ...' if extra > 1 else ''})"


def summarize(
    root: Path,
    paths: Sequence[str],
    rows: NDArray[np.void],
    counts: dict[str, dict[str, int]],
    split: str,
    unreadable: tuple[tuple[Path, str], ...],
    warnings: tuple[str, ...],
) -> Summary:
    """Compare all pictures with each other: `paths` (n,) below `root`, and `rows` (n,) of the index."""
    _, content = np.unique(rows["content"], return_inverse=True)
    exact = _groups(content)
    near = [group for group in _groups(near_duplicates(rows["hash"])) if len(set(content[group])) > 1]
    # The first file of each content stands for its copies.
    near = [group[np.unique(content[group], return_index=True)[1]] for group in near]
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


def _groups(names: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The places that share a name, for each name that several share."""
    order = np.argsort(names, kind="stable")
    ends = np.flatnonzero(np.diff(names[order])) + 1
    return [group for group in np.split(order, ends) if len(group) > 1]
