"""What is known of every file, so that one that did not change is never read again."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.entries import Entries
from whatsit.catalog.fingerprint import JUDGE, READ_TOGETHER, Fingerprint, fingerprint
from whatsit.catalog.split import NO_SPLIT, TEST, TRAIN, VALID, Record, Rule
from whatsit.errors import FileAccessError, ImageError
from whatsit.events import progress
from whatsit.i18n import Message
from whatsit.parallel import in_parallel
from whatsit.project import Database
from whatsit.project.paths import reading, untrusted
from whatsit.project.records import message_of, recorded_message

SAVE_EVERY = 1000  # pictures: what a crash may cost
LATEST = 2.0**33  # seconds since 1970, in the year 2242: when a picture may have been taken
STAT = ("mtime_ns", "ctime_ns", "bytes")
ROW = np.dtype(  # as it stands in the database too: little-endian, so that a sidecar can move
    [
        *((name, "<i8") for name in STAT),
        ("content", "V32"),
        ("hash", "<u8"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("format", "S4"),
        ("taken", "<f8"),
        ("split", "i1"),
    ]
)
_RECORDED = "splits JOIN rules ON rules.id = splits.rule WHERE rules.rule = ? ORDER BY content"


@dataclass
class Known:
    """`rows` (ROW) of sorted entries; `missing` places whose file must be read; `refused` reasons by place.

    `stale` are paths that the entries do not have.
    """

    rows: NDArray[np.void]
    missing: list[int]
    refused: dict[int, Message]
    stale: list[bytes]


def look_up(database: Database, entries: Entries, paths: Sequence[bytes]) -> Known:
    """What the index knows of the files of entries, whose sorted `paths` are given as bytes."""
    count, here = len(paths), 0
    known = Known(np.zeros(count, ROW), [], {}, [])
    known.rows["split"] = NO_SPLIT
    is_known = np.zeros(count, bool)
    with database.read() as connection, reading(database.path):
        cursor = connection.execute("SELECT path, row, error, judge FROM files ORDER BY path")
        while chunk := cursor.fetchmany(SAVE_EVERY):
            places, found = [], []
            for row in chunk:
                path = row[0]
                while here < count and paths[here] < path:
                    here += 1
                if here == count or paths[here] != path:
                    known.stale.append(path)
                while here < count and paths[here] == path:  # a table may list a file twice
                    places.append(here)
                    found.append(row)
                    here += 1
            if places:
                is_known[_take_over(known, np.array(places), found, entries.stats_table())] = True
    known.missing = np.flatnonzero(~is_known).tolist()
    return known


def _take_over(
    known: Known, places: NDArray[np.int64], found: list[Any], stats: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Keep what was found of files that are as they were then; return their places."""
    data = [row[1] for row in found]
    if not all(isinstance(one, bytes) and len(one) == ROW.itemsize for one in data):
        raise ValueError("a row is damaged")
    rows = np.frombuffer(b"".join(data), ROW)
    is_same = _is_plausible(rows)
    for column, name in enumerate(STAT):
        is_same &= rows[name] == stats[places, column]
    for n, (_, _, error, judge) in enumerate(found):
        if error is not None and is_same[n]:
            is_same[n] = judge == JUDGE and isinstance(error, str)
            if is_same[n]:
                known.refused[int(places[n])] = message_of(error)
    kept: NDArray[np.int64] = places[is_same]
    known.rows[kept] = rows[is_same]
    return kept


def _is_plausible(rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """Whether rows hold nothing that was never written (n,): a file whose row does is read again."""
    taken = rows["taken"]
    is_text = (np.ascontiguousarray(rows["format"]).view(np.uint8).reshape(len(rows), -1) < 128).all(1)
    is_time = np.isnan(taken) | (np.abs(taken) < LATEST)
    is_size = (rows["width"] >= 0) & (rows["height"] >= 0)
    plausible: NDArray[np.bool_] = is_text & is_time & is_size & (rows["split"] == NO_SPLIT)
    return plausible


def read_missing(database: Database, entries: Entries, paths: Sequence[bytes], known: Known) -> list[str]:
    """Read the missing files, keep what was found, and return the paths of those that changed meanwhile."""

    def look(place: int) -> Fingerprint | ImageError:
        try:
            return fingerprint(entries.root / entries.paths[place])
        except ImageError as error:
            return error

    changed: list[str] = []
    steady: list[tuple[bytes, bytes, str | None, str | None]] = []

    def keep() -> None:
        if steady:
            with database.write() as connection:
                connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", steady)
            steady.clear()

    try:
        with progress("reading", len(known.missing)) as advance:
            for place, found in zip(
                known.missing, in_parallel(look, known.missing, together=READ_TOGETHER), strict=True
            ):
                advance()
                row = known.rows[place]
                stat = tuple(entries.stats_table()[place].tolist())
                if isinstance(found, Fingerprint):
                    facts = found.facts
                    size = (facts.width, facts.height, facts.format.encode(), facts.taken)
                    known.rows[place] = row = np.array(
                        (*found.stat, found.content, found.hash, *size, NO_SPLIT), ROW
                    )
                    if found.stat == stat:
                        steady.append((paths[place], row.tobytes(), None, None))
                    else:
                        changed.append(entries.paths[place])
                else:
                    known.refused[place] = found.message
                    if not os.path.lexists(entries.root / entries.paths[place]):
                        changed.append(entries.paths[place])
                    elif not isinstance(found, FileAccessError):
                        row = np.array((*stat, b"", 0, 0, 0, b"", np.nan, NO_SPLIT), ROW)
                        steady.append((paths[place], row.tobytes(), recorded_message(found.message), JUDGE))
                if len(steady) >= SAVE_EVERY:
                    keep()
    finally:
        keep()
    known.missing = []
    return changed


def forget(database: Database, paths: Sequence[bytes]) -> None:
    """Forget files that are gone. Their splits stay recorded: the files may come back."""
    if paths:
        with database.write() as connection:
            connection.executemany("DELETE FROM files WHERE path = ?", ((path,) for path in paths))


def hashes_of(database: Database, contents: Collection[str]) -> NDArray[np.uint64]:
    """The perceptual hashes of the pictures of these contents, SHA-256 as hex, that are known."""
    with database.read() as connection:
        rows = connection.execute("SELECT row FROM files WHERE row IS NOT NULL").fetchall()
    with reading(database.path):
        known = np.frombuffer(b"".join(row for (row,) in rows), ROW)
    wanted = np.array([bytes.fromhex(content) for content in contents], "V32")
    return np.unique(known["hash"][np.isin(known["content"], wanted)])


def heads(content: NDArray[np.void]) -> NDArray[np.uint64]:
    """The first 8 bytes of every content, numbers in the same order: enough to tell nearly all apart."""
    return np.ascontiguousarray(content).view(">u8")[::4].astype(np.uint64)


def recorded_splits(database: Database, rule: Rule) -> tuple[NDArray[np.void], NDArray[np.int8]]:
    """All content that was assigned by a rule, sorted, and the split of each."""
    with database.read() as connection:
        rows = connection.execute(f"SELECT content, split FROM {_RECORDED}", (rule.name,)).fetchall()
    if not all(
        isinstance(content, bytes) and len(content) == 32 and split in (TRAIN, VALID, TEST)
        for content, split in rows
    ):
        raise untrusted(database.path, Message("untrusted.damaged_split"))
    content, splits = zip(*rows, strict=True) if rows else ((), ())
    return np.frombuffer(b"".join(content), "V32"), np.array(splits, np.int8)


def recorded(database: Database, rule: Rule) -> Record:
    """All that was assigned by a rule."""
    content, splits = recorded_splits(database, rule)
    with database.read() as connection:
        rows = connection.execute(f"SELECT hash, relation FROM {_RECORDED}", (rule.name,)).fetchall()
    if not all(isinstance(number, int) and isinstance(relation, str) for number, relation in rows):
        raise untrusted(database.path, Message("untrusted.damaged_split"))
    hashes, relations = zip(*rows, strict=True) if rows else ((), ())
    return Record(content, np.array(hashes, np.int64).view(np.uint64), splits, relations)


def record(database: Database, rule: Rule, assigned: Record) -> None:
    """Record what was assigned, all of it or nothing."""
    with database.write() as connection:
        connection.execute("INSERT OR IGNORE INTO rules (rule) VALUES (?)", (rule.name,))
        (number,) = connection.execute("SELECT id FROM rules WHERE rule = ?", (rule.name,)).fetchone()
        rows = zip(
            (content.tobytes() for content in assigned.content),
            assigned.splits.tolist(),
            assigned.hashes.view(np.int64).tolist(),
            assigned.relations,
            strict=True,
        )
        connection.executemany(
            "INSERT OR IGNORE INTO splits VALUES (?, ?, ?, ?, ?)", ((number, *row) for row in rows)
        )
