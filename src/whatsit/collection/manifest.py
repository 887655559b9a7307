"""The manifest: a CSV file with what became of every address, whatever happens meanwhile."""

import csv
import io
import os
import stat
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from io import FileIO
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from threading import Lock
from typing import Literal, get_args
from urllib.parse import quote

from whatsit.cells import safe, unsafe
from whatsit.collection.provider import Found
from whatsit.errors import CollectError
from whatsit.fetch import LONGEST_URL
from whatsit.formats import is_hidden
from whatsit.i18n import Message
from whatsit.project import write_whole
from whatsit.project.paths import not_a_link, plain_name, relative, untrusted
from whatsit.text import printable

# waiting: not fetched yet. failed: it did not arrive. broken: what arrived is not a usable picture.
# new: in its folder, and not compared with the others yet. duplicate: (nearly) the same as another.
# removed: a review removed it. A review may also have moved what is kept to another class.
Status = Literal["waiting", "failed", "broken", "new", "duplicate", "kept", "removed"]
REMOVED = Message("downloading.removed")
STATUSES: tuple[str, ...] = get_args(Status)
FROM_FOUND = ("license", "author", "page", "title", "provider")
TEMPORARY = ".whatsit-manifest."
TOGETHER = 1000  # rows that are written at once
LONGEST_TEXT = 1000  # characters
LARGEST_NUMBER = 10**12  # of a picture


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


NAMES = tuple(field.name for field in fields(Row))
COLUMNS = tuple("class" if name == "label" else name for name in NAMES)
NUMBER = attrgetter("number")
cells_of = attrgetter(*NAMES)


class Manifest:
    """The rows by class and address. Every change is appended at once; the last row of an address counts.

    The file has reasons in English; `reasons` has those of this process as messages, by that text. Raises
    CollectError for another kind of file, UntrustedError where it names other folders.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: FileIO | None = None
        self._lock = Lock()
        self.rows: defaultdict[str, dict[str, Row]] = defaultdict(dict)
        self.reasons: dict[str, Message] = {REMOVED.text("en"): REMOVED}
        if self._load():
            self.tidy()

    def of(self, label: str) -> list[Row]:
        """The rows of a class, in the order in which they were found."""
        return sorted(self.rows.get(label, {}).values(), key=NUMBER)

    def __iter__(self) -> Iterator[Row]:
        return chain.from_iterable(self.rows[label].values() for label in sorted(self.rows))

    def __len__(self) -> int:
        return sum(map(len, self.rows.values()))

    def add(self, label: str, found: Iterable[Found], words: str, first: int) -> None:
        """Add addresses that are not there yet, waiting, numbered from `first`."""
        new: list[Row] = []
        for one in found:
            known = {name: printable(getattr(one, name))[:LONGEST_TEXT] for name in FROM_FOUND}
            known["url"] = storable(one.url)
            row = Row(label, first + len(new), words=printable(words), **known)  # type: ignore[arg-type]
            row.invited = "yes" if one.invited else ""
            if self.rows[label].setdefault(row.url, row) is row:
                new.append(row)
        self._append(new)

    def note(
        self, row: Row, status: Status, error: Message | str = "", file: str = "", sha256: str = ""
    ) -> None:
        """Write down what became of an address; several threads may at once."""
        with self._lock:
            row.file = file or row.file
            row.sha256 = sha256 or row.sha256
            self._change(row, status, error)
            self._append([row])

    def note_all(self, changes: Iterable[tuple[Row, Status, Message | str]]) -> None:
        """Write down what became of many addresses: rows, status, error."""
        rest = iter(changes)
        while some := list(islice(rest, TOGETHER)):
            for row, status, error in some:
                self._change(row, status, error)
            self._append([row for row, _, _ in some])

    def _change(self, row: Row, status: Status, error: Message | str) -> None:
        text = printable(error.what("en") if isinstance(error, Message) else error)
        if isinstance(error, Message):
            self.reasons[text] = error
        row.status, row.error, row.time = status, text, _now(int(time.time()))

    def tidy(self) -> None:
        """Write the file anew, each address once."""
        self.close()
        self.sweep()
        rows = chain.from_iterable(self.of(label) for label in sorted(self.rows))
        parts = iter(lambda: list(islice(rows, TOGETHER)), [])
        write_whole(self.path, chain([HEAD], (_lines(map(cells_of, part)) for part in parts)), TEMPORARY)

    def sweep(self) -> None:
        """Remove what a kill left when the file was written."""
        for rest in self.path.parent.glob(f"{TEMPORARY}*"):
            rest.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; it is opened again when something is written."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, rows: list[Row]) -> None:
        if not rows:
            return
        try:
            if self._file is None:
                if not self.path.exists():
                    write_whole(self.path, [HEAD])
                # Unbuffered, so that a kill leaves whole lines; half a one is dropped when it is loaded.
                self._file = open(self.path, "ab", buffering=0)  # noqa: SIM115
            data = _lines(map(cells_of, rows))
            written = 0
            try:
                while written < len(data):  # a nearly full disk takes a part
                    written += self._file.write(data[written:])
            except OSError:
                self._file.truncate(self._file.tell() - written)
                raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise CollectError(Message("manifests.unwritable", path=self.path, reason=reason)) from error

    def _load(self) -> bool:
        """Read the rows; True where the file has more lines than it needs, or half a line at its end."""
        not_a_link(self.path, self.path)
        try:
            if not stat.S_ISREG(os.stat(self.path).st_mode):  # reading it might never end
                raise CollectError(Message("manifests.not_a_file", path=self.path))
            data = self.path.read_bytes()
        except FileNotFoundError:
            return False
        except OSError as error:
            reason = error.strerror or str(error)
            raise CollectError(Message("manifests.unreadable", path=self.path, reason=reason)) from error
        whole = data[: data.rfind(b"\n") + 1]
        if _is_whole(data[len(whole) :]):  # an editor left out the last line's end
            whole = data
        lines = 0
        for row in self._rows(whole):
            self.rows[row.label][row.url] = row
            lines += 1
        return lines > len(self) or not data.endswith(b"\n")

    def _rows(self, data: bytes) -> Iterator[Row]:
        try:
            reader = csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True)
            header = next(reader, list(COLUMNS))
            if tuple(header) != COLUMNS:
                raise self._not_valid(Message("manifests.columns"))
            for cells in filter(None, reader):
                if len(cells) != len(COLUMNS):
                    line, count = reader.line_num, len(cells)
                    why = Message("manifests.cells", line=line, count=count, wanted=len(COLUMNS))
                    raise self._not_valid(why)
                values = dict(zip(COLUMNS, map(unsafe, cells), strict=True))
                if values["status"] not in STATUSES:
                    raise self._not_valid(Message("manifests.status", status=values["status"]))
                label, number = values.pop("class"), int(values.pop("number"))
                if not 0 <= number < LARGEST_NUMBER:
                    raise self._not_valid(Message("manifests.number", number=number))
                self._check_place(label, values["file"], values["status"] in ("kept", "removed"))
                yield Row(label, number, **values)  # type: ignore[arg-type]
        except (ValueError, csv.Error) as error:
            raise self._not_valid(str(error)) from error

    def _not_valid(self, why: Message | str) -> CollectError:
        return CollectError(Message("manifests.not_valid", path=self.path, reason=why))

    def _check_place(self, label: str, file: str, is_reviewed: bool) -> None:
        """Raise UntrustedError for a class that is not a folder of pictures, and a file that is not in it.

        One that may have been moved in a review is in any folder of pictures.
        """
        if is_hidden(plain_name(label, self.path)):
            raise untrusted(self.path, Message("manifests.no_class", label=label))
        if file and is_reviewed:
            if any(map(is_hidden, relative(self.path.parent, file, self.path).parts)):
                raise untrusted(self.path, Message("manifests.no_picture", file=file, label=label))
            return
        folder, _, name = file.partition("/")
        if file and (folder != label or is_hidden(plain_name(name, self.path))):
            raise untrusted(self.path, Message("manifests.no_picture", file=file, label=label))


@lru_cache(maxsize=1)
def _now(second: int) -> str:
    return datetime.fromtimestamp(second).astimezone().isoformat()


def storable(url: str) -> str:
    """An address on one line of a file, of at most a little more than what any server takes."""
    cut = url[: LONGEST_URL + 1]
    return cut if cut.isprintable() else "".join(c if c.isprintable() else _quoted(c) for c in cut)


def _quoted(character: str) -> str:
    return quote(character.encode("utf-8", "replace"))


def _is_whole(line: bytes) -> bool:
    """Whether a line without an end is all there: its last column is "yes" or empty."""
    try:
        (cells,) = csv.reader([line.decode()], strict=True)
    except (ValueError, csv.Error):
        return False
    return len(cells) == len(COLUMNS) and cells[-1] in ("", "yes")


def _safe(row: Iterable[object]) -> list[object]:
    return [safe(cell) if isinstance(cell, str) else cell for cell in row]


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_safe, rows))
    return text.getvalue().encode()


HEAD = "\ufeff".encode() + _lines([COLUMNS])  # marked as UTF-8, or Excel reads another alphabet
