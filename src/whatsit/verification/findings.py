"""What looking at every picture of a folder found."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whatsit.catalog.fingerprint import Fingerprint
from whatsit.i18n import Message, say
from whatsit.tables import table
from whatsit.text import brief, ending
from whatsit.verification.repair import NAMES, Oddity

FileAndReason = tuple[Path, Message]


@dataclass(frozen=True)
class Fixed:
    """A picture that was repaired: where it was, where it is now, and why."""

    path: Path
    now: Path
    oddities: Sequence[Oddity]

    def __repr__(self) -> str:
        return brief(self, f"{ending(self.path)} is now {self.now.name} ({', '.join(self.oddities)})")


@dataclass
class Verification:
    """What a folder's pictures are like: `pictures` were looked at, of which `fine` have no fault.

    `unreadable` are in the trash where `is_moved`; `left_alone` may be sound, but Whatsit can't use them.
    `odd` lists by oddity; `fixed` lists what was repaired. `same` and `near` are groups of copies,
    of which the first of each content stands for those in `same`. `others` are files that are not called
    pictures.
    """

    folder: Path
    images: Path
    pictures: int = 0
    is_moved: bool = False
    unreadable: list[FileAndReason] = field(default_factory=list)
    left_alone: list[FileAndReason] = field(default_factory=list)
    odd: dict[Oddity, list[Path]] = field(default_factory=dict)
    fixed: list[Fixed] = field(default_factory=list)
    same: list[list[Path]] = field(default_factory=list)
    near: list[list[Path]] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)

    def __repr__(self) -> str:
        kinds = self._kinds().items()
        found = ", ".join(f"{len(paths)} {what.text('en')}" for what, paths in kinds if paths)
        summary = f"{self.fine} of {self.pictures} pictures are fine"
        return brief(self, f"{summary}; {found}" if found else summary)

    def _repr_html_(self) -> str:
        rows = [(what, len(lines), *lines[:1]) for what, lines in self._kinds().items() if lines]
        title = say("verification.title", folder=self.folder, pictures=self.pictures, fine=self.fine)
        columns = {
            say("verification.found"): "",
            say("verification.count"): ",",
            say("verification.example"): "",
        }
        return table(columns, rows, title)

    def _kinds(self) -> dict[Message, list[str]]:
        """What was found, with a line for each picture, or group of copies."""

        def reasons(rows: Sequence[FileAndReason]) -> list[str]:
            return [f"{self.name(path)}: {reason}" for path, reason in rows]

        def copies(groups: Sequence[Sequence[Path]]) -> list[str]:
            return [" = ".join(map(self.name, group)) for group in groups]

        unreadable = "verification.in_trash" if self.is_moved else "verification.unreadable"
        return {
            Message(unreadable): reasons(self.unreadable),
            Message("verification.left_alone"): reasons(self.left_alone),
            **{NAMES[oddity]: list(map(self.name, paths)) for oddity, paths in self.odd.items()},
            Message("verification.repaired"): [
                say("verification.now", path=self.name(one.path), now=self.name(one.now))
                for one in self.fixed
            ],
            Message("verification.same"): copies(self.same),
            Message("verification.near"): copies(self.near),
        }

    @property
    def fine(self) -> int:
        """How many pictures are readable and not odd."""
        odd = {path for paths in self.odd.values() for path in paths}
        not_read = {path for path, _ in (*self.unreadable, *self.left_alone)}
        return self.pictures - len(odd | not_read)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; paths are relative to the image folder."""

        def with_reasons(rows: Sequence[FileAndReason]) -> list[dict[str, Any]]:
            return [{"path": self.name(path), "reason": reason.to_dict()} for path, reason in rows]

        return {
            "folder": str(self.folder),
            "pictures": self.pictures,
            "fine": self.fine,
            "unreadable": with_reasons(self.unreadable),
            "moved_to_trash": self.is_moved,
            "left_alone": with_reasons(self.left_alone),
            "odd": {oddity: [self.name(path) for path in paths] for oddity, paths in self.odd.items()},
            "fixed": [
                {"path": self.name(one.path), "now": self.name(one.now), "odd": list(one.oddities)}
                for one in self.fixed
            ],
            "same": [[self.name(path) for path in group] for group in self.same],
            "near": [[self.name(path) for path in group] for group in self.near],
            "other_files": [self.name(path) for path in self.others],
        }

    def name(self, path: Path) -> str:
        """A path as it is shown: relative to the image folder."""
        return os.path.relpath(path, self.images)

    @staticmethod
    def copies(groups: Sequence[Sequence[Path]]) -> int:
        """How many pictures of these groups could go, as `Summary` counts them too."""
        return sum(len(group) - 1 for group in groups)

    def is_across_classes(self, group: Sequence[Path]) -> bool:
        """Whether copies lie in several folders."""
        return len({path.parent for path in group}) > 1


@dataclass
class Findings:
    """A verification, the fingerprints of the pictures that can be decoded, and what is odd about each."""

    done: Verification
    prints: dict[Path, Fingerprint] = field(default_factory=dict)
    odd: dict[Path, Sequence[Oddity]] = field(default_factory=dict)
    _links: dict[Path, Message | None] = field(default_factory=dict)

    def link_before(self, path: Path) -> Message | None:
        """Why a picture stays where it is that lies behind a symbolic link; None where there is none."""
        folder, unknown = path.parent, []
        while folder != self.done.images and folder not in self._links:
            unknown.append(folder)
            folder = folder.parent
        reason = self._links.get(folder)
        for folder in reversed(unknown):
            if reason is None and folder.is_symlink():
                reason = Message("verification.behind_link", link=self.done.name(folder))
            self._links[folder] = reason
        return reason
