"""Moving pictures so that every move can be undone: into the trash, to another label, or in as a new file.

Moves are written down first, then made, then marked as made. After a crash the files themselves show which
were made. Nothing is ever deleted but by `empty`.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from whatsit.errors import ProjectError, WhatsitError
from whatsit.events import warn
from whatsit.i18n import Message
from whatsit.project.database import Database
from whatsit.project.decisions import Decision, mark_decisions, write_down
from whatsit.project.files import write_whole
from whatsit.project.moves import COLUMNS, LARGEST, Move, Places, State
from whatsit.project.moving import finish, move_file
from whatsit.project.paths import untrusted
from whatsit.project.records import recorded_message
from whatsit.text import brief, ending

Way = tuple[Path | None, Path | None, Message | str]  # of a file: its source, its target, and why
Carried = tuple[Decision, int | None]  # a decision, and the place of the way that carries it out, if one does


class Journal:
    """The moves of a project. Whoever moves holds the project's lock. Every method may raise ProjectError."""

    def __init__(self, database: Database, images: Path, trash: Path) -> None:
        self._database = database
        self._trash = trash
        self._places = Places(images, trash, database.path)

    def __repr__(self) -> str:
        return brief(self, f"moves of the pictures in {ending(self._places.images, 120)}")

    def begin(self) -> "Action":
        """An action: moves that belong together and are undone together."""
        with self._database.read() as database:
            both = "SELECT action FROM moves UNION ALL SELECT action FROM decisions"
            (last,) = database.execute(f"SELECT ifnull(max(action), 0) FROM ({both})").fetchone()
        return Action(self, self._counted(last) + 1)

    def plan(self, action: int, ways: Sequence[Way], decided: Sequence[Carried] = ()) -> list[Move]:
        """Write down moves (source, target, reason), and decisions, before anything is moved."""
        named: Counter[Path] = Counter()
        leaving: set[Path] = set()  # for the trash, so that a new file may take their place
        for source, target, _ in ways:
            if source is not None:
                if not os.path.lexists(source):
                    raise ProjectError(Message("journal.source_gone", path=source))
                named[source.absolute()] += 1
                if target is None:
                    leaving.add(source.absolute())
            if target is not None:
                if source is None and target.absolute() in leaving:
                    leaving.remove(target.absolute())
                    continue
                if os.path.lexists(target):
                    raise ProjectError(Message("journal.target_exists", path=target))
                named[target.absolute()] += 1
        for path, times in named.most_common(1):
            if times > 1:
                raise ProjectError(Message("journal.named_twice", path=path))
        for path in named:
            if not named.keys().isdisjoint(path.parents):
                raise ProjectError(Message("journal.inside_another", path=path))
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        with self._database.write() as database:
            (last,) = database.execute("SELECT max(id) FROM moves").fetchone()
            first = 1 + (self._last_in_trash() if last is None else self._counted(last))
            rows = [
                (
                    number,
                    action,
                    now,
                    recorded_message(reason).encode(),
                    self._places.stored(source),
                    self._places.stored(target),
                    os.fsencode((source or target or Path()).name),
                    "planned",
                )
                for number, (source, target, reason) in enumerate(ways, first)
            ]
            database.executemany("INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            numbered = ((one, None if place is None else first + place) for one, place in decided)
            write_down(database, action, now, numbered)
        return self._select("id >= ?", first)

    def make(self, moves: Sequence[Move]) -> None:
        """Make planned moves in order; one that fails ends it, and those after it are cancelled."""
        self._carry_out(moves, [(move.start, move.end) for move in moves], "made", "cancelled")

    def undo(self, since: int = 0, known_gone: set[int] | None = None) -> list[Move]:
        """Take back the last action, its last move first, and return its moves; [] where there is none.

        A file in the way is an error, and the next undo continues from there. One that is gone is passed
        over, and one whose original was deleted with the trash stays: it is the only one left.
        Actions before the number `since` are left alone. `known_gone` has the numbers of moves whose files
        are gone, of which nothing is said again.
        """
        last: list[Move] = []
        gone: list[Move] = []
        only: list[Move] = []
        for action in self._actions_made(since):
            for move in reversed(self._select("state = 'made' AND action = ?", action)):
                if (old := self._replaced_by(move)) and old.state == "emptied":
                    only.append(move)
                else:
                    (last if os.path.lexists(move.end) else gone).append(move)
            if last:
                break
        if only:
            warn(Message("journal.original_deleted", path=only[0].end, count=len(only)))
            self._mark(only, "emptied")
        if last:
            deleted = len(self._select("state = 'emptied' AND target IS NULL AND action = ?", last[0].action))
            if deleted > len(only):
                warn(Message("journal.deleted_before", count=deleted - len(only)))
        if known_gone is not None:
            gone = [move for move in gone if move.id not in known_gone]
            known_gone.update(move.id for move in gone)
        if gone:
            path, target, count = gone[0].end, gone[0].start, len(gone) - 1
            if count:
                warn(Message("journal.several_not_restored", path=path, count=count, target=target))
            else:
                warn(Message("journal.not_restored", path=path, target=target))
        self._places.check(last)
        self._mark(last, "undoing")
        self._carry_out(last, [(move.end, move.start) for move in last], "undone", "made")
        return last

    def moves(self) -> list[Move]:
        """All moves that were made, undone ones too, the oldest first."""
        return self._select("state NOT IN ('planned', 'cancelled')")

    def check(self, path: Path) -> None:
        """Raise ProjectError where a file can't be moved because of where it lies."""
        self._places.stored(path)

    def trashed(self) -> list[Move]:
        """What lies in the trash, the oldest first: trashed files, and made ones that were undone."""
        moves = self._select("(state = 'made' AND target IS NULL) OR (state = 'undone' AND source IS NULL)")
        self._places.check_trash(moves)
        return [move for move in moves if os.path.lexists(move.in_trash)]

    def empty(self, advance: Callable[[], None] = lambda: None) -> int:
        """Delete what lies in the trash, for good, and return how many files that were."""
        moves = self.trashed()
        self._mark(moves, "emptying")
        try:
            for move in moves:
                self._delete(move)
                advance()
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProjectError(Message("project.not_deleted", path=move.in_trash, reason=reason)) from error
        finally:
            self.repair()
        return len(moves)

    def is_torn(self) -> bool:
        """Whether it is not known of some moves if they were made: after a crash, or while they are."""
        return bool(self._torn())

    def repair(self) -> None:
        """Find out by the files which torn moves were made, and mark them."""
        found: dict[State, list[Move]] = {}
        torn = self._torn()
        self._places.check(torn)
        for move in torn:
            with suppress(OSError, ProjectError):  # the next time, when its disk is back or may be written
                if (state := self._found(move)) != move.state:
                    found.setdefault(state, []).append(move)
        for state, moves in found.items():
            self._tidy(moves)
            self._mark(moves, state)

    def _found(self, move: Move) -> State:
        """What became of a torn move. Its own place in the trash is sure: nobody else puts files there."""
        if move.state == "emptying":
            kept: State = "undone" if move.source is None else "made"
            return kept if os.path.lexists(move.in_trash) else "emptied"
        forth = move.state == "planned"
        here, there = (move.start, move.end) if forth else (move.end, move.start)
        if not forth:  # the other half of a replacement shows it, since both files may look the same
            new, old = self._replacement_of(move), self._replaced_by(move)
            if new and not os.path.lexists(new.in_trash):
                return "made"
            if old and not os.path.lexists(old.in_trash):
                return "undone"
        finish(here, there)
        is_here, is_there = os.path.lexists(here), os.path.lexists(there)
        arrived = is_there and (not is_here or there == move.in_trash)
        if forth and (old := self._replaced_by(move)):
            if not os.path.lexists(old.in_trash):
                arrived = False  # what is there is the old file
            elif is_here and not is_there:
                move_file(here, there)
                return "made"
        if forth and move.source is None and not arrived:
            with suppress(OSError):
                self._delete(move)  # a new file that was never put in
        elif not is_here and not is_there:
            return move.state  # perhaps on a disk that is not there now
        if arrived:
            return "made" if forth else "undone"
        return "cancelled" if forth else "made"

    def _replaced_by(self, move: Move) -> Move | None:
        """The move into the trash that was to make room for a new file."""
        for before in self._select("id = ?", move.id - 1) if move.source is None else ():
            if (before.action, before.target, before.reason) == (move.action, None, move.reason):
                return before
        return None

    def _replacement_of(self, move: Move) -> Move | None:
        """The new file that was put in the place of one in the trash."""
        for after in self._select("id = ?", move.id + 1) if move.target is None else ():
            if (after.action, after.source, after.reason) == (move.action, None, move.reason):
                return after
        return None

    def _carry_out(
        self, moves: Sequence[Move], ways: Iterable[tuple[Path, Path]], after: State, before: State
    ) -> None:
        done, is_known = 0, False
        try:
            for move, (here, there) in zip(moves, ways, strict=True):
                self._places.check([move])
                move_file(here, there)
                done += 1
        except ProjectError:  # with any other, Ctrl-C say, the files must show what was done
            is_known = True
            raise
        finally:
            self._tidy(moves)
            self._mark(moves[:done], after)
            if is_known:
                self._mark(moves[done:], before)

    def _tidy(self, moves: Iterable[Move]) -> None:
        """Remove what is empty of the trash. Before the moves are marked, so that a kill leaves no rest."""
        for move in moves:
            with suppress(OSError):  # not empty, or not there
                move.in_trash.parent.rmdir()

    def make_place(self, move: Move) -> None:
        """Make a move's own folder in the trash."""
        with suppress(OSError):  # writing fails, and reports it
            for folder in (self._trash, move.in_trash.parent):
                folder.mkdir(exist_ok=True)

    def _delete(self, move: Move) -> None:
        """Delete a move's own folder in the trash, and nothing else ever."""
        self._places.check_trash([move])
        with suppress(FileNotFoundError):
            shutil.rmtree(move.in_trash.parent)

    def _torn(self) -> list[Move]:
        return self._select("state IN ('planned', 'undoing', 'emptying')")

    def _mark(self, moves: Sequence[Move], state: State) -> None:
        if moves:
            with self._database.write() as database:
                rows = [(state, move.id) for move in moves]
                database.executemany("UPDATE moves SET state = ? WHERE id = ?", rows)
                mark_decisions(database, (move.id for move in moves), state)

    def _select(self, condition: str, *values: object) -> list[Move]:
        with self._database.read() as database:
            rows = database.execute(f"SELECT {COLUMNS} FROM moves WHERE {condition} ORDER BY id", values)
            return [self._places.move_of(row) for row in rows]

    def _actions_made(self, since: int) -> list[int]:
        """The numbers of actions with moves that can be undone, the last first."""
        with self._database.read() as database:
            found = (
                "SELECT DISTINCT action FROM moves WHERE state = 'made' AND action >= ? ORDER BY action DESC"
            )
            return [action for (action,) in database.execute(found, (since,))]

    def _counted(self, last: object) -> int:
        """The last number in the journal."""
        if not isinstance(last, int) or not 0 <= last < LARGEST:
            raise untrusted(self._database.path, Message("untrusted.move_number", number=last))
        return last

    def _last_in_trash(self) -> int:
        """The place that a database since lost gave last: what lies in the trash is not touched."""
        try:
            names = [name for name in os.listdir(self._trash) if name.isdecimal()]
            return max((number for name in names if (number := int(name)) < LARGEST), default=0)
        except FileNotFoundError:
            return 0


@dataclass(frozen=True)
class Action:
    """Moves that belong together. Each call is made whole, or up to the file that its error names."""

    journal: Journal
    number: int

    def trash(self, files: Iterable[tuple[Path, Message | str]]) -> None:
        """Move files into the project's trash, each for a reason."""
        self.move((path, None, reason) for path, reason in files)

    def move(
        self, files: Iterable[tuple[Path, Path | None, Message | str]], decided: Sequence[Carried] = ()
    ) -> None:
        """Move files (from, to, reason) to where there are none yet; to None is into the trash.

        `decided` is written down at once with them. A decision holds while its file's move is made.
        """
        self.journal.make(self.journal.plan(self.number, list(files), decided))

    def create(self, path: Path, data: bytes, reason: Message | str) -> None:
        """Put a new file where there is none yet."""
        self._put(self.journal.plan(self.number, [(None, path, reason)]), [data])

    def write(self, path: Path, data: bytes, reason: Message | str, decided: Sequence[Decision]) -> None:
        """Put a new file there, in the place of an old one if there is one, which goes to the trash.

        Decisions that it shows are written down at once with it, and hold while it is there.
        """
        ways: list[Way] = [(path, None, reason)] if os.path.lexists(path) else []
        ways.append((None, path, reason))
        self._put(self.journal.plan(self.number, ways, [(one, len(ways) - 1) for one in decided]), [data])

    def replace(self, files: Iterable[tuple[Path, Path, bytes, Message | str]]) -> None:
        """Put new files in the place of old ones (old, new, data, reason), which go to the trash.

        A crash leaves each of them either as it was or replaced.
        """
        ways: list[Way] = []
        new = []
        for old, path, data, reason in files:
            ways += [(old, None, reason), (None, path, reason)]
            new.append(data)
        self._put(self.journal.plan(self.number, ways), new)

    def _put(self, moves: list[Move], new: list[bytes]) -> None:
        """Make planned moves, those of new files with their data, which is whole before anything moves."""
        made = [move for move in moves if move.source is None]
        try:
            for move, data in zip(made, new, strict=True):
                self.journal.make_place(move)
                write_whole(move.in_trash, data)
        except WhatsitError as error:
            self.journal.repair()
            raise ProjectError(Message("journal.not_created", path=move.target, reason=error)) from error
        try:
            self.journal.make(moves)
        except ProjectError:
            for move in made:  # what was put in no longer exists
                with suppress(OSError):
                    self.journal._delete(move)
            raise
