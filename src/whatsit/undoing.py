"""What was done in a project, and taking it back: moves of pictures, and decisions about them."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from whatsit.i18n import Message
from whatsit.project import MANIFEST, Decision, Move, Project
from whatsit.text import brief


@dataclass(frozen=True)
class Undone:
    """An action that was taken back: the `moves` of files, and the `decisions` that no longer hold."""

    action: int
    at: str
    moves: tuple[Move, ...]
    decisions: tuple[Decision, ...]

    def __repr__(self) -> str:
        return brief(self, f"action {self.action}, {len(self.moves)} moves, {len(self.decisions)} decisions")


def undo(project: Project, times: int | None = 1) -> Iterator[Undone]:
    """Take back the last actions, the last one first; all of them with None.

    A file in the way is a ProjectError; the next undo continues from there.
    """
    known_gone: set[int] = set()
    left = times
    try:
        with project.lock():
            while left is None or left > 0:
                if (undone := _undo_last(project, known_gone)) is None:
                    return
                yield undone
                left = None if left is None else left - 1
    finally:
        if os.path.lexists(project.images / MANIFEST):
            from whatsit.collection.following import follow  # and all that downloading needs

            follow(project)


def last_action(project: Project) -> int:
    """The number of the last action that was made and not taken back; 0 for none."""
    made = (move.action for move in project.journal.moves() if move.state == "made")
    return max(project.decided.last_without_move(), *made, 0)


def _undo_last(project: Project, known_gone: set[int]) -> Undone | None:
    """Files first: where one is in the way, what was decided in the same action still holds."""
    alone = project.decided.last_without_move()
    moves = project.journal.undo(alone, known_gone)
    decisions = project.decided.of_moves(move.id for move in moves)
    if alone and not (moves and moves[0].action > alone):
        decisions += project.decided.take_back(alone)
    if not moves and not decisions:
        return None
    first = moves[0] if moves else decisions[0]
    return Undone(first.action, first.at, tuple(moves), tuple(decisions))


@dataclass(frozen=True)
class HistoryEntry:
    """An action: what was done `at` that time, and how often, as messages; `files` that it moved.

    `state` is "undone" where all of it was taken back, and "partly" where some of it was.
    """

    action: int
    at: str
    what: tuple[tuple[Message, int], ...]
    files: int
    state: Literal["done", "undone", "partly"]

    def __repr__(self) -> str:
        what = ", ".join(f"{message.what('en')}: {count}" for message, count in self.what)
        return brief(self, f"{self.action}, {self.state}, {what}")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        what = [{**message.to_dict(), "count": count} for message, count in self.what]
        return {"action": self.action, "at": self.at, "what": what, "files": self.files, "state": self.state}


def history(project: Project) -> list[HistoryEntry]:
    """What was done in a project, the first action first, with what was undone."""
    rows: dict[int, list[tuple[str, Message, bool]]] = {}
    files: Counter[int] = Counter()
    decided = [(one, False) for one in project.decided.holding()]
    decided += [(one, True) for one in project.decided.undone()]
    for one, is_undone in decided:
        rows.setdefault(one.action, []).append((one.at, one.reason, is_undone))
    with_decisions = set(rows)
    moves = list(project.journal.moves())
    from_somewhere = {(move.action, move.reason) for move in moves if move.source is not None}
    for move in moves:
        files[move.action] += move.source is not None
        is_repaired = move.source is None and (move.action, move.reason) in from_somewhere  # counted already
        if move.action not in with_decisions and not is_repaired:
            rows.setdefault(move.action, []).append((move.at, move.reason, move.state == "undone"))
    return [_entry(action, rows[action], files[action]) for action in sorted(rows)]


def _entry(action: int, rows: list[tuple[str, Message, bool]], files: int) -> HistoryEntry:
    what = Counter(message for _, message, _ in rows)
    undone = sum(is_undone for _, _, is_undone in rows)
    state: Literal["done", "undone", "partly"] = "partly" if undone else "done"
    return HistoryEntry(
        action, rows[0][0], tuple(what.most_common()), files, "undone" if undone == len(rows) else state
    )
