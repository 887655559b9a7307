"""`whatsit trash`: nothing is lost."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from whatsit.cli.options import Json, Place, ProjectDir
from whatsit.cli.printing import named, print_json
from whatsit.commands import command_line
from whatsit.i18n import Message, say
from whatsit.text import printable


def trash(
    folder: Place = Path("."),
    empty: Annotated[bool, typer.Option("--empty", help=say("help.empty_trash"))] = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """List or empty the project's trash: pictures that were put away, and bundles that were replaced."""
    from whatsit.events import progress
    from whatsit.project import Project, empty_replaced, list_replaced, size_of

    kept = Project.existing(folder, project, "cli_project.no_trash")
    with kept.lock() if empty else nullcontext():
        moves = kept.journal.trashed()
        replaced = list_replaced(kept.folder)
        size = sum(size_of(move.in_trash.parent) for move in moves) + sum(one.bytes for one in replaced)
        if empty:
            with progress("deleting", len(moves)) as advance:
                kept.journal.empty(advance)
            empty_replaced(kept.folder)
    newer = Message("cli_project.replaced")
    if json:
        files = [
            {"path": str(move.source or move.target), "reason": move.reason.to_dict(), "at": move.at}
            for move in moves
        ]
        files += [
            {"path": one.path, "reason": newer.to_dict(), "at": one.at, "kept": str(one.kept)}
            for one in replaced
        ]
        print_json({"files": files, "bytes": size, "emptied": empty})
        return
    count, megabytes = len(moves) + len(replaced), size / 1e6
    if empty:
        print(say("cli_project.deleted", count=count, megabytes=megabytes))
        return
    for move in moves:
        reason = move.reason
        if move.state == "undone":
            reason = Message("cli_project.undone", reason=reason)
        path = printable(move.source or move.end)
        print(say("cli_project.in_trash", at=move.at[:16], path=path, reason=printable(reason)))
    for one in replaced:
        facts = {"at": printable(one.at[:16]), "path": printable(one.path), "kept": printable(one.kept)}
        print(say("cli_project.replaced_bundle", reason=newer, **facts))
    print(say("cli_project.size", count=count, megabytes=megabytes))
    if any(move.state == "made" for move in moves):
        print(say("cli_project.next_undo", command=command_line("undo", *named(folder, project))))
