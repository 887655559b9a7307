"""A table of suspects that somebody filled in with decisions: read and carried out."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from whatsit.catalog import Item
from whatsit.catalog.csv_files import rows_of
from whatsit.catalog.entries import within
from whatsit.cells import unsafe
from whatsit.config import Choice
from whatsit.errors import CatalogError, WhatsitError
from whatsit.i18n import Message
from whatsit.project import Decision
from whatsit.review.decisions import Decisions, Outcome
from whatsit.review.suspect import parse_choice
from whatsit.text import printable, shortened

RELABEL = re.compile(r"relabel\s*:\s*", re.IGNORECASE)
COLUMNS = ("path", "decision")


@dataclass(frozen=True)
class Line:
    """A line of the table by its `number`: a picture's path below the image folder, and what is decided."""

    number: int
    path: str
    words: str


def apply_table(decisions: Decisions, table: Path) -> tuple[Outcome, int]:
    """Carry out the decisions of a CSV file with the columns path and decision, in one action.

    Lines without a decision are left out. Also returns how many were decided so before: the same file can be
    applied again. Raises WhatsitError, and nothing is changed, where a line can't be understood, names no
    picture of the catalog, or decides about one in another way than a line before.
    """
    catalog = decisions.catalog
    items = {_written(path): catalog.items[row] for row, path in enumerate(catalog.paths)}
    stories = _Stories(catalog.project.decided.holding())
    decided: dict[str, tuple[Choice, str | None]] = {}
    wishes: list[tuple[Item, Choice, str | None]] = []
    unknown: list[Line] = []
    again = 0
    for line in read_lines(table):
        path = within(catalog.root, line.path)
        choice, label = _parsed(decisions, table, line)
        if decided.setdefault(path, (choice, label)) != (choice, label):
            raise _wrong(table, line, Message("decisions.twice", path=line.path))
        item = items.get(path)
        last = stories.last(path, item)
        if item is None and last is not None and last.place is not None:
            item = items.get(_written(last.place))
        if last is not None and (last.choice, last.label) == (choice, label or last.label):
            again += 1
        elif item is None:
            unknown.append(line)
        else:
            wishes.append((item, choice, label))
    if unknown:
        leads_out = PurePath(within(catalog.root, unknown[0].path)).is_absolute()
        code = "decisions.leads_out" if leads_out else "decisions.unknown"
        rest = len(unknown) - 1
        more = Message("decisions.more_lines", count=rest) if rest else ""
        reason = Message(code, path=unknown[0].path, folder=catalog.root, more=more)
        raise _wrong(table, unknown[0], reason)
    if not wishes and not again:
        raise CatalogError(Message("decisions.none_in_table", table=table))
    return decisions.decide_each(wishes), again


def read_lines(table: Path) -> Iterator[Line]:
    """The lines of a CSV file in which something is decided. Raises CatalogError."""
    if not (table.is_file() and os.access(table, os.R_OK)):
        raise CatalogError(Message("decisions.no_table", table=table))
    header, rows = rows_of(table)
    names = {name.strip().lower(): name for name in header}
    for name in COLUMNS:
        if name not in names:
            raise CatalogError(Message("decisions.no_column", table=table, name=name))
    for number, row in enumerate(rows, 2):
        path, words = (unsafe((row[names[name]] or "").strip()) for name in COLUMNS)
        if words:
            yield Line(number, path, words)


class _Stories:
    """What was decided last of each picture, by all the places where it lay."""

    def __init__(self, holding: Iterable[Decision]) -> None:
        self._now: dict[tuple[str, str], list[Decision]] = {}  # by where a picture lies, and its content
        self._ever: dict[str, list[Decision]] = {}  # by where a picture lay
        for one in holding:
            path = _written(one.path)
            story = [*self._now.pop((path, one.content), []), one]
            for before in story:
                self._ever[_written(before.path)] = story
            if one.place is not None:
                self._now[_written(one.place), one.content] = story

    def last(self, path: str, item: Item | None) -> Decision | None:
        """The last decision about the picture at a path, or where none is there, about the last that was."""
        story = self._ever.get(path) if item is None else self._now.get((path, item.content))
        return story[-1] if story else None


def _parsed(decisions: Decisions, table: Path, line: Line) -> tuple[Choice, str | None]:
    words = RELABEL.sub("relabel: ", line.words, count=1)
    try:
        choice, label = parse_choice(words if words.startswith("relabel: ") else words.lower())
        if label is not None:
            path = decisions.catalog.root / within(decisions.catalog.root, line.path)
            decisions.require_label(label, path)
        return choice, label
    except ValueError:
        given = shortened(printable(line.words), 60)
        raise _wrong(table, line, Message("decisions.no_decision", given=given)) from None
    except WhatsitError as error:
        raise _wrong(table, line, error.message) from error


def _written(path: object) -> str:
    """A path as a table has it, even where a name is not text."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _wrong(table: Path, line: Line, reason: Message) -> CatalogError:
    return CatalogError(Message("decisions.wrong_line", table=table, line=line.number, reason=reason))
