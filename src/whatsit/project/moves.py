"""The rows of the journal: files' ways, none of which leads out of the image folder and the trash."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, Literal, get_args

from whatsit.errors import ProjectError, UntrustedError
from whatsit.i18n import Message
from whatsit.project.paths import SIDECAR, inside, not_a_link, plain_name, relative, untrusted
from whatsit.project.records import message_of
from whatsit.text import brief, ending

State = Literal["planned", "made", "cancelled", "undoing", "undone", "emptying", "emptied"]
COLUMNS = "id, action, at, reason, source, target, name, state"
LARGEST = 10**12  # number of a move: more were never made


@dataclass(frozen=True)
class Move:
    """One file's way: from `source` (None: Whatsit made it) to `target` (None: into the trash)."""

    id: int
    action: int
    at: str
    reason: Message
    source: Path | None
    target: Path | None
    in_trash: Path
    state: State

    def __repr__(self) -> str:
        start, end = (ending(path, 45) if path else "" for path in (self.source, self.target))
        way = f"{start or 'a new file'} to {end or 'the trash'}"
        return brief(
            self, f"{self.id} of action {self.action}, {way}, {self.state}, {self.reason.text('en')}"
        )

    @property
    def start(self) -> Path:
        """Where the file was before."""
        return self.source or self.in_trash

    @property
    def end(self) -> Path:
        """Where the file is after."""
        return self.target or self.in_trash


@dataclass(frozen=True)
class Places:
    """Where a move may begin and end: below the image folder, or in its own folder in the trash.

    `record` is the file with the journal's rows.
    """

    images: Path
    trash: Path
    record: Path

    def stored(self, path: Path | None) -> bytes | None:
        """A path relative to the image folder, which may move and take its sidecar along.

        Raises ProjectError for one outside, or behind a symbolic link: what can not be undone is not started.
        """
        if path is None:
            return None
        path = path.absolute()
        if not path.is_relative_to(self.images) or self._is_foreign(below := path.relative_to(self.images)):
            raise ProjectError(Message("journal.outside", path=path, folder=self.images))
        try:
            inside(self.images, below, self.record)
        except UntrustedError as error:
            raise ProjectError(Message("journal.behind_link", path=path)) from error
        return os.fsencode(below)

    def move_of(self, row: tuple[Any, ...]) -> Move:
        """A row of COLUMNS. Raises UntrustedError where Whatsit can't have written it."""
        number, action, at, reason, source, target, name, state = row
        if not (
            all(isinstance(one, int) and 0 < one <= LARGEST for one in (number, action))
            and _is_time(at)
            and isinstance(reason, bytes)
            and isinstance(name, bytes)
            and all(one is None or isinstance(one, bytes) for one in (source, target))
            and (source or target)
            and state in get_args(State)
        ):
            raise untrusted(self.record, Message("untrusted.damaged_move", number=number))
        return Move(
            number,
            action,
            at,
            message_of(reason.decode("utf-8", "surrogateescape")),
            self._loaded(source),
            self._loaded(target),
            self.trash / f"{number:06}" / plain_name(os.fsdecode(name), self.record),
            state,
        )

    def check(self, moves: Sequence[Move]) -> None:
        """Raise UntrustedError where a move would cross a symbolic link, now or once another one is made."""
        ends = {path for move in moves for path in (move.source, move.target) if path}
        folders = {folder for path in ends for folder in path.parents if folder.is_relative_to(self.images)}
        for path in ends & folders:
            raise untrusted(self.record, Message("untrusted.file_and_folder", path=path))
        for folder in folders - {self.images}:
            not_a_link(folder, self.record)
        self.check_trash(moves)

    def check_trash(self, moves: Sequence[Move]) -> None:
        """Raise UntrustedError where a move's own folder in the trash is a symbolic link, or the trash is."""
        for folder in {self.trash, *(move.in_trash.parent for move in moves)}:
            not_a_link(folder, self.record)

    def _loaded(self, stored: bytes | None) -> Path | None:
        if stored is None:
            return None
        below = relative(self.images, os.fsdecode(stored), self.record)
        if self._is_foreign(below):
            raise untrusted(self.record, Message("untrusted.no_place_of_a_picture", path=below))
        return self.images / below

    def _is_foreign(self, below: PurePath) -> bool:
        """Whether a path in the image folder is not a picture's: the sidecar moves none of its own files."""
        if not below.parts or ".." in below.parts or below.parts[0].casefold() == SIDECAR:
            return True
        return (self._images / below).is_relative_to(self._sidecar)

    @cached_property
    def _images(self) -> Path:
        return self.images.resolve()

    @cached_property
    def _sidecar(self) -> Path:
        return self.trash.parent.resolve()


def _is_time(at: object) -> bool:
    with suppress(ValueError):
        return isinstance(at, str) and bool(datetime.fromisoformat(at))
    return False
