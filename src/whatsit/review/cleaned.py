"""cleaned.csv: the table of a catalog whose labels are not folders, after what was decided."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from whatsit.catalog import Catalog
from whatsit.catalog.csv_files import column_of, rows_of
from whatsit.catalog.entries import within
from whatsit.catalog.opening import SPLITS
from whatsit.cells import safe
from whatsit.errors import CatalogError
from whatsit.i18n import Message
from whatsit.project import Decision

CLEANED = "cleaned.csv"


class Verdict(NamedTuple):
    """What the rows of a file become that had one of the labels `before`: None where it is removed."""

    before: frozenset[str]
    after: str | None


def cleaned(catalog: Catalog, decisions: Iterable[Decision]) -> bytes:
    """The rows of a catalog's table with the labels that were decided, without those that were removed.

    All columns of a CSV file are kept. Raises CatalogError where it can't be read any more, or where a file
    has a name that is not text.
    """
    verdicts = _verdicts(catalog, decisions)
    header, rows = _table(catalog)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for path, label, row in rows:
        before, after = verdicts.get(path, Verdict(frozenset(), None))
        if label not in before:
            writer.writerow(row(label))
        elif after is not None:
            writer.writerow(row(after))
    try:
        return text.getvalue().encode("utf-8-sig")
    except UnicodeEncodeError as error:
        raise CatalogError(Message("decisions.no_text", table=CLEANED)) from error


def _verdicts(catalog: Catalog, decisions: Iterable[Decision]) -> dict[str, Verdict]:
    """By path, what was decided of a file last. One that was renamed is known by its content."""
    contents = [content.tobytes().hex() for content in catalog.rows["content"]]
    known = dict(zip(catalog.paths, contents, strict=True))
    paths: dict[str, set[str]] = {}
    for path, content in zip(catalog.paths, contents, strict=True):
        paths.setdefault(content, set()).add(path)
    verdicts: dict[str, Verdict] = {}
    for one in decisions:
        path = str(one.path)
        if known.get(path) != one.content:
            if len(paths.get(one.content, ())) != 1:
                continue
            (path,) = paths[one.content]
        if one.choice != "unsure":
            before = verdicts[path].before if path in verdicts else frozenset()
            after = None if one.choice == "remove" else one.label
            verdicts[path] = Verdict(before | {one.was}, after)
    return verdicts


Row = tuple[str, str, Callable[[str], Sequence[object]]]  # path in the catalog, label, cells with a label


def _table(catalog: Catalog) -> tuple[list[str], Iterator[Row]]:
    """The header, and the rows."""
    if catalog.source is not None:
        return _of_file(catalog.source, catalog.root)
    header = ["path", "label"]
    columns: list[list[object]] = []
    if not catalog.is_assigned:
        header.append("split")
        columns.append([SPLITS[split] for split in catalog.rows["split"]])
    kind, _, name = catalog.rule.relation.partition(" ")
    if kind == "column" and catalog.groups is not None:
        header.append(name)
        columns.append(catalog.groups.tolist())
    more = zip(*columns, strict=True) if columns else iter([()] * len(catalog))
    labels = (catalog.names[label] for label in catalog.labels)

    def cells(path: str, others: Sequence[object]) -> Callable[[str], Sequence[object]]:
        return lambda label: [_cell(path), label, *others]

    rows = zip(catalog.paths, labels, more, strict=True)
    return header, ((path, label, cells(path, others)) for path, label, others in rows)


def _of_file(file: Path, root: Path) -> tuple[list[str], Iterator[Row]]:
    """All columns of a CSV file, as they are."""
    header, rows = rows_of(file)
    by_name = {column_of(name): name for name in header}

    def cells(row: dict[str, str | None]) -> Callable[[str], Sequence[object]]:
        return lambda label: [label if name == by_name["label"] else row[name] or "" for name in header]

    def read(row: dict[str, str | None], name: str) -> str:
        return (row[by_name[name]] or "").strip()

    return header, ((within(root, read(row, "path")), read(row, "label"), cells(row)) for row in rows)


def _cell(path: str) -> str:
    """A path that no spreadsheet computes, and that is read again as it is."""
    return path if safe(path) == path and path.strip() == path else f"./{path}"
