"""A table of suspects that somebody filled in with decisions: read and carried out."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from whatsit.catalog import Item
from whatsit.catalog.csv_files import rows_of
from whatsit.catalog.entries import within
from whatsit.cells import unsafe
from whatsit.config import Choice
from whatsit.errors import CatalogError, WhatsitError
from whatsit.i18n import Message
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
    holding = catalog.project.decided.holding()
    before = {
        (_written(one.path), one.choice, one.label if one.choice == "relabel" else None) for one in holding
    }
    contents = {(_written(one.path), one.content) for one in holding}
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
        if (path, choice, label) in before and (item is None or (path, item.content) in contents):
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


def _parsed(decisions: Decisions, table: Path, line: Line) -> tuple[Choice, str | None]:
    words = RELABEL.sub("relabel: ", line.words, count=1)
    try:
        choice, label = parse_choice(words if words.startswith("relabel: ") else words.lower())
        if label is not None:
            decisions.require_label(label)
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
