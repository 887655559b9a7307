"""A review under way: suspects, what was decided about them, and what a page or a widget asks of it."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from whatsit.catalog import Catalog
from whatsit.config import Choice
from whatsit.errors import ImageError, WhatsitError
from whatsit.heat_map import HeatMap
from whatsit.i18n import Message, say
from whatsit.project import Decision
from whatsit.report.thumbnails import data_uri
from whatsit.review.decisions import Decisions, Outcome
from whatsit.review.likeness import Likeness
from whatsit.review.pictures import TILE, Pictures, encoded
from whatsit.review.progress import progress_of
from whatsit.review.rows import Row, Wish, best_left, said_of
from whatsit.review.suspect import Reason, Suspects
from whatsit.text import brief, printable
from whatsit.undoing import last_action

MOST = 500  # suspects in an answer
MOST_LABELS = 60  # in the preview

Explain = Callable[[str, Path, str], HeatMap]  # of a content, its file, and a class
Values = Mapping[str, Any]
Answer = dict[str, Any]


class Session:
    """Answers questions about `found`, suspects of a catalog, best first, from any thread.

    `explain` makes the heat map of a picture for a class, and `likeness` knows which pictures are alike; both
    may be left out. A question is a verb and values of JSON, and so is the answer:

    - `open` (`count`): what the review is about, and the first suspects as `list` gives them.
    - `list` (`reason`, `label`: "" for all; `offset`, `count`): suspects in their order, decided ones too.
    - `decide` (`choices`: objects of `keys`, `choice` and `label`): one action, which one undo takes back.
    - `undo`: what changed back.
    - `group`, `alike` (`key`): near-duplicates of a suspect; suspects like it that nobody decided about.
    - `heat` (`key`): what speaks for its label and for the answer.
    - `thumbnails` (`contents`): small pictures as addresses, for a page to which each answer costs time.
    - `preview`: what is worth knowing of all suspects; how many pictures each class had before and has now.

    All but the last three also take `reason` and `label` of the list that is seen: `places` are those in it.
    """

    def __init__(
        self,
        catalog: Catalog,
        found: Suspects,
        explain: Explain | None = None,
        likeness: Likeness | None = None,
    ) -> None:
        self.catalog, self.found = catalog, found
        self._decisions, self._pictures = Decisions(catalog), Pictures(catalog)
        self._explain, self._likeness = explain, likeness
        self._rows = [Row(f"{number}-{one.content[:12]}", one) for number, one in enumerate(found)]
        self._number = {row.key: number for number, row in enumerate(self._rows)}
        self._groups: dict[int | None, list[int]] = {}
        for number, one in enumerate(found):
            if one.group is not None:
                self._groups.setdefault(one.group, []).append(number)
        self._labels = {printable(label): label for label in catalog.names}
        # By action and number: rows as they were before it, and what was decided.
        self._before: dict[int, dict[int, tuple[Row, Decision]]] = {}
        self._table: Path | None = None  # cleaned.csv, where labels are not folders
        self._has_folders = catalog.source == catalog.root
        self._changing = threading.Lock()
        self._verbs: dict[str, Callable[[Values], Answer]] = {
            "open": self._open,
            "list": self._list,
            "decide": self._decide,
            "undo": self._undo,
            "group": self._group,
            "alike": self._alike,
            "heat": self._heat,
            "thumbnails": self._thumbnails,
            "preview": self._preview,
        }

    def __repr__(self) -> str:
        decided = sum(row.decision is not None for row in self._rows)
        return brief(self, f"{decided} of {len(self._rows)} suspects decided")

    def answer(self, verb: str, values: Values) -> Answer:
        """The answer to a question, with sentences in the language of this block. Raises WhatsitError."""
        if verb not in self._verbs:
            raise _unclear()
        return self._verbs[verb](values)

    def picture(self, content: str, size: int) -> bytes:
        """A JPEG file of a picture, no larger than `size` (TILE or LARGE) pixels. Raises WhatsitError."""
        return self._pictures.get(content, size)

    def done(self) -> Outcome:
        """All that was decided in this review and still holds."""
        with self._changing:
            self._follow()
            made = tuple(one for action in self._before.values() for _, one in action.values())
        return Outcome(max(self._before, default=0), made, table=self._written())

    def _written(self) -> Path | None:
        """The cleaned.csv that this review wrote, unless it was undone."""
        return self._table if self._table and self._table.is_file() else None

    def close(self) -> None:
        """Keep what saves time in the next review."""
        self._pictures.close()

    def _open(self, values: Values) -> Answer:
        reasons = Counter(one.reason for one in self.found)
        return {
            "folder": printable(self.catalog.root.name),
            "classes": list(map(printable, self.catalog.classes)),
            "total": len(self._rows),
            "reasons": {reason: reasons[reason] for reason in get_args(Reason) if reasons[reason]},
            "labels": dict(sorted(Counter(printable(one.label) for one in self.found).items())),
            "has_heat": self._explain is not None,
            **self._list(values),
        }

    def _list(self, values: Values) -> Answer:
        with self._changing:
            self._follow()
        shown = self._shown(values)
        offset, count = _number(values, "offset", 0), _number(values, "count", MOST)
        open_ones = (place for place, number in enumerate(shown) if self._rows[number].decision is None)
        return {
            "total": len(shown),
            "first": next(open_ones, 0),
            "items": [self._item(number) for number in shown[offset : offset + min(count, MOST)]],
            "progress": self._progress(shown),
        }

    def _decide(self, values: Values) -> Answer:
        with self._changing:
            back = self._follow()
            asked = self._wishes(values)
            wishes = self._possible(asked)
            before = self.catalog.project.decided.last()
            try:
                outcome = self._decisions.decide_each(
                    [(self._rows[number].suspect, choice, label) for number, choice, label in wishes]
                )
            except WhatsitError:
                self._catch_up(wishes, before)
                raise
            if outcome.passed_over and not outcome.made:
                raise WhatsitError(outcome.passed_over[0][1])
            not_made = {path for path, _ in outcome.passed_over}
            done = [one for one in wishes if self._rows[one[0]].suspect.path not in not_made]
            self._note(outcome.action, done, outcome.made)
            self._table = outcome.table or self._table
        said = said_of(done, self._has_folders)
        if outcome.passed_over:
            count, reason = len(outcome.passed_over), outcome.passed_over[0][1]
            said += " " + say("review.passed_over", count=count, reason=reason)
        return self._changed(self._with_like([*(number for number, _, _ in asked), *back]), values, said)

    def _possible(self, wishes: Sequence[Wish]) -> list[Wish]:
        """The wishes about what was not removed. Raises WhatsitError where all of it was."""
        possible = [wish for wish in wishes if not self._rows[wish[0]].is_removed]
        if wishes and not possible:
            path = printable(self._rows[wishes[0][0]].suspect.to_dict(self.catalog.root)["path"])
            raise WhatsitError(Message("review.removed_already", path=path))
        return possible

    def _undo(self, values: Values) -> Answer:
        with self._changing:
            back = self._follow()
            if (last := last_action(self.catalog.project)) not in self._before:
                raise WhatsitError(self._not_here() if last else Message("review.nothing_to_undo"))
            try:
                self._decisions.undo()
            finally:
                back += (undone := self._follow())
        return self._changed(self._with_like(back), values, say("review.undone", count=len(undone)))

    def _not_here(self) -> Message:
        command = self.catalog.project.command("undo", self.catalog.root)
        return Message("review.not_done_here", command=command)

    def _follow(self) -> list[int]:
        """Take back what was undone meanwhile, here or elsewhere; the numbers of these suspects."""
        if not self._before:
            return []
        held = self.catalog.project.decided.holding()
        holding = {(one.action, one.content, one.path) for one in held}
        found: dict[int, None] = {}
        for action in sorted(self._before, reverse=True):
            before = self._before[action]
            for number, (row, one) in list(before.items()):
                if (action, one.content, one.path) not in holding:
                    del before[number]
                    self._rows[number] = row
                    self._pictures.move(row.suspect.content, row.suspect.path)
                    found[number] = None
            if not before:
                del self._before[action]
        return list(found)

    def _group(self, values: Values) -> Answer:
        return self._changed(self._like(self._known(values.get("key"))), values, "")

    def _like(self, number: int) -> list[int]:
        """The near-duplicates of a suspect, itself too; [] where it has none."""
        return self._groups.get(self._rows[number].suspect.group, [])

    def _with_like(self, numbers: Sequence[int]) -> list[int]:
        """And their near-duplicates that are open: what is suggested for these may be another now."""
        like = (one for number in numbers for one in self._like(number) if not self._rows[one].decision)
        return list(dict.fromkeys([*numbers, *like]))

    def _alike(self, values: Values) -> Answer:
        row = self._row(values)
        like = row.suspect
        alike = None if self._likeness is None else self._likeness.of(like.content)

        def is_like(other: Row) -> bool:
            one = other.suspect
            if other.decision is not None or (one.reason, one.suggestion) != (like.reason, like.suggestion):
                return False
            if like.reason in ("label", "loss"):
                return one.label == like.label
            return alike is None or one.content in alike

        numbers = [n for n, other in enumerate(self._rows) if other is row or is_like(other)]
        return self._changed(numbers, values, "")

    def _heat(self, values: Values) -> Answer:
        if self._explain is None:
            raise WhatsitError(Message("review.no_heat"))
        number = self._known(values.get("key"))
        one = self._rows[number].suspect
        labels = dict.fromkeys(filter(None, (self.found[number].label, one.predicted)))
        path = self._pictures.place_of(one.content)
        try:
            maps = [(label, self._explain(one.content, path, label)) for label in labels]
        except ImageError as error:
            raise WhatsitError(Message("images.named", path=printable(path), reason=error)) from error
        return {
            "maps": [
                {
                    "label": printable(label),
                    "caption": say("review.speaks", label=printable(label)),
                    "picture": encoded(found.overlay()),
                }
                for label, found in maps
            ]
        }

    def _thumbnails(self, values: Values) -> Answer:
        return {"pictures": [self._thumbnail(content) for content in _many(values, "contents")]}

    def _thumbnail(self, content: object) -> str:
        """A small picture as an address, "" where it can't be read."""
        try:
            return data_uri(self.picture(str(content), TILE))
        except WhatsitError:
            return ""

    def _preview(self, values: Values) -> Answer:
        before = Counter(self.catalog.names[label] for label in self.catalog.labels.tolist())
        left, came, removed = Counter[str](), Counter[str](), Counter[str]()
        for was, row in zip(self.found, self._rows, strict=True):
            if row.decision and row.decision[0] == "remove":
                removed[row.suspect.label] += 1
            if row.suspect.label != was.label:
                left[was.label] += 1
                came[row.suspect.label] += 1
        changed = sorted(removed.keys() | left.keys() | came.keys())
        after = before - removed - left + came
        columns = {"before": before, "removed": removed, "left": left, "came": came, "after": after}
        counts = Counter(row.decision[0] for row in self._rows if row.decision)
        source = self._written() or self.catalog.source or self.catalog.root
        return {
            "rows": [
                {"label": printable(label), **{name: column[label] for name, column in columns.items()}}
                for label in changed[:MOST_LABELS]
            ],
            "unchanged": len(self.catalog.classes) - len(changed[:MOST_LABELS]),
            "counts": {choice: counts[choice] for choice in get_args(Choice)},
            "notes": [note.text() for note in self.found.notes],
            "command": self.catalog.project.command("train", source),
        }

    def _shown(self, values: Values) -> list[int]:
        """The numbers of the suspects of a reason and, at first, a label."""
        reason, label = values.get("reason") or None, self._named(values.get("label") or None)
        return [
            number
            for number, one in enumerate(self.found)
            if reason in (None, one.reason) and label in (None, one.label)
        ]

    def _named(self, label: object) -> str | None:
        """The class that is shown as this; another word may be the name of a new folder."""
        if not isinstance(label, str | None):
            raise _unclear()
        return label and self._labels.get(label, label)

    def _row(self, values: Values) -> Row:
        return self._rows[self._known(values.get("key"))]

    def _known(self, key: object) -> int:
        """The number of a suspect. Raises WhatsitError for another one."""
        if not isinstance(key, str) or key not in self._number:
            raise _unclear()
        return self._number[key]

    def _wishes(self, values: Values) -> list[Wish]:
        """What is to be decided about whom. Raises WhatsitError."""
        wishes: list[Wish] = []
        try:
            for one in values["choices"]:
                choice, label = one["choice"], self._named(one.get("label"))
                if choice not in get_args(Choice) or (choice == "relabel") != bool(label):
                    raise _unclear()
                for number in map(self._known, one["keys"]):
                    is_same = label == self._rows[number].suspect.label
                    wishes.append((number, "keep", None) if is_same else (number, choice, label))
        except (LookupError, TypeError, AttributeError):
            raise _unclear() from None
        return list({wish[0]: wish for wish in wishes}.values())  # the last one counts

    def _note(self, action: int, wishes: Sequence[Wish], made: Sequence[Decision]) -> None:
        """Take over what was decided in an action, one after the other."""
        before = self._before.setdefault(action, {})
        for (number, choice, label), one in zip(wishes, made, strict=True):
            row = self._rows[number]
            before.setdefault(number, (row, one))
            path = row.suspect.path if one.place is None else self.catalog.root / one.place
            suspect = replace(row.suspect, path=path, label=one.label)
            self._rows[number] = replace(row, suspect=suspect, decision=(choice, label))
            self._pictures.move(suspect.content, path)

    def _catch_up(self, wishes: Sequence[Wish], before: int) -> None:
        """Take over what was done of an action before it failed, the one after `before`."""
        decided = self.catalog.project.decided
        last = decided.last()
        if last <= before:
            return
        root = self.catalog.root
        made = {(one.content, root / one.path): one for one in decided.holding() if one.action == last}
        for number, choice, label in wishes:
            suspect = self._rows[number].suspect
            one = made.get((suspect.content, suspect.path))
            if one and one.choice == choice and label in (None, one.label):
                self._note(last, [(number, choice, label)], [one])

    def _changed(self, numbers: Sequence[int], values: Values, said: str) -> Answer:
        """Suspects as they are now, and where the list has them: null for elsewhere."""
        shown = self._shown(values)
        place = {number: n for n, number in enumerate(shown)}
        return {
            "items": [self._item(number) for number in numbers],
            "places": [place.get(number) for number in numbers],
            "progress": self._progress(shown),
            "said": said,
        }

    def _progress(self, shown: Sequence[int]) -> Answer:
        rows = [self._rows[number] for number in shown]
        choices = [row.decision and row.decision[0] for row in rows]
        return progress_of(choices, [row.suspect.score for row in rows])

    def _item(self, number: int) -> Answer:
        row = self._rows[number]
        answer = {**row.to_dict(self.catalog.root), **self._pictures.facts(row.suspect.content)}
        like = {one: self._rows[one] for one in self._like(number)}
        sizes = {one: self._pictures.facts(other.suspect.content) for one, other in like.items()}
        is_best = number == best_left(
            like, {one: size["width"] * size["height"] for one, size in sizes.items()}
        )
        return {**answer, "suggestion": "keep"} if is_best else answer


def _number(values: Values, name: str, usual: int) -> int:
    given = values.get(name, usual)
    if not isinstance(given, int) or given < 0:
        raise _unclear()
    return given


def _many(values: Values, name: str) -> list[object]:
    given = values.get(name)
    if not isinstance(given, list) or len(given) > MOST:
        raise _unclear()
    return given


def _unclear() -> WhatsitError:
    return WhatsitError(Message("review.unclear"))
