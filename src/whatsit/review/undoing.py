"""Taking back what was done last in a project: moves of pictures, and decisions about them."""

from collections.abc import Iterator
from dataclasses import dataclass

from whatsit.project import Move, Project
from whatsit.project.decisions import Decision
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
    raise NotImplementedError
