"""`whatsit collect`: from a few words to a clean folder of pictures."""

import gc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import EventsFile, Json, ProjectDir, config_of
from whatsit.cli.printing import named, print_json, print_table
from whatsit.cli.running import run_with
from whatsit.commands import command_line
from whatsit.config import CollectConfig, License, Source
from whatsit.errors import CollectError
from whatsit.i18n import Message, say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.collection import Collection

COUNTS = {
    "found": "cli_pictures.found",
    "downloaded": "cli_pictures.downloaded",
    "duplicates": "cli_pictures.duplicates",
    "broken": "cli_pictures.broken",
    "kept": "cli_pictures.kept",
}
MOST_REASONS = 5


def collect(
    context: typer.Context,
    classes: Annotated[
        list[str] | None,
        typer.Argument(metavar=say("metavar.words"), help=say("help_pictures.words")),
    ] = None,
    into: Annotated[Path, typer.Option(metavar=say("metavar.folder"), help=say("help_pictures.into"))] = Path(
        CollectConfig.into
    ),
    most: Annotated[
        int | None,
        typer.Option("--max", metavar=say("metavar.number"), min=1, help=say("help_pictures.max")),
    ] = None,
    source: Annotated[
        Source,
        typer.Option(help=say("help_pictures.source")),
    ] = CollectConfig.source,
    license: Annotated[
        License,
        typer.Option(help=say("help_pictures.license")),
    ] = CollectConfig.license,
    urls: Annotated[
        list[Path] | None,
        typer.Option(metavar=say("metavar.files"), help=say("help_pictures.urls")),
    ] = None,
    label: Annotated[
        str | None, typer.Option(metavar=say("metavar.name"), help=say("help_pictures.label"))
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help=say("help_pictures.retry"))] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help=say("help_pictures.allow_private"))
    ] = False,
    project: ProjectDir = None,
    events: EventsFile = None,
    json: Json = False,
) -> None:
    """Search for pictures, download them, and remove duplicates; or resume where that was stopped."""
    gc.freeze()  # what was imported stays: looking through it again and again takes a tenth of the time,
    gc.set_threshold(20_000)  # and so does looking through the rest every few pictures
    done = cast("Collection", run_with(json, config_of(CollectConfig, context, max_pics=most), events))
    if json:
        print_json(done.to_dict())
    else:
        _print(done, named(into, project))
    if not any(tally.kept for tally in done.classes.values()):
        raise CollectError(Message("cli_pictures.nothing_kept", manifest=printable(done.manifest)))


def _print(done: "Collection", into: list[object]) -> None:
    for note in done.notes:
        print(printable(note))
    rows = [
        [printable(label), *(str(getattr(tally, name)) for name in COUNTS)]
        for label, tally in done.classes.items()
    ]
    print_table([say("printed.class"), *(say(name) for name in COUNTS.values())], rows)
    reasons: Counter[Message] = Counter()
    for tally in done.classes.values():
        reasons.update(tally.reasons)
    if reasons:
        print(say("cli_pictures.not_kept"))
    for reason, count in reasons.most_common(MOST_REASONS):
        print(f"  {count:4}  {printable(reason)}")
    if len(reasons) > MOST_REASONS:
        count = sum(count for _, count in reasons.most_common()[MOST_REASONS:])
        print(f"  {count:4}  {say('cli_pictures.other_reasons')}")
    waiting = sum(tally.waiting for tally in done.classes.values())
    if waiting:
        print(say("cli_pictures.waiting", count=waiting))
    print(say("cli_pictures.manifest", path=printable(done.manifest)))
    if any(tally.kept for tally in done.classes.values()):
        print(say("cli_pictures.next", show=command_line("show", *into), train=command_line("train", *into)))
