"""`whatsit collect`: from a few words to a clean folder of pictures."""

import gc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import Json, ProjectDir, config_of
from whatsit.cli.printing import command_line, named, print_json, print_table
from whatsit.cli.running import run_with
from whatsit.config import CollectConfig, License, Source
from whatsit.errors import CollectError
from whatsit.i18n import Message
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.collection import Collection

COUNTS = ("found", "downloaded", "duplicates", "broken", "kept")


def collect(
    context: typer.Context,
    classes: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORDS...", help="What to search for, a class each; NAME=WORDS names it."),
    ] = None,
    into: Annotated[
        Path, typer.Option(metavar="DIR", help="The image folder to fill, made if need be.")
    ] = Path(CollectConfig.into),
    most: Annotated[
        int | None,
        typer.Option("--max", min=1, help="Pictures for each class: 200, or all that --urls lists."),
    ] = None,
    source: Annotated[
        Source,
        typer.Option(help="Where to search; auto asks one after the other."),
    ] = CollectConfig.source,
    license: Annotated[
        License,
        typer.Option(help="Only what may be used so: public domain, changed, or in commerce."),
    ] = CollectConfig.license,
    urls: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE...", help="Lists of addresses (.txt, .csv), or a folder of them."),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="The class of what --urls lists, if not in the file's name.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what failed before.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from your own network too.")
    ] = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Search, download, verify and de-duplicate pictures, or go on where that was stopped."""
    gc.freeze()  # what was imported stays: looking through it again and again takes a tenth of the time,
    gc.set_threshold(20_000)  # and so does looking through the rest every few pictures
    done = cast("Collection", run_with(json, config_of(CollectConfig, context, max_pics=most)))
    if json:
        print_json(done.to_dict())
    else:
        _print(done, named(into, project))
    if not any(tally.kept for tally in done.classes.values()):
        raise CollectError(
            "No picture could be kept.", f"{printable(done.manifest)} says why; --retry tries again."
        )


def _print(done: "Collection", into: list[object]) -> None:
    for note in done.notes:
        print(printable(note))
    rows = [
        [printable(label), *(str(getattr(tally, name)) for name in COUNTS)]
        for label, tally in done.classes.items()
    ]
    print_table(["class", *COUNTS], rows)
    reasons: Counter[Message | str] = Counter()
    for tally in done.classes.values():
        reasons.update(tally.reasons)
    if reasons:
        print("not kept:")
    for reason, count in reasons.most_common(5):
        print(f"  {count:4}  {printable(reason)}")
    if len(reasons) > 5:
        print(f"  {sum(count for _, count in reasons.most_common()[5:]):4}  for other reasons")
    waiting = sum(tally.waiting for tally in done.classes.values())
    if waiting:
        print(f"{waiting} still to be fetched: run the same command again later")
    print(f"where each comes from: {printable(done.manifest)}")
    if any(tally.kept for tally in done.classes.values()):
        print(f"next: {command_line('show', *into)}, then {command_line('train', *into)}")
