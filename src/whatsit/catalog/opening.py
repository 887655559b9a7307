"""Turns a list of files into columns of what is known of them, and assigns every picture to a split."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.entries import SPLIT_NAMES, Entries, some
from whatsit.catalog.index import (
    Known,
    forget,
    heads,
    look_up,
    read_missing,
    record,
    recorded,
    recorded_splits,
)
from whatsit.catalog.split import NO_SPLIT, SEPARATOR, Pictures, Record, Rule, assign
from whatsit.config import Split
from whatsit.errors import CatalogError, ReadOnlyProjectError
from whatsit.i18n import Message
from whatsit.project import SIDECAR, Database, Project
from whatsit.text import printable, shortened

SPLITS: tuple[Split, ...] = get_args(Split)  # a row's split is an index into these


def split_index(split: Split) -> int:
    """The number of a split in a row. Raises CatalogError for any other name."""
    if isinstance(split, str) and split in SPLITS:
        return SPLITS.index(split)
    given: object = split
    name = shortened(printable(given), 60)
    if near := get_close_matches(str(given).lower(), SPLIT_NAMES, 1):
        raise CatalogError(Message("catalog.no_split_but", split=name, near=SPLIT_NAMES[near[0]]))
    raise CatalogError(Message("catalog.no_split", split=name))


def no_place(index: object) -> CatalogError:
    """What to write instead of `catalog[0]` or `catalog[1:3]`."""
    place = shortened(printable(repr(index)), 40)
    if isinstance(index, slice):
        start, stop, step = ("" if n is None else str(n) for n in (index.start, index.stop, index.step))
        place = f"{start}:{stop}{f':{step}' if step else ''}"
    is_number = isinstance(index, int | np.integer | slice) and not isinstance(index, bool)
    code = "catalog.not_indexed_by_number" if is_number else "catalog.not_indexed"
    return CatalogError(Message(code, place=place))


@dataclass(frozen=True)
class Opened:
    """The readable files in the order of their paths: `labels` are places in `names`, `rows` an index.ROW.

    `groups` number what `group=` keeps together, and are None where it gives nothing.
    """

    project: Project
    names: tuple[str, ...]
    paths: list[str]
    labels: NDArray[np.int32]
    rows: NDArray[np.void]
    groups: NDArray[np.int64] | None
    unreadable: tuple[tuple[Path, Message], ...]


def open_entries(
    entries: Entries, rule: Rule, folder: str | Path | None, lasting: bool, is_recorded: bool
) -> Opened:
    """Read what the index does not know, and assign what has no split; warnings go to the entries."""
    paths = entries.sort()
    names = tuple(sorted(set(entries.labels)))
    number = {label: n for n, label in enumerate(names)}
    labels = np.array([number[label] for label in entries.labels], np.int32)
    given = np.array([NO_SPLIT if one is None else SPLITS.index(one) for one in entries.splits], np.int8)
    project = _project(entries, folder, lasting)
    known = _know(project, entries, paths, rule, labels, given, is_recorded)
    kept = _readable(known).tolist()
    entries.warnings += _across_splits(entries, known.rows["split"], kept)
    refused = [(entries.root / entries.paths[place], why) for place, why in sorted(known.refused.items())]
    return Opened(
        project,
        names,
        [entries.paths[place] for place in kept],
        labels[kept],
        known.rows[kept],
        _numbered([entries.relations[place] for place in kept]),
        (*entries.unreadable, *refused),
    )


def _numbered(relations: Sequence[str]) -> NDArray[np.int64] | None:
    """A number for each relation, and one of its own for each picture without; None where none has any."""
    names, numbers = np.unique(np.array(relations, object), return_inverse=True)
    if not any(relations):
        return None
    alone = np.array([not relation for relation in relations])
    groups: NDArray[np.int64] = np.where(alone, len(names) + np.arange(len(numbers)), numbers)
    return groups


def _project(entries: Entries, folder: str | Path | None, lasting: bool) -> Project:
    """The sidecar; where none can be written, one that ends with the process."""
    has_none = folder is None and not (entries.root / SIDECAR).is_dir()
    if not entries.paths or (has_none and not lasting):
        return Project.passing(entries.root)
    try:
        return Project(entries.root, folder)
    except ReadOnlyProjectError as error:
        if folder is not None:
            raise
        entries.warnings.append(Message("catalog_warning.not_recorded", reason=error))
        return Project.passing(entries.root)


def _know(
    project: Project,
    entries: Entries,
    paths: Sequence[bytes],
    rule: Rule,
    labels: NDArray[np.int32],
    given: NDArray[np.int8],
    is_recorded: bool,
) -> Known:
    """Look up every file and its split; read and assign new ones, one process at a time."""
    known = look_up(project.database, entries, paths)
    _recall(known, project.database, rule, given)
    all_assigned = (known.rows["split"][_readable(known)] != NO_SPLIT).all()
    if all_assigned and not known.missing and not (entries.whole and known.stale):
        return known
    with project.lock():
        known = look_up(project.database, entries, paths)  # another process may have read them meanwhile
        changed = read_missing(project.database, entries, paths, known)
        if changed:
            entries.warnings.append(Message("catalog_warning.changed", names=some(changed)))
        if entries.whole:
            forget(project.database, known.stale)
        _recall(known, project.database, rule, given)
        assigned = _assign(project, entries, rule, labels, known)
        if assigned and is_recorded:
            record(project.database, rule, assigned)
    return known


def _recall(known: Known, database: Database, rule: Rule, given: NDArray[np.int8]) -> None:
    """Fill in the splits that are given, and those of contents assigned earlier, wherever their files are."""
    content, splits = recorded_splits(database, rule)
    rows = known.rows
    if len(content):
        place = np.minimum(np.searchsorted(heads(content), heads(rows["content"])), len(content) - 1)
        is_recorded = content[place] == rows["content"]
        rows["split"][is_recorded] = splits[place[is_recorded]]
    rows["split"][given != NO_SPLIT] = given[given != NO_SPLIT]


def _across_splits(entries: Entries, splits: NDArray[np.int8], kept: list[int]) -> list[Message]:
    """A warning about groups of `group=` in two splits: assigned, or given, before they were known as one."""
    splits_of: dict[str, set[int]] = {}
    for place in kept:
        if relation := entries.relations[place]:
            splits_of.setdefault(relation, set()).add(int(splits[place]))
    divided = [relation for relation, found in splits_of.items() if len(found) > 1]
    if not divided:
        return []
    return [Message("catalog_warning.group_in_several_splits", names=some(divided))]


def _readable(known: Known) -> NDArray[np.int64]:
    """The places of the files that are pictures."""
    readable = np.ones(len(known.rows), bool)
    readable[list(known.refused)] = False
    return np.flatnonzero(readable)


def _assign(
    project: Project,
    entries: Entries,
    rule: Rule,
    labels: NDArray[np.int32],
    known: Known,
) -> Record | None:
    """Assign a split to the pictures that have none; what to record of it."""
    readable = _readable(known)
    rows = known.rows[readable]
    free = rows["split"] == NO_SPLIT
    if not free.any():
        return None
    relations = [entries.relations[place] for place in readable.tolist()]
    times = np.where(np.isnan(rows["taken"]), rows["mtime_ns"] / 1e9, rows["taken"])
    columns = (rows["content"], rows["hash"], rows["split"], relations)
    assignment = assign(Pictures(*columns, labels[readable], times), recorded(project.database, rule), rule)
    known.rows["split"][readable] = assignment.splits

    if len(assignment.ambiguous):
        paths = [entries.paths[place] for place in readable[assignment.ambiguous].tolist()]
        entries.warnings.append(Message("catalog_warning.like_both", names=some(paths)))

    content, first, unit = np.unique(rows["content"][free], return_index=True, return_inverse=True)
    names: list[set[str]] = [set() for _ in content]
    for one, place in zip(unit.tolist(), np.flatnonzero(free).tolist(), strict=True):
        names[one].add(relations[place])
    joined = [SEPARATOR.join(sorted(name - {""})) for name in names]
    return Record(content, rows["hash"][free][first], assignment.splits[free][first], joined)
