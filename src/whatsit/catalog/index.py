"""What is known of every file, so that one that did not change is never read again."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.fingerprint import JUDGE, READ_TOGETHER, Fingerprint, fingerprint
from whatsit.catalog.listing import Listing
from whatsit.catalog.split import TEST, TRAIN, UNDEALT, VALID, Record, Rule
from whatsit.errors import FileAccessError, ImageError
from whatsit.events import progress
from whatsit.parallel import in_parallel
from whatsit.project import Database
from whatsit.project.paths import reading, untrusted

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
        ("side", "i1"),
    ]
)
_DEALT = "sides JOIN rules ON rules.id = sides.rule WHERE rules.rule = ? ORDER BY content"


@dataclass
class Known:
    """`rows` (ROW) of a sorted listing; `missing` places whose file must be read; `refused` reasons by place.

    `stale` are paths that the listing does not have.
    """

    rows: NDArray[np.void]
    missing: list[int]
    refused: dict[int, str]
    stale: list[bytes]


def look_up(database: Database, listing: Listing, paths: Sequence[bytes]) -> Known:
    """What the index knows of the files of a listing, whose sorted `paths` are given as bytes."""
    count, here = len(paths), 0
    known = Known(np.zeros(count, ROW), [], {}, [])
    known.rows["side"] = UNDEALT
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
                is_known[_take_over(known, np.array(places), found, listing.stats_table())] = True
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
                known.refused[int(places[n])] = error
    kept: NDArray[np.int64] = places[is_same]
    known.rows[kept] = rows[is_same]
    return kept


def _is_plausible(rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """Whether rows hold nothing that was never written (n,): a file whose row does is read again."""
    taken = rows["taken"]
    is_text = (np.ascontiguousarray(rows["format"]).view(np.uint8).reshape(len(rows), -1) < 128).all(1)
    is_time = np.isnan(taken) | (np.abs(taken) < LATEST)
    is_size = (rows["width"] >= 0) & (rows["height"] >= 0)
    plausible: NDArray[np.bool_] = is_text & is_time & is_size & (rows["side"] == UNDEALT)
    return plausible


def read_missing(database: Database, listing: Listing, paths: Sequence[bytes], known: Known) -> list[str]:
    """Read the missing files, keep what they told, and return the paths of those that changed meanwhile."""

    def look(place: int) -> Fingerprint | ImageError:
        try:
            return fingerprint(listing.root / listing.paths[place])
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
        with progress("Reading pictures", len(known.missing)) as advance:
            for place, told in zip(
                known.missing, in_parallel(look, known.missing, together=READ_TOGETHER), strict=True
            ):
                advance()
                row = known.rows[place]
                stat = tuple(listing.stats_table()[place].tolist())
                if isinstance(told, Fingerprint):
                    facts = told.facts
                    size = (facts.width, facts.height, facts.format.encode(), facts.taken)
                    known.rows[place] = row = np.array(
                        (*told.stat, told.content, told.hash, *size, UNDEALT), ROW
                    )
                    if told.stat == stat:
                        steady.append((paths[place], row.tobytes(), None, None))
                    else:
                        changed.append(listing.paths[place])
                else:
                    known.refused[place] = str(told)
                    if not os.path.lexists(listing.root / listing.paths[place]):
                        changed.append(listing.paths[place])
                    elif not isinstance(told, FileAccessError):
                        row = np.array((*stat, b"", 0, 0, 0, b"", np.nan, UNDEALT), ROW)
                        steady.append((paths[place], row.tobytes(), str(told), JUDGE))
                if len(steady) >= SAVE_EVERY:
                    keep()
    finally:
        keep()
    known.missing = []
    return changed


def forget(database: Database, paths: Sequence[bytes]) -> None:
    """Forget files that are gone. What was dealt stays dealt: they may come back."""
    if paths:
        with database.write() as connection:
            connection.executemany("DELETE FROM files WHERE path = ?", ((path,) for path in paths))


def heads(content: NDArray[np.void]) -> NDArray[np.uint64]:
    """The first 8 bytes of every content, numbers in the same order: enough to tell nearly all apart."""
    return np.ascontiguousarray(content).view(">u8")[::4].astype(np.uint64)


def sides_recorded(database: Database, rule: Rule) -> tuple[NDArray[np.void], NDArray[np.int8]]:
    """All content that was dealt under a rule, sorted, and the side of each."""
    with database.read() as connection:
        rows = connection.execute(f"SELECT content, side FROM {_DEALT}", (rule.name,)).fetchall()
    if not all(
        isinstance(content, bytes) and len(content) == 32 and side in (TRAIN, VALID, TEST)
        for content, side in rows
    ):
        raise untrusted(database.path, "a side of the split in it is damaged")
    content, sides = zip(*rows, strict=True) if rows else ((), ())
    return np.frombuffer(b"".join(content), "V32"), np.array(sides, np.int8)


def recorded(database: Database, rule: Rule) -> Record:
    """All that was dealt under a rule."""
    content, sides = sides_recorded(database, rule)
    with database.read() as connection:
        rows = connection.execute(f"SELECT hash, relation FROM {_DEALT}", (rule.name,)).fetchall()
    if not all(isinstance(number, int) and isinstance(relation, str) for number, relation in rows):
        raise untrusted(database.path, "a side of the split in it is damaged")
    hashes, relations = zip(*rows, strict=True) if rows else ((), ())
    return Record(content, np.array(hashes, np.int64).view(np.uint64), sides, relations)


def record(database: Database, rule: Rule, dealt: Record) -> None:
    """Write down what was dealt, all of it or nothing."""
    with database.write() as connection:
        connection.execute("INSERT OR IGNORE INTO rules (rule) VALUES (?)", (rule.name,))
        (number,) = connection.execute("SELECT id FROM rules WHERE rule = ?", (rule.name,)).fetchone()
        rows = zip(
            (content.tobytes() for content in dealt.content),
            dealt.sides.tolist(),
            dealt.hashes.view(np.int64).tolist(),
            dealt.relations,
            strict=True,
        )
        connection.executemany(
            "INSERT OR IGNORE INTO sides VALUES (?, ?, ?, ?, ?)", ((number, *row) for row in rows)
        )
