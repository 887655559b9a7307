"""The project's SQLite file: what is known of the pictures, their sides of the split, and what was moved."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from whatsit.errors import ProjectError

# What turns format N into format N + 1 stands at place N. Never change one that was released: add another.
# files: what reading a picture's file told, as catalog.index.ROW, or why it is no picture and who says so;
# the path is relative to the image folder.
# sides: where a picture was dealt to under a rule, for good.
# moves: the journal. Without a source the file was made by Whatsit, without a target it went to the trash.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT)",
        "CREATE TABLE files (path BLOB PRIMARY KEY, row BLOB, error TEXT, judge TEXT) WITHOUT ROWID",
        "CREATE TABLE rules (id INTEGER PRIMARY KEY, rule TEXT UNIQUE)",
        "CREATE TABLE sides (rule INTEGER, content BLOB, side INTEGER, hash INTEGER, relation TEXT, "
        "PRIMARY KEY (rule, content)) WITHOUT ROWID",
        "CREATE TABLE moves (id INTEGER PRIMARY KEY, action INTEGER, at TEXT, reason BLOB, "
        "source BLOB, target BLOB, name BLOB, state TEXT)",
    ),
    ("DELETE FROM files",),  # the perceptual hash is another one
)


class Database:
    """An SQLite file of the newest format; older ones are brought up to it, newer ones refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.read() as database:
            if _format(database, path) == len(MIGRATIONS):
                return
        with self.write() as database:
            for migration in MIGRATIONS[_format(database, path) :]:
                for statement in migration:
                    database.execute(statement)
            database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @classmethod
    def copy(cls, known: Path, path: Path) -> "Database":
        """A copy of one that may be read-only, or be written to by another process meanwhile."""
        with _connect(known) as database, closing(sqlite3.connect(path)) as target:
            _format(database, known)
            database.backup(target)
        return cls(path)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state. Raises ProjectError where the file can't be used."""
        with _connect(self.path) as database:
            yield database

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all that happens in the block is kept, or with an error nothing."""
        with self.read() as database:
            database.execute("BEGIN IMMEDIATE")
            with database:
                yield database


def _format(database: sqlite3.Connection, path: Path) -> int:
    (number,) = database.execute("PRAGMA user_version").fetchone()
    if number > len(MIGRATIONS):
        raise ProjectError(
            f"{path} was written by a newer Whatsit (format {number}; this one knows {len(MIGRATIONS)}).",
            "Update Whatsit.",
        )
    return int(number)


@contextmanager
def _connect(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, timeout=60)) as database:
            yield database
    except (sqlite3.Error, UnicodeDecodeError) as error:  # of a damaged file sqlite3 may raise either
        raise ProjectError(
            f"{path} can't be used ({error}).",
            "Free some space, or name another folder with --project DIR; if it is damaged, move it away.",
        ) from error
