"""What people decided about pictures, kept by content: a picture that was moved is recognized."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, get_args

from whatsit.config import Choice
from whatsit.i18n import Message
from whatsit.project.database import Database
from whatsit.project.moves import LARGEST
from whatsit.project.paths import reading, relative
from whatsit.text import brief, ending

COLUMNS = "content, choice, was, label, path, place, action, at"
REASONS: dict[Choice, str] = {
    "keep": "decisions.keep",
    "remove": "decisions.remove",
    "unsure": "decisions.unsure",
}
UNKNOWN = 2  # whether the manifest shows it, besides 0 and 1
LENGTH = 32  # bytes of a SHA-256
AFTER = {"made": "holds", "undone": "undone", "cancelled": "cancelled"}  # a decision's state by its move's


@dataclass(frozen=True)
class Decision:
    """What was decided about the picture of a `content`, SHA-256 in hex.

    It lay at `path` below the image folder and now lies at `place`, None for the trash. `label` is its class
    by this decision, `was` its class before. `action` is what is undone together, begun `at` that time; both
    are filled in when it is written down.
    """

    content: str
    choice: Choice
    was: str
    label: str
    path: PurePath
    place: PurePath | None
    action: int = 0
    at: str = ""

    def __repr__(self) -> str:
        label = f" {self.label}" if self.choice == "relabel" else ""
        return brief(self, f"{self.choice}{label}, {ending(self.path, 100)}, action {self.action}")

    @property
    def reason(self) -> Message:
        """What was decided, in words."""
        if self.choice == "relabel":
            return Message("decisions.relabel", was=self.was, label=self.label)
        if self.choice == "remove" and self.place is not None:
            return Message("decisions.left_out")
        return Message(REASONS[self.choice])

    def settles(self, label: str) -> bool:
        """Whether somebody said that this is the picture's class, and that it stays."""
        return self.choice in ("keep", "relabel") and self.label == label


Follow = tuple[int, Decision, bool]  # a decision's number, and whether its file was moved, or moved back


class Decided:
    """The decisions of a project. Every method may raise ProjectError.

    One that moves a file holds while that move is made; the journal marks both at once.
    """

    def __init__(self, database: Database, images: Path) -> None:
        self._database = database
        self._images = images

    def __repr__(self) -> str:
        return brief(self, f"about the pictures in {ending(self._images, 120)}")

    def holding(self) -> list[Decision]:
        """The decisions that hold, in the order in which they were made."""
        return self._select("state = 'holds'")

    def undone(self) -> list[Decision]:
        """The decisions that were taken back, in that order too."""
        return self._select("state = 'undone'")

    def last(self) -> int:
        """The last action in which something was decided that holds; 0 for none."""
        with self._database.read() as database, reading(self._database.path):
            found = database.execute("SELECT max(action) FROM decisions WHERE state = 'holds'")
            return int(found.fetchone()[0] or 0)

    def last_without_move(self) -> int:
        """The last action in which something was decided that moved no file; 0 for none."""
        last = "SELECT max(action) FROM decisions WHERE state = 'holds' AND move IS NULL"
        with self._database.read() as database, reading(self._database.path):
            return int(database.execute(last).fetchone()[0] or 0)

    def take_back(self, action: int) -> list[Decision]:
        """The decisions of an action that moved no file no longer hold; they are returned."""
        condition = "action = ? AND move IS NULL AND state = 'holds'"
        found = self._select(condition, action)
        with self._database.write() as database:
            database.execute(f"UPDATE decisions SET state = 'undone' WHERE {condition}", (action,))
        return found

    def of_moves(self, moves: Iterable[int]) -> list[Decision]:
        """The decisions that moves, given by their numbers, carried out."""
        of_move = f"SELECT {COLUMNS} FROM decisions WHERE move = ? ORDER BY id"
        with self._database.read() as database:
            return [self._decision_of(row) for move in moves for row in database.execute(of_move, (move,))]

    def not_followed(self) -> list[Follow]:
        """What the manifest does not show yet: files that were moved, or moved back after it showed that."""
        found = (
            f"SELECT id, state = 'holds', {COLUMNS} FROM decisions WHERE followed != (state = 'holds') "
            "AND state != 'planned' AND path IS NOT place ORDER BY id"
        )
        with self._database.read() as database:
            rows = database.execute(found)
            return [(number, self._decision_of(row), holds == 1) for number, holds, *row in rows]

    @contextmanager
    def following(self, moves: Sequence[Follow]) -> Iterator[None]:
        """The block has the manifest show these. After a kill in it nobody knows, and it is done again."""
        self._note_followed((UNKNOWN, number) for number, _, _ in moves)
        yield
        self._note_followed((int(is_made), number) for number, _, is_made in moves)

    def _note_followed(self, rows: Iterable[tuple[int, int]]) -> None:
        with self._database.write() as database:
            database.executemany("UPDATE decisions SET followed = ? WHERE id = ?", rows)

    def _select(self, condition: str, *values: object) -> list[Decision]:
        with self._database.read() as database:
            rows = database.execute(f"SELECT {COLUMNS} FROM decisions WHERE {condition} ORDER BY id", values)
            return [self._decision_of(row) for row in rows]

    def _decision_of(self, row: Sequence[Any]) -> Decision:
        """A row of COLUMNS. Raises UntrustedError where Whatsit can't have written it."""
        with reading(self._database.path):
            content, choice, was, label, *places, action, at = row
            if choice not in get_args(Choice) or len(content) != LENGTH or not 0 < action < LARGEST:
                raise ValueError(f"{choice!r:.40} of {action!r:.40}")
            datetime.fromisoformat(at)
            path, place = (None if one is None else PurePath(os.fsdecode(one)) for one in places)
            if path != place:  # a file was moved, and that is only done in the image folder
                for one in filter(None, (path, place)):
                    relative(self._images, one, self._database.path)
            labels = os.fsdecode(was), os.fsdecode(label)
            return Decision(content.hex(), choice, *labels, path or PurePath(), place, action, at)


def write_down(
    database: sqlite3.Connection, action: int, at: str, decisions: Iterable[tuple[Decision, int | None]]
) -> None:
    """Write down decisions with the numbers of their moves; those without one hold at once."""
    rows = (
        (
            action,
            at,
            bytes.fromhex(one.content),
            one.choice,
            os.fsencode(one.was),
            os.fsencode(one.label),
            os.fsencode(one.path),
            None if one.place is None else os.fsencode(one.place),
            move,
            "holds" if move is None else "planned",
        )
        for one, move in decisions
    )
    database.executemany(
        "INSERT INTO decisions (action, at, content, choice, was, label, path, place, move, state, "
        "followed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        rows,
    )


def mark_decisions(database: sqlite3.Connection, moves: Iterable[int], state: str) -> None:
    """What became of moves becomes of their decisions."""
    if after := AFTER.get(state):
        database.executemany(
            "UPDATE decisions SET state = ? WHERE move = ?", ((after, move) for move in moves)
        )
