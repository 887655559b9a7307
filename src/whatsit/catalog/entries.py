"""Which files there are and what they are called: from folders, tables, file names or lists."""

import errno
import os
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.csv_files import column_of, rows_of
from whatsit.catalog.fingerprint import stat_key
from whatsit.checks import meant
from whatsit.config import Split
from whatsit.errors import CatalogError
from whatsit.formats import SUFFIXES, is_hidden
from whatsit.i18n import Message
from whatsit.images import explain_unreadable
from whatsit.project import MANIFEST

SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}
OURS, BUNDLE = (MANIFEST, "cleaned.csv"), ".whatsit"  # files that Whatsit writes beside the classes
Grouping = str | Callable[[Path], object] | None


@dataclass
class Entries:
    """Columns, a row per picture file: paths relative to `root` (or absolute outside it), labels, splits.

    `source` is what was read: the root where its sub-folders are the labels, or a table's file.
    `stats` holds mtime_ns, ctime_ns and size of each; `relations` what `group=` gives, and `related_by` how;
    `warnings` what was passed over or looks odd; `whole` whether these are all pictures there are in `root`.
    """

    root: Path
    whole: bool = False
    source: Path | None = None
    related_by: str = ""
    paths: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    splits: list[Split | None] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)
    stats: "array[int]" = field(default_factory=lambda: array("q"))
    unreadable: list[tuple[Path, Message]] = field(default_factory=list)
    warnings: list[Message] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # files in class folders that are not called pictures

    def add(
        self, path: str, label: str, split: Split | None, stat: os.stat_result, relation: str = ""
    ) -> None:
        """Add a row."""
        self.paths.append(path)
        self.labels.append(label)
        self.splits.append(split)
        self.relations.append(relation)
        self.stats.extend(stat_key(stat))

    def try_add(self, path: str, label: str, split: Split | None, relation: str = "") -> None:
        """Add a row for a file that may not be there."""
        try:
            self.add(path, label, split, os.stat(self.root / path), relation)
        except OSError as error:
            self.unreadable.append((self.root / path, explain_unreadable(error).message))

    def sort(self) -> list[bytes]:
        """Sort the rows by the bytes of their paths, as the index is, and return these."""
        encoded = [os.fsencode(path) for path in self.paths]
        order = sorted(range(len(encoded)), key=encoded.__getitem__)
        for name in ("paths", "labels", "splits", "relations"):
            column = getattr(self, name)
            setattr(self, name, [column[place] for place in order])
        self.stats = array("q", self.stats_table()[order].tobytes())
        return [encoded[place] for place in order]

    def stats_table(self) -> NDArray[np.int64]:
        """The stats as an array (n, 3)."""
        return np.frombuffer(self.stats, np.int64).reshape(-1, 3)

    def relate(self, group: Grouping) -> None:
        """Fill `relations` by a regular expression (its first group, or match) on the path, or a function."""
        if group is None or self.related_by == f"column {group}":
            return
        if callable(group):
            self.related_by = f"function {getattr(group, '__qualname__', '')}".strip()
            names = (group(self.root / path) for path in self.paths)
            self.relations = ["" if one is None else str(one) for one in names]
        else:
            self.related_by = f"pattern {group}"
            pattern = _compiled(group, is_group=True)
            found = (pattern.search(Path(path).as_posix()) for path in self.paths)
            self.relations = [match[min(1, pattern.groups)] or "" if match else "" for match in found]
        if self.paths and not any(self.relations):
            name = self.related_by if callable(group) else f'"{group}"'
            self.warnings.append(Message("catalog_warning.group_matches_nothing", group=name))


def from_folder(root: Path, is_nested: bool = True) -> Entries:
    """One sub-folder per class; or train/ and valid/ (val/, validation/) and test/ with these inside.

    Raises CatalogError where the sub-folders look like image folders themselves, unless that `is_nested`.
    """
    if not root.is_dir():
        if root.exists():
            raise CatalogError(Message("catalog.folder_is_not_one", folder=root))
        advice = meant(root, Message("catalog.give_folder"))
        raise CatalogError(Message("catalog.folder_does_not_exist", folder=root, advice=advice))
    entries = Entries(root, whole=True, source=root)
    visited = {_identity(root)}
    folders, files = _contents(root, "", visited, entries)
    splits = {name: SPLIT_NAMES[name.lower()] for name in folders if name.lower() in SPLIT_NAMES}
    may_be_split = "train" in splits.values() and (len(splits) > 1 or len(folders) == 1)
    inside = {name: _contents(root, name, visited, entries) for name in splits} if may_be_split else {}
    with_classes = {splits[name] for name, (labels, _) in inside.items() if labels}
    passed_over = [name for name in files if name not in OURS and not name.endswith(BUNDLE)]
    if "train" in with_classes:
        for name, (labels, loose) in inside.items():
            split = None if splits[name] == "train" and "valid" not in with_classes else splits[name]
            passed_over += [f"{name}/{file}" for file in loose] if labels else [f"{name}/"]
            for label in labels:
                passed_over += _add_class(entries, f"{name}/{label}", label, split, visited)
        passed_over += [f"{name}/" for name in folders if name not in splits]
    else:
        for label in folders:
            passed_over += _add_class(entries, label, label, None, visited)
    if not is_nested:
        _require_classes(entries, 1 if "train" in with_classes else 0)
    if entries.others and entries.paths:
        others = {"count": len(entries.others), "kinds": kinds_of(entries.others)}
        entries.warnings.append(Message("catalog_warning.other_files", **others))
    if passed_over and entries.paths:
        entries.warnings.append(Message("catalog_warning.skipped", names=some(passed_over)))
    return entries


def _require_classes(entries: Entries, above: int) -> None:
    """Raise CatalogError where no class has a picture of its own, and each has several folders of them.

    `above` counts the folders between the root and the classes.
    """
    inside: dict[str, set[str]] = {}
    for path in entries.paths:
        label, *folders, _ = path.split("/")[above:]
        if not folders:
            return
        inside.setdefault(label, set()).add(folders[0])
    if inside and all(len(folders) > 1 for folders in inside.values()):
        label, (one, other, *_) = min((label, sorted(folders)) for label, folders in inside.items())
        names = {"label": label, "one": one, "other": other, "inner": entries.root / label}
        raise CatalogError(Message("catalog.folder_of_image_folders", folder=entries.root, **names))


def folders_of(path: str) -> tuple[str, ...]:
    """Which of the folders of a picture below the root may be its class, as `from_folder` reads them."""
    first, *inner = Path(path).parts[:-1] or ("",)
    return (first, *inner[:1]) if first.lower() in SPLIT_NAMES else (first,)


def _add_class(
    entries: Entries, folder: str, label: str, split: Split | None, visited: set[tuple[int, int]]
) -> list[str]:
    """Add all pictures below a class's folder; [folder] where there are none."""
    before = len(entries.paths) + len(entries.unreadable)
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        folders, files = _contents(entries.root, place, visited, entries)
        waiting += [f"{place}/{name}" for name in folders]
        for name, entry in files.items():
            if name[name.rfind(".") :].lower() in SUFFIXES:
                try:
                    entries.add(f"{place}/{name}", label, split, entry.stat())
                except OSError as error:
                    why = explain_unreadable(error).message
                    entries.unreadable.append((entries.root / place / name, why))
            else:
                entries.others.append(name)
    return [] if len(entries.paths) + len(entries.unreadable) > before else [f"{folder}/"]


def files_below(root: Path, without: Path | None = None) -> list[str]:
    """All files below a folder that `from_folder` would look at, sorted, but for those in `without`.

    They are relative to `root`, with / between their parts.
    """
    found, waiting, visited = [], [""], {_identity(root)}
    while waiting:
        place = waiting.pop()
        if root / place != without:
            folders, files = _contents(root, place, visited, Entries(root))
            before = f"{place}/" if place else ""
            waiting += [before + name for name in folders]
            found += [before + name for name in files]
    return sorted(found)


def _contents(
    root: Path, place: str, visited: set[tuple[int, int]], entries: Entries
) -> tuple[list[str], dict[str, os.DirEntry[str]]]:
    """Sub-folders and files, without hidden ones; links to folders are followed, but none is read twice."""
    folders, links, files = [], [], {}
    try:
        with os.scandir(root / place) as inside:
            for entry in inside:
                if is_hidden(entry.name):
                    continue
                if not _is_folder(entry):
                    files[entry.name] = entry
                elif entry.is_symlink():
                    links.append(entry)
                else:
                    folders.append(entry.name)
                    visited.add(_identity(entry.path))
        for entry in links:
            if _is_read_anyway(root, entry.path) or (identity := _identity(entry.path)) in visited:
                entries.warnings.append(Message("catalog_warning.link", path=entry.path))
            else:
                visited.add(identity)
                folders.append(entry.name)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            top = root / place.partition("/")[0]
            raise CatalogError(Message("catalog.too_deep", folder=top)) from error
        reason = error.strerror or str(error)
        raise CatalogError(Message("catalog.folder_not_read", path=error.filename, reason=reason)) from error
    return sorted(folders), files


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_read_anyway(root: Path, link: str) -> bool:
    """Whether a link leads to a folder that will be read without it, or out of the root to above it."""
    target, top = Path(link).resolve(), root.resolve()
    if not target.is_relative_to(top):
        return top.is_relative_to(target)
    return not any(part.startswith(".") for part in target.relative_to(top).parts)


def _identity(path: str | Path) -> tuple[int, int]:
    stat = os.stat(path)
    return stat.st_dev, stat.st_ino


def from_csv(file: Path, group: Grouping = None) -> Entries:
    """A table with the columns path and label, and perhaps split and group; paths count from its folder.

    `group` names another column than group, or is a regular expression on the path.
    """
    header, rows = rows_of(file)
    names = {name: column_of(name) for name in header}
    columns = {name: [(row[header] or "").strip() for row in rows] for header, name in names.items()}
    entries = from_columns(columns, file.parent, group, str(file), first_line=2)
    entries.source = file
    return entries


def from_columns(
    columns: Mapping[str, Sequence[Any]],
    root: Path,
    group: Grouping,
    table: Message | str,
    first_line: int = 0,
) -> Entries:
    """Rows of a table that came from wherever; `table` names it in messages."""
    for name in ("path", "label"):
        if name not in columns:
            if not columns:
                raise CatalogError(Message("catalog_table.no_columns", table=table))
            known = list(columns)
            raise CatalogError(Message("catalog_table.no_column", table=table, name=name, columns=known))
    count = len(columns["path"])
    column = group if isinstance(group, str) and group in columns else "group"
    relations = columns.get(column, [""] * count)
    entries = Entries(root, related_by=f"column {column}" if column in columns else "")
    splits = columns.get("split", [""] * count)
    rows = zip(columns["path"], columns["label"], splits, relations, strict=True)
    already_read: set[tuple[str, str]] = set()
    twice: list[str] = []
    for line, (path, label, split, relation) in enumerate(rows, first_line):
        if _is_missing(path) or _is_missing(label):
            raise CatalogError(Message("catalog_table.empty_cell", table=table, row=line))
        given = None if _is_missing(split) else SPLIT_NAMES.get(str(split).strip().lower())
        if given is None and not _is_missing(split):
            raise CatalogError(Message("catalog_table.no_split", table=table, row=line, split=str(split)))
        row = within(root, str(path)), str(label)
        if row in already_read:
            twice.append(row[0])
            continue
        already_read.add(row)
        entries.try_add(*row, given, "" if _is_missing(relation) else str(relation))
    if twice:
        entries.warnings.append(Message("catalog_table.listed_twice", names=some(twice)))
    return entries


def from_pattern(root: Path, pattern: str) -> Entries:
    """All pictures below a folder, the label by a regular expression on the path below it.

    The label is the group named label, or the first group.
    """
    expression = _compiled(pattern)
    if not expression.groups:
        raise CatalogError(Message("catalog_table.no_group", pattern=pattern))
    group = "label" if "label" in expression.groupindex else 1
    everything = Entries(root, whole=True)
    if not root.is_dir():
        raise CatalogError(Message("catalog_table.not_a_folder", folder=root))
    _add_class(everything, ".", "", None, {_identity(root)})
    entries = Entries(root, whole=True, warnings=everything.warnings, unreadable=everything.unreadable)
    other = []
    for path in everything.paths:
        path = os.path.normpath(path)
        match = expression.search(Path(path).as_posix())
        if match and match[group]:
            entries.try_add(path, match[group], None)
        else:
            other.append(path)
    if other and not entries.paths:
        count, example = len(other), other[0]
        message = Message("catalog_table.none_matched", pattern=pattern, count=count, example=example)
        raise CatalogError(message)
    if other:
        entries.warnings.append(Message("catalog_table.not_matched", names=some(other)))
    return entries


def within(root: Path, path: str) -> str:
    """The path as the index keeps it: relative to the root where it lies in it."""
    absolute = os.path.normpath(os.path.join(root.absolute(), path))
    inside = absolute.startswith(os.path.join(root.absolute(), ""))
    return os.path.relpath(absolute, root.absolute()) if inside else absolute


def _is_missing(value: object) -> bool:
    return value is None or str(value).strip() in ("", "nan", "<NA>", "NaT")  # as pandas writes a gap


def _compiled(pattern: str, is_group: bool = False) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as error:
        code = "catalog_table.bad_group" if is_group else "catalog_table.bad_pattern"
        raise CatalogError(Message(code, pattern=pattern, reason=str(error))) from error


def kinds_of(files: Iterable[str]) -> Message:
    """The commonest endings of files; a file without one is named."""
    kinds = Counter(Path(name).suffix[1:].lower() or Path(name).name for name in files)
    return some([kind for kind, _ in kinds.most_common()])


def some(names: Sequence[object], most: int = 3, more: int = 0) -> Message:
    """The first few names, and how many more there are (of `more`, if only some are given)."""
    rest, first = max(more, len(names)) - most, list(map(str, names[:most]))
    if rest > 0:
        return Message("catalog.names_and_more", names=first, count=rest)
    return Message("catalog.names", names=first)
