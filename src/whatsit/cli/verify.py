"""`whatsit verify`: is every file a picture?"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import EventsFile, Json, ProjectDir, config_of
from whatsit.cli.printing import named, print_json, print_table
from whatsit.cli.running import run_with
from whatsit.commands import command_line
from whatsit.config import VerifyConfig
from whatsit.i18n import Message, say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.verification import Verification

MOST_FILES = 3  # files of a kind
REPAIRED = {
    "wrong extension": "cli_pictures.renamed",
    "CMYK": "cli_pictures.made_rgb",
    "on its side": "cli_pictures.turned",
    "animated": "cli_pictures.first_frame",
    "tiny": "cli_pictures.enlarged",
    "extreme shape": "cli_pictures.bars",
    "too large": "cli_pictures.shrunk",
}


def verify(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar=say("metavar.folder"), help=say("help_pictures.one_folder"))
    ],
    fix: Annotated[bool, typer.Option("--fix", help=say("help_pictures.fix"))] = False,
    max_size: Annotated[
        int | None,
        typer.Option(metavar=say("metavar.pixels"), min=128, help=say("help_pictures.max_size")),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("help_pictures.dry_run"))] = False,
    project: ProjectDir = None,
    events: EventsFile = None,
    json: Json = False,
) -> None:
    """Check every picture: broken files move to the trash, odd pictures and duplicates are reported."""
    verify_and_print(config_of(VerifyConfig, context), json, events)


def verify_and_print(config: VerifyConfig, json: bool = False, events: Path | None = None) -> "Verification":
    """Run it and print what was found."""
    done = cast("Verification", run_with(json, config, events))
    if json:
        print_json(done.to_dict())
    else:
        project = Path(config.project) if config.project else None
        _print(done, Path(config.folder), config.dry_run, project)
    return done


def _print(done: "Verification", folder: Path, dry_run: bool, project: Path | None) -> None:
    from whatsit.catalog.entries import kinds_of, some
    from whatsit.verification.repair import NAMES

    print(say("cli_pictures.fine", pictures=done.pictures, fine=done.fine))
    if done.others:
        kinds = kinds_of(path.name for path in done.others)
        print(say("cli_pictures.other_files", count=len(done.others), kinds=kinds))
    fixed = {one.path for one in done.fixed}
    if rows := _rows(done, fixed):
        print_table(["", say("printed.pictures"), ""], rows)
    unreadable, not_usable = say("cli_pictures.unreadable"), say("cli_pictures.not_usable")
    for name, files in ((unreadable, done.unreadable), (not_usable, done.left_alone)):
        _list(name, [say("printed.file", path=done.name(path), reason=reason) for path, reason in files])
    for oddity, paths in done.odd.items():
        _list(str(NAMES[oddity]), [done.name(path) for path in paths])
    for code, groups in _copies(done):
        groups = sorted(groups, key=done.is_across_classes, reverse=True)
        _list(say(code), [" = ".join(map(done.name, group[:4])) for group in groups])
    if wrong := [" = ".join(map(done.name, group)) for group in done.same if done.is_across_classes(group)]:
        print(printable(Message("catalog_warning.two_labels", names=some(wrong))))
    if not dry_run and any(path not in fixed for paths in done.odd.values() for path in paths):
        print(say("cli_pictures.fix"))
    if done.is_moved or done.fixed:
        images = folder if done.images == done.folder else os.path.relpath(done.images)
        print(say("cli_pictures.undo", command=command_line("undo", *named(images, project))))


def _rows(done: "Verification", fixed: set[Path]) -> list[list[str]]:
    """What was found, how often, and what became of it."""
    from whatsit.verification.repair import NAMES

    rows = []
    if done.unreadable:
        became = say("cli_pictures.moved" if done.is_moved else "cli_pictures.would_move")
        rows.append([say("cli_pictures.unreadable"), f"{len(done.unreadable):,}", became])
    if done.left_alone:
        left = say("cli_pictures.left_alone")
        rows.append([say("cli_pictures.not_usable"), f"{len(done.left_alone):,}", left])
    for oddity, paths in done.odd.items():
        count = sum(path in fixed for path in paths)
        became = say(REPAIRED[oddity]) if count else say("cli_pictures.not_changed")
        if 0 < count < len(paths):
            became = say("cli_pictures.some", what=became, count=count)
        rows.append([str(NAMES[oddity]), f"{len(paths):,}", became])
    for name, groups in _copies(done):
        if groups:
            across = sum(map(done.is_across_classes, groups))
            found = say("cli_pictures.groups", count=len(groups))
            if across:
                found = say("cli_pictures.groups_across", count=len(groups), across=across)
            rows.append([say(name), f"{done.copies(groups):,}", found])
    return rows


def _copies(done: "Verification") -> list[tuple[str, list[list[Path]]]]:
    return [("cli_pictures.exact_copies", done.same), ("cli_pictures.near_copies", done.near)]


def _list(name: str, lines: list[str]) -> None:
    if lines:
        print(say("cli_pictures.list", name=name))
    for line in lines[:MOST_FILES]:
        print(f"  {printable(line)}")
    if len(lines) > MOST_FILES:
        print(f"  {say('printed.more', count=len(lines) - MOST_FILES)}")
