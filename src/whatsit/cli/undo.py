"""`whatsit undo` and `whatsit history`: what was done to the pictures, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whatsit.cli.options import Json, Place, ProjectDir
from whatsit.cli.printing import named, print_json
from whatsit.commands import command_line
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.undoing import HistoryEntry, Undone

MOST_FILES = 5  # that are named
MOST_REASONS = 3
ENTRIES = {
    "done": "cli_project.entry",
    "undone": "cli_project.entry_undone",
    "partly": "cli_project.entry_partly",
}


def undo(
    folder: Place = Path("."),
    times: Annotated[
        int | None, typer.Option("--times", metavar=say("metavar.number"), min=1, help=say("help.times"))
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help=say("help.undo_all"))] = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Undo the last change that moved pictures, or decided about them."""
    from whatsit.project import Project
    from whatsit.undoing import undo as take_back

    if everything and times is not None:
        raise WhatsitError(Message("cli_project.times_and_all"))
    kept = Project.existing(folder, project, "cli_project.nothing_to_undo")
    restored: list[str] = []
    decisions = 0
    is_nothing = True
    for undone in take_back(kept, None if everything else times or 1):
        is_nothing = False
        restored += [str(move.start) for move in undone.moves]
        decisions += len(undone.decisions)
        if not json:
            _print(undone)
    if json:
        print_json({"restored": restored, "decisions": decisions})
    elif is_nothing:
        print(say("cli_project.nothing"))


def _print(undone: "Undone") -> None:
    back = [move for move in undone.moves if move.source]
    away = len(undone.moves) - len(back)
    values = {"count": len(back), "at": undone.at[:16]}
    if undone.decisions and not back:
        print(say("cli_project.decisions_back", **{**values, "count": len(undone.decisions)}))
    elif away and not back:
        print(say("cli_project.away", away=away, at=values["at"]))
    elif away:
        print(say("cli_project.back_and_away", away=away, **values))
    else:
        print(say("cli_project.back", **values))
    for move in back[:MOST_FILES]:
        moved = say("cli_project.was_moved", path=printable(move.start), reason=printable(move.reason))
        print(f"  {moved}")
    if len(back) > MOST_FILES:
        print(f"  {say('cli_project.more_files', count=len(back) - MOST_FILES)}")


def history(folder: Place = Path("."), project: ProjectDir = None, json: Json = False) -> None:
    """List what moved pictures, and what was decided about them."""
    from whatsit.project import Project
    from whatsit.undoing import history as entries

    done = entries(Project.existing(folder, project, "cli_project.no_history"))
    if json:
        print_json({"actions": [entry.to_dict() for entry in done]})
        return
    for entry in done:
        print(_line(entry))
    if any(entry.state != "undone" for entry in done):
        print(say("cli_project.next_undo_one", command=command_line("undo", *named(folder, project))))
    elif not done:
        print(say("cli_project.nothing_done"))


def _line(entry: "HistoryEntry") -> str:
    parts = [Message("cli_project.done", what=what, count=count) for what, count in entry.what[:MOST_REASONS]]
    rest = sum(count for _, count in entry.what[MOST_REASONS:])
    if rest:
        parts.append(Message("cli_project.more_done", count=rest))
    return printable(say(ENTRIES[entry.state], action=f"{entry.action:>4}", at=entry.at[:16], what=parts))
