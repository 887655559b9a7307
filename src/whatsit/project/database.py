"""The project's SQLite file: what is known of the pictures, their splits, and what was moved."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from whatsit.errors import ProjectError
from whatsit.i18n import Message
from whatsit.project.paths import not_a_link, untrusted
from whatsit.text import brief, ending

FIRST = 3  # the number of the first format; those before were never released
# How the first format is made, and then what turns each into the next. Never change one that was released:
# add another.
# files: what is known of a picture's file, as catalog.index.ROW, or why it is not a picture and who decided;
# the path is relative to the image folder.
# splits: the split that a rule assigned to a picture, permanently.
# looks: how a picture looks to a network, as catalog.looks.LOOK, and by which version of the measures.
# moves: the journal. Without a source the file was made by Whatsit, without a target it went to the trash.
# decisions: what somebody decided of a picture, and the number of the move that carries it out, if one does;
# whether the manifest has followed that move.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT)",
        "CREATE TABLE files (path BLOB PRIMARY KEY, row BLOB, error TEXT, judge TEXT) WITHOUT ROWID",
        "CREATE TABLE rules (id INTEGER PRIMARY KEY, rule TEXT UNIQUE)",
        "CREATE TABLE splits (rule INTEGER, content BLOB, split INTEGER, hash INTEGER, relation TEXT, "
        "PRIMARY KEY (rule, content)) WITHOUT ROWID",
        "CREATE TABLE moves (id INTEGER PRIMARY KEY, action INTEGER, at TEXT, reason BLOB, "
        "source BLOB, target BLOB, name BLOB, state TEXT)",
    ),
    (
        "CREATE TABLE decisions (id INTEGER PRIMARY KEY, action INTEGER, at TEXT, content BLOB, choice TEXT, "
        "was BLOB, label BLOB, path BLOB, place BLOB, move INTEGER, state TEXT, followed INTEGER)",
        "CREATE INDEX decisions_of_moves ON decisions (move)",
    ),
    ("CREATE TABLE looks (content BLOB PRIMARY KEY, look BLOB, version INTEGER) WITHOUT ROWID",),
)
BESIDE = ("-journal", "-wal", "-shm")  # what SQLite puts beside a file
NAMES_ANOTHER = bytes.fromhex("d9d505f920a163d7")  # how a journal ends that names a further file


class Database:
    """An SQLite file of the newest format; older ones are brought up to it, newer ones refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.read() as database:
            database.execute("BEGIN")  # another process may be bringing it up to date
            if _done(database, path) == len(MIGRATIONS):
                return
        with self.write() as database:
            for migration in MIGRATIONS[_done(database, path) :]:
                for statement in migration:
                    database.execute(statement)
            database.execute(f"PRAGMA user_version = {newest()}")

    def __repr__(self) -> str:
        return brief(self, ending(self.path, 120))

    @classmethod
    def copy(cls, known: Path, path: Path) -> "Database":
        """A copy of one that may be read-only, or be written to by another process meanwhile."""
        with connect(known) as database, closing(sqlite3.connect(path)) as target:
            database.execute("BEGIN")
            _done(database, known)
            database.rollback()
            database.backup(target)
        return cls(path)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state. Raises ProjectError where the file can't be used."""
        with connect(self.path) as database:
            yield database

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all that happens in the block is kept, or with an error nothing."""
        with self.read() as database:
            database.execute("BEGIN IMMEDIATE")
            with database:
                yield database


def newest() -> int:
    """The number of the newest format."""
    return FIRST + len(MIGRATIONS) - 1


def _done(database: sqlite3.Connection, path: Path) -> int:
    """How many of the migrations a file has had. Raises ProjectError for one of a newer format."""
    (number,) = database.execute("PRAGMA user_version").fetchone()
    if number > newest():
        raise ProjectError(Message("project.newer", path=path, found=number, known=newest()))
    done = max(0, int(number) - FIRST + 1)
    check_schema(database, path, MIGRATIONS[:done])
    return done


def check_schema(database: sqlite3.Connection, path: Path, migrations: tuple[tuple[str, ...], ...]) -> None:
    """Raise UntrustedError where a file has other tables than these, or a view or a trigger."""
    if _schema(database) != _schema_after(migrations):
        raise untrusted(path, Message("untrusted.tables"))


def _schema(database: sqlite3.Connection) -> set[tuple[str, str, str]]:
    found = database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return set(found.fetchall())


@cache
def _schema_after(migrations: tuple[tuple[str, ...], ...]) -> set[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as database:
        for migration in migrations:
            for statement in migration:
                database.execute(statement)
        return _schema(database)


@contextmanager
def connect(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file that a stranger may have written.

    Raises ProjectError where it can't be used, and UntrustedError where it leads elsewhere.
    """
    for file in (path, *(path.with_name(path.name + suffix) for suffix in BESIDE)):
        not_a_link(file, path)
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(os.lstat(file).st_mode):
                raise untrusted(path, Message("untrusted.not_a_file", path=file))
    _check_journal(path.with_name(f"{path.name}-journal"))
    try:
        with closing(sqlite3.connect(path, timeout=60)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            yield database
    except (sqlite3.Error, UnicodeDecodeError) as error:  # of a damaged file sqlite3 may raise either
        raise ProjectError(Message("project.database", path=path, reason=str(error))) from error


def _check_journal(journal: Path) -> None:
    """Raise UntrustedError where a journal that a crash left names another file, which SQLite would delete.

    Only transactions of several databases need that (sqlite.org/fileformat.html), and Whatsit has none.
    """
    try:
        with open(journal, "rb") as file:
            file.seek(-min(len(NAMES_ANOTHER), os.fstat(file.fileno()).st_size), os.SEEK_END)
            end = file.read()
    except OSError:  # not there, most often
        return
    if end == NAMES_ANOTHER:
        raise untrusted(journal, Message("untrusted.names_a_file"))
