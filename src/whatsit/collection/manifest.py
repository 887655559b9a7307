"""The manifest: a CSV file that says of every address what became of it, whatever happens meanwhile."""

import csv
import io
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from whatsit.collection.provider import Found
from whatsit.errors import CollectError
from whatsit.project import write_whole
from whatsit.text import printable

# waiting: not fetched yet. failed: it did not arrive. broken: what arrived is no picture to learn from.
# new: in its folder, and not compared with the others yet. duplicate: (nearly) the same as another.
Status = Literal["waiting", "failed", "broken", "new", "duplicate", "kept"]
STATUSES: tuple[str, ...] = get_args(Status)
FROM_FOUND = ("url", "license", "author", "page", "title", "provider")
FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would compute


@dataclass(slots=True)
class Row:
    """What is known of one address, found for one class. `file` is relative to the image folder.

    `number` is its place in its class, `words` what was searched for, `error` why it is not kept.
    """

    label: str
    number: int
    status: Status = "waiting"
    file: str = ""
    error: str = ""
    url: str = ""
    license: str = ""
    author: str = ""
    page: str = ""
    title: str = ""
    provider: str = ""
    words: str = ""
    sha256: str = ""
    time: str = ""
    invited: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """By what it is known."""
        return self.label, self.url


COLUMNS = tuple("class" if field.name == "label" else field.name for field in fields(Row))


class Manifest:
    """The rows by class and address. Every change is appended at once; the last row of an address counts.

    Raises CollectError where the file is none of this kind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[tuple[str, str], Row] = {}
        if self._load():
            self.tidy()

    def of(self, label: str) -> list[Row]:
        """The rows of a class, in the order in which they were found."""
        return sorted((row for row in self.rows.values() if row.label == label), key=lambda row: row.number)

    def add(self, label: str, found: Iterable[Found], words: str, first: int) -> None:
        """Add addresses that are not there yet, waiting, numbered from `first`."""
        new: list[Row] = []
        for one in found:
            known = {name: printable(getattr(one, name)) for name in FROM_FOUND}
            row = Row(label, first + len(new), words=printable(words), **known)  # type: ignore[arg-type]
            row.invited = "yes" if one.invited else ""
            if row.key not in self.rows:
                self.rows[row.key] = row
                new.append(row)
        self._append(new)

    def note(self, row: Row, status: Status, error: str = "", file: str = "", sha256: str = "") -> None:
        """Write down what became of an address."""
        row.status, row.error = status, printable(error)
        row.file = file or row.file
        row.sha256 = sha256 or row.sha256
        row.time = _now(int(time.time()))
        self._append([row])

    def tidy(self) -> None:
        """Write the file anew, each address once."""
        rows = sorted(self.rows.values(), key=lambda row: (row.label, row.number))
        write_whole(self.path, ("\ufeff" + _line(COLUMNS) + "".join(map(_written, rows))).encode())

    def _append(self, rows: list[Row]) -> None:
        if not rows:
            return
        try:
            if not self.path.exists():
                write_whole(self.path, ("\ufeff" + _line(COLUMNS)).encode())
            # One call, so that a kill leaves whole lines; where it leaves half a one, loading drops that.
            with open(self.path, "ab", buffering=0) as file:
                file.write("".join(map(_written, rows)).encode())
        except OSError as error:
            raise CollectError(
                f"{self.path} can't be written: {error.strerror}.", "Free some space, or close it elsewhere."
            ) from error

    def _load(self) -> bool:
        """Read the rows; True where the file has more lines than it needs, or half a line at its end."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise CollectError(f"{self.path} can't be read: {error.strerror}.") from error
        whole = data[: data.rfind(b"\n") + 1]
        lines = 0
        for row in self._rows(whole):
            self.rows[row.key] = row
            lines += 1
        return lines > len(self.rows) or whole != data

    def _rows(self, data: bytes) -> Iterator[Row]:
        try:
            reader = csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True)
            header = next(reader, list(COLUMNS))
            if tuple(header) != COLUMNS:
                raise ValueError("its columns are others")
            for cells in reader:
                values = dict(zip(COLUMNS, map(_read, cells), strict=True))
                if values["status"] not in STATUSES:
                    raise ValueError(f"{values['status']!r} is no status")
                label, number = values.pop("class"), int(values.pop("number"))
                yield Row(label, number, **values)  # type: ignore[arg-type]
        except (ValueError, csv.Error) as error:
            raise CollectError(
                f"{self.path} is no manifest of Whatsit's any more ({error}).",
                "Undo the changes to it, or move it away.",
            ) from error


@lru_cache(maxsize=1)
def _now(second: int) -> str:
    return datetime.fromtimestamp(second).astimezone().isoformat()


def _written(row: Row) -> str:
    return _line([getattr(row, field.name) for field in fields(row)])


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_safe(cell) for cell in cells])
    return text.getvalue()


def _safe(cell: object) -> object:
    """A leading apostrophe keeps a spreadsheet from computing what a stranger wrote."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith((*FORMULA, "'")) else cell


def _read(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell
