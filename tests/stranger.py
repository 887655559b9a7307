"""A folder from a stranger: pictures with a hostile `.whatsit/`, and beside it what must stay as it is."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from whatsit.cli.app import app
from whatsit.errors import UntrustedError

Row = tuple[Any, ...]
COLUMNS = "id, action, at, reason, source, target, name, state"


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """What every file below a folder holds, where every link points, and which folders there are."""
    found: dict[str, bytes | str] = {}
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            found[str(path.relative_to(folder))] = (
                os.readlink(path)
                if path.is_symlink()
                else path.read_bytes()
                if path.is_file()
                else "a folder"
            )
    return found


def move(
    number: int = 1,
    state: object = "planned",
    source: object = None,
    target: object = None,
    name: object = b"1.jpg",
    action: object = 1,
    at: object = "2026-01-01T00:00:00",
    reason: object = b"why",
) -> Row:
    """A row of the journal."""
    return number, action, at, reason, source, target, name, state


def write_moves(sidecar: Path, *rows: Row) -> None:
    """Put rows into a journal, past everything that would refuse them."""
    with closing(sqlite3.connect(sidecar / "project.sqlite")) as database, database:
        database.execute("DELETE FROM moves")
        marks = ", ".join("?" * 8)
        database.executemany(f"INSERT INTO moves ({COLUMNS}) VALUES ({marks})", rows)


@dataclass(frozen=True)
class Neighbors:
    """A received image folder, and a folder of the user's own beside it."""

    images: Path
    victim: Path

    @property
    def sidecar(self) -> Path:
        return self.images / ".whatsit"


def neighbors(images: Path) -> Neighbors:
    """Put a `victim` beside an image folder."""
    victim = images.parent / "victim"
    (victim / "deep").mkdir(parents=True)
    for name in ("zz", "photo.jpg", "deep/thesis.txt"):
        (victim / name).write_text(f"mine: {name}")
    return Neighbors(images, victim)


def run(*words: object) -> Exception | None:
    """Run a command in this process, and return the error that it ends with."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    error = result.exception
    return None if error is None or isinstance(error, SystemExit) else error  # type: ignore[return-value]


def refused(received: Neighbors, *words: object) -> None:
    """A command on a received folder ends with the sentence, and changes nothing outside the sidecar."""
    outside = snapshot(received.victim)
    pictures = {name: found for name, found in snapshot(received.images).items() if name[0] != "."}
    error = run(*words[:1], received.images, *words[1:])
    assert isinstance(error, UntrustedError), error
    assert "can't be trusted" in str(error)
    assert "Set it aside: rename it to" in str(error)
    assert snapshot(received.victim) == outside
    assert {name: one for name, one in snapshot(received.images).items() if name[0] != "."} == pictures
