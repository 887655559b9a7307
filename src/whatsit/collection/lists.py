"""Lists of addresses that the user has: text files, CSV files, and what they are lists of."""

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from whatsit.collection.provider import Found
from whatsit.errors import CollectError
from whatsit.i18n import Message

SUFFIXES = (".txt", ".csv", ".tsv")
PREFIX = "urls_"
COLUMNS = ("url", "urls", "image", "image_url", "imageurl", "link", "address")


def label_of(path: Path) -> str:
    """The class that a list is of, by its file's name: urls_black.txt and urls_black (1).txt -> black."""
    stem = re.sub(r" \(\d+\)$", "", path.stem)  # what a browser adds to a second download
    return stem[len(PREFIX) :] if stem.lower().startswith(PREFIX) else stem


def find_lists(place: Path) -> list[Path]:
    """The list itself, or all lists in a folder. Raises CollectError where there is none."""
    if not place.is_dir():
        return [place]
    lists = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not lists:
        raise CollectError(Message("lists.none", folder=place))
    return lists


def read_list(path: str | os.PathLike[str]) -> list[Found]:
    """The addresses in a text file, one a line, or in the column url of a CSV file.

    A CSV file may also have columns license, author, page and title; without a header its lines are
    addresses. Lines that begin with # are comments.
    Raises CollectError where the file can't be read or has no address.
    """
    lines = [line.strip() for line in _text(Path(path)).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    is_table = Path(path).suffix.lower() in (".csv", ".tsv")
    try:
        found = list(_from_table(lines) if is_table else (Found(line) for line in lines))
    except csv.Error as error:
        raise CollectError(Message("lists.bad_csv", path=path, reason=str(error))) from error
    if not found:
        raise CollectError(Message("lists.no_address", path=path))
    return found


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise CollectError(Message("lists.unreadable", path=path, reason=reason)) from error
    # PowerShell's > writes UTF-16, others UTF-8, perhaps marked as such.
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CollectError(Message("lists.no_text", path=path)) from error


def _from_table(lines: Sequence[str]) -> Iterator[Found]:
    if not lines or "://" in lines[0]:  # no header, and an address may have commas in it
        for line in lines:
            yield Found(next(csv.reader([line]))[0] if line.startswith('"') else line)
        return
    delimiter = max(",;\t", key=lines[0].count)
    rows = csv.DictReader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    for row in rows:
        cells = {name.strip().lower(): (cell or "").strip() for name, cell in row.items() if name}
        urls = [cells[name] for name in COLUMNS if cells.get(name)]
        if urls:
            known = {name: cells.get(name, "") for name in ("license", "author", "page", "title")}
            yield Found(urls[0], **known)  # type: ignore[arg-type]


def label_lists(places: Sequence[Path], label: str | None = None) -> dict[str, list[Found]]:
    """The addresses of several lists, or folders of lists, by class: `label`, or as each file says."""
    found: dict[str, list[Found]] = {}
    for place in places:
        for path in find_lists(place):
            found.setdefault(label or label_of(path), []).extend(read_list(path))
    return found
