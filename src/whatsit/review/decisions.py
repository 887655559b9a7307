"""Decisions about pictures: written down, carried out in the image folder, and undone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from whatsit.catalog import Catalog
from whatsit.config import Choice
from whatsit.i18n import Message
from whatsit.project.decisions import Decision
from whatsit.text import brief


class Judged(Protocol):
    """A picture that is decided about: a Suspect, or a catalog's Item."""

    @property
    def path(self) -> Path: ...
    @property
    def content(self) -> str: ...
    @property
    def label(self) -> str: ...


@dataclass(frozen=True)
class Outcome:
    """What became of decisions: those that were `made`, and pictures `passed_over` with the reason.

    `action` is their number in the journal, 0 where none was made. `table` is the cleaned.csv that was
    written, where labels are not folders.
    """

    action: int
    made: tuple[Decision, ...]
    passed_over: tuple[tuple[Path, Message], ...] = ()
    table: Path | None = None

    def __repr__(self) -> str:
        return brief(self, f"{len(self.made)} decided in action {self.action}, {len(self.passed_over)} not")


class Decisions:
    """The decisions about a catalog's pictures. Several reviewers may decide at once.

    Removed pictures go to the trash. Relabeled ones move to the folder of their class, in their split and
    with their sub-folders; where labels are not folders, nothing moves and cleaned.csv is written instead.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def __repr__(self) -> str:
        return brief(self, f"about the pictures in {self.catalog.root}")

    def decide(self, items: Iterable[Judged], choice: Choice, label: str | None = None) -> Outcome:
        """Decide the same about several pictures; one undo takes it back. `label` is the class to relabel to.

        Raises WhatsitError for a class that does not exist, ReadOnlyProjectError where nothing can be written
        down, and ProjectError where a file can't be moved: those before it were.
        """
        return self.decide_each([(item, choice, label) for item in items])

    def decide_each(self, wanted: Sequence[tuple[Judged, Choice, str | None]]) -> Outcome:
        """Decide about each picture by itself, in one action, as `decide` does."""
        raise NotImplementedError

    def undo(self) -> "Undone | None":
        """Take back what was done last in the project, whoever did it; None where there is nothing."""
        raise NotImplementedError

    def known(self) -> dict[str, Decision]:
        """By content, what holds now of each picture that somebody decided about."""
        raise NotImplementedError
