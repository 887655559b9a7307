"""A review under way: suspects, what was decided about them, and what a page or a widget asks of it."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from whatsit.catalog import Catalog
from whatsit.commands import command_line
from whatsit.config import Choice
from whatsit.errors import ImageError, WhatsitError
from whatsit.heat_map import HeatMap
from whatsit.i18n import Message, say
from whatsit.project import Decision
from whatsit.report.thumbnails import data_uri
from whatsit.review.decisions import Decisions
from whatsit.review.likeness import Likeness
from whatsit.review.pictures import TILE, Pictures, encoded
from whatsit.review.progress import progress_of
from whatsit.review.suspect import Reason, Suspect, Suspects
from whatsit.text import brief, printable

MOST = 500  # suspects in an answer
MOST_LABELS = 60  # in the preview

Explain = Callable[[str, Path, str], HeatMap]  # of a content, its file, and a class
Values = Mapping[str, Any]
Answer = dict[str, Any]
Wish = tuple[int, Choice, str | None]  # about a suspect, by its number


@dataclass(frozen=True)
class Row:
    """A suspect as it is now, and what was decided about it in this review; `key` names it to the pages."""

    key: str
    suspect: Suspect
    decision: tuple[Choice, str | None] | None = None


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
        self._labels = {printable(label): label for label in catalog.names}
        self._before: dict[int, dict[int, Row]] = {}  # by action: rows as they were before it
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
        wishes = self._wishes(values)
        with self._changing:
            try:
                outcome = self._decisions.decide_each(
                    [(self._rows[number].suspect, choice, label) for number, choice, label in wishes]
                )
            except WhatsitError:
                self._catch_up(wishes)
                raise
            if outcome.passed_over and not outcome.made:
                raise WhatsitError(outcome.passed_over[0][1])
            not_made = {path for path, _ in outcome.passed_over}
            done = [one for one in wishes if self._rows[one[0]].suspect.path not in not_made]
            self._note(outcome.action, done, outcome.made)
        said = _said(done)
        if outcome.passed_over:
            count, reason = len(outcome.passed_over), outcome.passed_over[0][1]
            said += " " + say("review.passed_over", count=count, reason=reason)
        return self._changed([number for number, _, _ in wishes], values, said)

    def _undo(self, values: Values) -> Answer:
        with self._changing:
            undone = self._decisions.undo()
            if undone is None:
                raise WhatsitError(Message("review.nothing_to_undo"))
            before = self._before.pop(undone.action, {})
            for number, row in before.items():
                self._rows[number] = row
                self._pictures.move(row.suspect.content, row.suspect.path)
        code = "review.undone" if before else "review.undone_other"
        count = len(before or undone.decisions or undone.moves)
        return self._changed(list(before), values, say(code, count=count, at=undone.at[:16]))

    def _group(self, values: Values) -> Answer:
        group = self._row(values).suspect.group
        members = [number for number, row in enumerate(self._rows) if row.suspect.group == group]
        return self._changed(members if group is not None else [], values, "")

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
        return {
            "rows": [
                {"label": printable(label), **{name: column[label] for name, column in columns.items()}}
                for label in changed[:MOST_LABELS]
            ],
            "unchanged": len(self.catalog.classes) - len(changed[:MOST_LABELS]),
            "counts": {choice: counts[choice] for choice in get_args(Choice)},
            "notes": [note.text() for note in self.found.notes],
            "command": command_line("train", self.catalog.root),
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
        for number, _, _ in wishes:
            if (self._rows[number].decision or ("",))[0] == "remove":
                path = printable(self._rows[number].suspect.path)
                raise WhatsitError(Message("review.removed_already", path=path))
        return wishes

    def _note(self, action: int, wishes: Sequence[Wish], made: Sequence[Decision]) -> None:
        """Take over what was decided in an action, one after the other."""
        before = self._before.setdefault(action, {})
        for (number, choice, label), one in zip(wishes, made, strict=True):
            row = self._rows[number]
            before.setdefault(number, row)
            path = row.suspect.path if one.place is None else self.catalog.root / one.place
            suspect = replace(row.suspect, path=path, label=one.label)
            self._rows[number] = replace(row, suspect=suspect, decision=(choice, label))
            self._pictures.move(suspect.content, path)

    def _catch_up(self, wishes: Sequence[Wish]) -> None:
        """Take over what was done of an action before it failed."""
        holding = self.catalog.project.decided.holding()
        last = max((one.action for one in holding), default=0)
        if last in self._before:
            return
        root = self.catalog.root
        made = {(one.content, root / one.path): one for one in holding if one.action == last}
        for wish in wishes:
            suspect = self._rows[wish[0]].suspect
            if one := made.get((suspect.content, suspect.path)):
                self._note(last, [wish], [one])

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
        one = row.suspect
        facts = self._pictures.facts(one.content)
        has_answer = bool(one.predicted)
        return {
            "key": row.key,
            "content": one.content,
            "path": printable(one.path.relative_to(self.catalog.root).as_posix()),
            "label": printable(one.label),
            "split": one.split,
            "reason": one.reason,
            "score": one.score,
            "suggestion": printable(one.suggestion),
            "group": one.group,
            "detail": one.detail.text(),
            "predicted": printable(one.predicted),
            "probability": one.probability if has_answer else None,
            "decision": row.decision
            and {"choice": row.decision[0], "label": printable(row.decision[1] or "")},
            **facts,
        }


def _said(done: Sequence[Wish]) -> str:
    """What was done, in sentences."""
    counts = Counter((choice, label) for _, choice, label in done)
    words = []
    for (choice, label), count in counts.items():
        if label:
            words.append(say("review.relabeled", count=count, label=printable(label)))
        else:
            codes = {"keep": "review.kept", "remove": "review.removed"}
            words.append(say(codes.get(choice, "review.unsure"), count=count))
    return " ".join(words)


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
