"""From a list of files to columns of what is known of them, with every picture on its side of the split."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.index import (
    Known,
    forget,
    heads,
    look_up,
    read_missing,
    record,
    recorded,
    sides_recorded,
)
from whatsit.catalog.listing import SPLIT_NAMES, Listing, some
from whatsit.catalog.split import SEPARATOR, UNDEALT, Pictures, Record, Rule, deal
from whatsit.config import Split
from whatsit.errors import CatalogError, ReadOnlyProjectError
from whatsit.project import SIDECAR, Database, Project
from whatsit.text import printable, shortened

SPLITS: tuple[Split, ...] = get_args(Split)  # a row's side is its split's place here


def side_of(split: Split) -> int:
    """The number of a split in a row. Raises CatalogError for what is not a split."""
    if isinstance(split, str) and split in SPLITS:
        return SPLITS.index(split)
    asked: object = split
    near = get_close_matches(str(asked).lower(), SPLIT_NAMES, 1)
    raise CatalogError(
        f"There is no split {shortened(printable(repr(asked)), 60)}.",
        f'Did you mean "{SPLIT_NAMES[near[0]]}"?' if near else 'Take "train", "valid" or "test".',
    )


def no_place(asked: object) -> CatalogError:
    """What to write instead of `catalog[0]` or `catalog[1:3]`."""
    place = shortened(printable(repr(asked)), 40)
    if isinstance(asked, slice):
        start, stop, step = ("" if n is None else str(n) for n in (asked.start, asked.stop, asked.step))
        place = f"{start}:{stop}{f':{step}' if step else ''}"
    is_number = isinstance(asked, int | np.integer | slice) and not isinstance(asked, bool)
    picture = f"For pictures by number write catalog.items[{place}]; " if is_number else ""
    return CatalogError(
        f"A catalog is indexed by the name of a split, not by [{place}].",
        f'{picture}{"for" if picture else "For"} a split catalog["train"], ["valid"] or ["test"].',
    )


@dataclass(frozen=True)
class Opened:
    """The readable files in the order of their paths: `labels` are places in `names`, `rows` an index.ROW.

    `groups` number what `group=` keeps together, and are None where it says nothing.
    """

    project: Project
    names: tuple[str, ...]
    paths: list[str]
    labels: NDArray[np.int32]
    rows: NDArray[np.void]
    groups: NDArray[np.int64] | None
    unreadable: tuple[tuple[Path, str], ...]


def open_listing(listing: Listing, rule: Rule, folder: str | Path | None, lasting: bool) -> Opened:
    """Read what the index does not know, deal what has no side; warnings go to the listing."""
    paths = listing.sort()
    names = tuple(sorted(set(listing.labels)))
    number = {label: n for n, label in enumerate(names)}
    labels = np.array([number[label] for label in listing.labels], np.int32)
    given = np.array([UNDEALT if one is None else SPLITS.index(one) for one in listing.splits], np.int8)
    project = _project(listing, folder, lasting)
    known = _know(project, listing, paths, rule, labels, given)
    kept = _readable(known).tolist()
    listing.warnings += _parted(listing, known.rows["side"], kept)
    refused = [(listing.root / listing.paths[place], why) for place, why in sorted(known.refused.items())]
    return Opened(
        project,
        names,
        [listing.paths[place] for place in kept],
        labels[kept],
        known.rows[kept],
        _numbered([listing.relations[place] for place in kept]),
        (*listing.unreadable, *refused),
    )


def _numbered(relations: Sequence[str]) -> NDArray[np.int64] | None:
    """A number for each relation, and one of its own for each picture without; None where none has any."""
    names, numbers = np.unique(np.array(relations, object), return_inverse=True)
    if not any(relations):
        return None
    alone = np.array([not relation for relation in relations])
    groups: NDArray[np.int64] = np.where(alone, len(names) + np.arange(len(numbers)), numbers)
    return groups


def _project(listing: Listing, folder: str | Path | None, lasting: bool) -> Project:
    """The sidecar; where none can be written, one that ends with the process."""
    has_none = folder is None and not (listing.root / SIDECAR).is_dir()
    if not listing.paths or (has_none and not lasting):
        return Project.passing(listing.root)
    try:
        return Project(listing.root, folder)
    except ReadOnlyProjectError as error:
        if folder is not None:
            raise
        listing.warnings.append(f"the split is not recorded. {error}")
        return Project.passing(listing.root)


def _know(
    project: Project,
    listing: Listing,
    paths: Sequence[bytes],
    rule: Rule,
    labels: NDArray[np.int32],
    given: NDArray[np.int8],
) -> Known:
    """Look up every file and its side; read and deal what is new, alone among all processes."""

    known = look_up(project.database, listing, paths)
    _recall(known, project.database, rule, given)
    is_dealt = (known.rows["side"][_readable(known)] != UNDEALT).all()
    if is_dealt and not known.missing and not (listing.whole and known.stale):
        return known
    with project.lock():
        known = look_up(project.database, listing, paths)  # another process may have read them meanwhile
        changed = read_missing(project.database, listing, paths, known)
        if changed:
            listing.warnings.append(f"changed while they were read: {some(changed)}. Read the folder again.")
        if listing.whole:
            forget(project.database, known.stale)
        _recall(known, project.database, rule, given)
        _deal(project, listing, rule, labels, known)
    return known


def _recall(known: Known, database: Database, rule: Rule, given: NDArray[np.int8]) -> None:
    """Fill in the sides that were given, and those of contents that were dealt, wherever their files are."""
    content, sides = sides_recorded(database, rule)
    rows = known.rows
    if len(content):
        place = np.minimum(np.searchsorted(heads(content), heads(rows["content"])), len(content) - 1)
        is_dealt = content[place] == rows["content"]
        rows["side"][is_dealt] = sides[place[is_dealt]]
    rows["side"][given != UNDEALT] = given[given != UNDEALT]


def _parted(listing: Listing, sides: NDArray[np.int8], kept: list[int]) -> list[str]:
    """What `group=` joins and the split parts: it was dealt, or given, before they were known to be one."""
    seen: dict[str, set[int]] = {}
    for place in kept:
        if relation := listing.relations[place]:
            seen.setdefault(relation, set()).add(int(sides[place]))
    parted = [relation for relation, both in seen.items() if len(both) > 1]
    if not parted:
        return []
    what = f"on both sides of the split, as it was dealt or given before: {some(parted)} of group="
    return [f"{what}. Another seed deals anew."]


def _readable(known: Known) -> NDArray[np.int64]:
    """The places of the files that are pictures."""
    readable = np.ones(len(known.rows), bool)
    readable[list(known.refused)] = False
    return np.flatnonzero(readable)


def _deal(
    project: Project,
    listing: Listing,
    rule: Rule,
    labels: NDArray[np.int32],
    known: Known,
) -> None:
    """Fill in the sides that are still UNDEALT, and record them."""
    readable = _readable(known)
    rows = known.rows[readable]
    free = rows["side"] == UNDEALT
    if not free.any():
        return
    relations = [listing.relations[place] for place in readable.tolist()]
    times = np.where(np.isnan(rows["taken"]), rows["mtime_ns"] / 1e9, rows["taken"])
    columns = (rows["content"], rows["hash"], rows["side"], relations)
    dealt = deal(Pictures(*columns, labels[readable], times), recorded(project.database, rule), rule)
    known.rows["side"][readable] = dealt.sides

    content, first, unit = np.unique(rows["content"][free], return_index=True, return_inverse=True)
    names: list[set[str]] = [set() for _ in content]
    for one, place in zip(unit.tolist(), np.flatnonzero(free).tolist(), strict=True):
        names[one].add(relations[place])
    joined = [SEPARATOR.join(sorted(name - {""})) for name in names]
    record(
        project.database, rule, Record(content, rows["hash"][free][first], dealt.sides[free][first], joined)
    )

    if len(dealt.bridging):
        paths = [listing.paths[place] for place in readable[dealt.bridging].tolist()]
        listing.warnings.append(f"like pictures on both sides of the split, so put to train: {some(paths)}.")
