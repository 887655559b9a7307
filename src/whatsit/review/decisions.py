"""Decisions about pictures: written down, carried out in the image folder, and undone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol, get_args

from whatsit.catalog import Catalog
from whatsit.catalog.entries import within
from whatsit.checks import described, require_class
from whatsit.collection.following import follow
from whatsit.config import Choice
from whatsit.errors import WhatsitError
from whatsit.events import warn
from whatsit.i18n import Message
from whatsit.project import Action, Decision
from whatsit.review.cleaned import CLEANED, cleaned
from whatsit.review.places import Places
from whatsit.text import brief
from whatsit.undoing import Undone, undo


class Judged(Protocol):
    """A picture that is decided about: a Suspect, or a catalog's Item."""

    @property
    def path(self) -> Path: ...
    @property
    def content(self) -> str: ...
    @property
    def label(self) -> str: ...


Wish = tuple[Judged, Choice, str | None]  # what is decided about a picture, and the label to relabel it to


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

        A picture that another reviewer moved meanwhile is found; one that is gone is passed over.
        Raises WhatsitError for a class that does not exist, ReadOnlyProjectError where nothing can be written
        down, and ProjectError where a file can't be moved: those before it were.
        """
        return self.decide_each([(item, choice, label) for item in items])

    def decide_each(self, wishes: Sequence[Wish]) -> Outcome:
        """Decide about each picture by itself, in one action, as `decide` does; the last counts of two."""
        project = self.catalog.project
        wishes = list({(wish[0].path, wish[0].label): wish for wish in wishes}.values())
        for choice in {choice for _, choice, _ in wishes}:
            if choice not in get_args(Choice):
                raise WhatsitError(Message("decisions.no_choice", given=described(choice)))
        for label, item in {
            label or "": item for item, choice, label in wishes if choice == "relabel"
        }.items():
            self.require_label(label, item.path)
        try:
            with project.lock():
                action = project.journal.begin()
                if self._has_folders:
                    return _move(action, Places(self.catalog), wishes)
                return _note(action, self.catalog, wishes)
        finally:
            follow(project)

    def require_label(self, label: str, path: Path | None = None) -> None:
        """Raise WhatsitError for a label that pictures, such as that at `path`, can't be relabeled to."""
        if self._has_folders:
            Places(self.catalog).require_label(label, path)
        else:
            require_class(label, self.catalog.classes)

    @property
    def _has_folders(self) -> bool:
        return self.catalog.source == self.catalog.root

    def undo(self) -> Undone | None:
        """Take back what was done last in the project, whoever did it; None where there is nothing."""
        undone = list(undo(self.catalog.project))
        return undone[0] if undone else None

    def known(self) -> dict[str, Decision]:
        """By content, what holds now of each picture that somebody decided about.

        Of pictures with the same content, one that is left counts before one that was removed.
        """
        known = {}
        for content, found in self._latest().items():
            left = [one for one in found.values() if one.choice != "remove"]
            known[content] = [*found.values(), *left][-1]
        return known

    def settled(self) -> set[str]:
        """The paths of pictures that need not be looked at again: they are what somebody decided.

        One that was renamed is known by its content. What was decided about a picture says nothing about a
        copy of it.
        """
        latest = self._latest()
        mine = [one for one in zip(self.catalog.paths, self.catalog, strict=True) if one[1].content in latest]
        here = {PurePath(path) for path, _ in mine}
        elsewhere = {
            content: [one for place, one in found.items() if place not in here and one.choice != "remove"]
            for content, found in latest.items()
        }
        settled = set()
        for path, item in mine:
            one = latest[item.content].get(PurePath(path))
            if one is None and elsewhere[item.content]:
                one = elsewhere[item.content].pop()
            if one is not None and one.settles(item.label):
                settled.add(path)
        return settled

    def _latest(self) -> dict[str, dict[PurePath, Decision]]:
        """What was decided last, by content, and by where that picture lies, or lay when it was removed."""
        latest: dict[str, dict[PurePath, Decision]] = {}
        for one in self.catalog.project.decided.holding():
            found = latest.setdefault(one.content, {})
            found.pop(one.path, None)
            found[one.place or one.path] = one
        return latest


def _move(action: Action, places: Places, wishes: Sequence[Wish]) -> Outcome:
    """Move what is removed or relabeled, and write down all of it."""
    ways: list[tuple[Path, Path | None, Message]] = []
    carried: list[tuple[Decision, int | None]] = []
    passed_over: list[tuple[Path, Message]] = []
    taken: set[Path] = set()
    for item, choice, wanted in wishes:
        try:
            here = places.find(item.path, item.content)
            was = places.label_of(here)
            label = wanted if choice == "relabel" and wanted else was
            there = places.relabeled(here, label, taken) if label != was else here
        except WhatsitError as error:
            passed_over.append((item.path, error.message))
            continue
        one = Decision(item.content, choice, was, label, here, None if choice == "remove" else there)
        carried.append((one, None if one.place == here else len(ways)))
        if one.place != here:
            target = None if one.place is None else places.images / one.place
            ways.append((places.images / here, target, one.reason))
            taken.update(filter(None, [target]))
    if carried:
        action.move(ways, carried)
    made = tuple(one for one, _ in carried)
    return Outcome(action.number if made else 0, made, tuple(passed_over))


def _note(action: Action, catalog: Catalog, wishes: Sequence[Wish]) -> Outcome:
    """Write cleaned.csv where that changes a row, and write down all of it."""
    made = []
    for item, choice, wanted in wishes:
        below = PurePath(within(catalog.root, str(item.path.absolute())))
        label = wanted if choice == "relabel" and wanted else item.label
        made.append(Decision(item.content, choice, item.label, label, below, below))
    if not made:
        return Outcome(0, ())
    table = catalog.project.images / CLEANED
    before = catalog.project.decided.holding()
    data, was = cleaned(catalog, [*before, *made]), cleaned(catalog, before)
    now = table.read_bytes() if table.is_file() else None
    if data in ((cleaned(catalog, ()),) if now is None else (was, now)):
        action.move([], [(one, None) for one in made])
        return Outcome(action.number, tuple(made))
    action.write(table, data, Message("decisions.table", count=len(made)), made)
    if now not in (None, was) and table != catalog.source:
        warn(Message("decisions.edited", table=table))
    return Outcome(action.number, tuple(made), table=table)
