"""`whatsit trash` and `whatsit undo`: nothing is lost."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from whatsit.cli.options import Json, Place, ProjectDir
from whatsit.cli.printing import command_line, named, print_json
from whatsit.text import printable

NEWER = "replaced by a newer bundle"


def trash(
    folder: Place = Path("."),
    empty: Annotated[bool, typer.Option("--empty", help="Delete what is in it, for good.")] = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """List, or empty, the project's trash: pictures that were put away, and bundles that were replaced."""
    from whatsit.events import progress
    from whatsit.project import Project, empty_replaced, list_replaced, size_of

    kept = Project.existing(folder, project)
    with kept.lock() if empty else nullcontext():
        moves = kept.journal.trashed()
        replaced = list_replaced(kept.folder)
        size = sum(size_of(move.in_trash.parent) for move in moves) + sum(one.bytes for one in replaced)
        if empty:
            with progress("deleting", len(moves)) as advance:
                kept.journal.empty(advance)
            empty_replaced(kept.folder)
    if json:
        files = [
            {"path": str(move.source or move.target), "reason": move.reason.to_dict(), "at": move.at}
            for move in moves
        ]
        files += [
            {"path": one.path, "reason": NEWER, "at": one.at, "kept": str(one.kept)} for one in replaced
        ]
        print_json({"files": files, "bytes": size, "emptied": empty})
        return
    for move in [] if empty else moves:
        reason = f"{move.reason}, put away by undo" if move.state == "undone" else move.reason
        print(f"{move.at[:16]}  {printable(move.source or move.end)}: {printable(reason)}")
    for one in [] if empty else replaced:
        print(
            f"{printable(one.at[:16])}  {printable(one.path)}: {NEWER}; the old one is {printable(one.kept)}"
        )
    print(f"{_files(len(moves) + len(replaced))}, {size / 1e6:.1f} MB{', deleted for good' if empty else ''}")
    if any(move.state == "made" for move in moves) and not empty:
        print(f"next: {command_line('undo', *named(folder, project))} brings back what was moved last")


def undo(folder: Place = Path("."), project: ProjectDir = None, json: Json = False) -> None:
    """Take back the last thing that moved pictures."""
    from whatsit.project import Project

    kept = Project.existing(folder, project)
    with kept.lock():
        moves = kept.journal.undo()
    if json:
        print_json({"restored": [str(move.start) for move in moves]})
        return
    if not moves:
        print("nothing to undo")
        return
    back = [move for move in moves if move.source]
    away = f", {_files(len(moves) - len(back))} put away" if len(back) < len(moves) else ""
    print(f"undone: {_files(len(back))} back to where they were before {moves[0].at[:16]}{away}")
    for move in back[:5]:
        print(f"  {printable(move.start)} ({printable(move.reason)})")


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"
