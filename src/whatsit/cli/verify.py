"""`whatsit verify`: is every picture one?"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import Json, ProjectDir, config_of
from whatsit.cli.printing import command_line, named, print_json, print_table
from whatsit.cli.running import run_with
from whatsit.config import VerifyConfig
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.verification import Verification

MOST_FILES = 3  # files of a kind
REPAIRED = {
    "wrong extension": "renamed",
    "CMYK": "made RGB",
    "on its side": "turned upright",
    "animated": "first frame kept",
    "tiny": "enlarged to 32 pixels",
    "extreme shape": "given black bars",
    "too large": "made smaller",
}


def verify(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="An image folder, or one class's folder.")],
    fix: Annotated[
        bool, typer.Option("--fix", help="Repair what is odd; the originals go to the trash.")
    ] = False,
    max_size: Annotated[
        int | None,
        typer.Option(min=128, help="Make pictures smaller whose longer side has more pixels."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; move and change nothing.")] = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Check every picture: broken files move to the trash, what is odd or there twice is reported."""
    done = cast("Verification", run_with(json, config_of(VerifyConfig, context)))
    if json:
        print_json(done.to_dict())
    else:
        _print(done, folder, dry_run, project)


def _print(done: "Verification", folder: Path, dry_run: bool, project: Path | None) -> None:
    print(f"{done.pictures:,} pictures, {done.fine:,} of them fine")
    fixed = {one.path for one in done.fixed}
    rows = []
    if done.unreadable:
        to_do = "moved to the trash" if done.is_moved else "would go to the trash"
        rows.append(["unreadable", f"{len(done.unreadable):,}", to_do])
    if done.left_alone:
        rows.append(["not usable", f"{len(done.left_alone):,}", "left alone"])
    for oddity, paths in done.odd.items():
        count = sum(path in fixed for path in paths)
        some = "" if count == len(paths) else f", {count:,} of them"
        rows.append([oddity, f"{len(paths):,}", f"{REPAIRED[oddity]}{some}" if count else "not changed"])
    for name, groups in (("exact copies", done.same), ("near copies", done.near)):
        if groups:
            across_classes = sum(map(done.is_across_classes, groups))
            groups_of = f"{len(groups):,} {'group' if len(groups) == 1 else 'groups'}"
            across = f"{groups_of}, {across_classes} across classes" if across_classes else groups_of
            rows.append([name, f"{sum(map(len, groups)):,}", across])
    if rows:
        print_table(["", "pictures", ""], rows)
    for name, files in (("unreadable", done.unreadable), ("not usable", done.left_alone)):
        _list(name, [f"{done.name(path)}: {reason}" for path, reason in files])
    for oddity, paths in done.odd.items():
        _list(oddity, [done.name(path) for path in paths])
    groups = sorted(done.same + done.near, key=done.is_across_classes, reverse=True)
    _list("copies", [" = ".join(map(done.name, group[:4])) for group in groups])
    if not dry_run and any(path not in fixed for paths in done.odd.values() for path in paths):
        print("--fix repairs what is odd and keeps the originals in the trash")
    if done.is_moved or done.fixed:
        images = folder if done.images == done.folder else os.path.relpath(done.images)
        print(f"{command_line('undo', *named(images, project))} brings back what was moved")


def _list(name: str, lines: list[str]) -> None:
    if lines:
        print(f"{name}:")
    for line in lines[:MOST_FILES]:
        print(f"  {printable(line)}")
    if len(lines) > MOST_FILES:
        print(f"  and {len(lines) - MOST_FILES:,} more")
