"""`whatsit show`: what is in the folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import (
    ByTime,
    EventsFile,
    Folder,
    Group,
    Json,
    ProjectDir,
    Recursive,
    SplitSeed,
    Valid,
    config_of,
)
from whatsit.cli.printing import SPLITS, list_unreadable, print_json, print_table
from whatsit.cli.running import run_with
from whatsit.config import ShowConfig
from whatsit.i18n import say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.tasks import ShowResult

MOST_CLASSES = 30  # in the table; a longer one is not a summary


def show(
    context: typer.Context,
    folder: Folder,
    save: Annotated[
        Path | None, typer.Option(metavar=say("metavar.file"), help=say("help_pictures.show_save"))
    ] = None,
    valid: Valid = ShowConfig.valid,
    split_seed: SplitSeed = ShowConfig.split_seed,
    group: Group = None,
    by_time: ByTime = False,
    recursive: Recursive = False,
    project: ProjectDir = None,
    events: EventsFile = None,
    json: Json = False,
) -> None:
    """Show what is in a folder of pictures, and draw some of them."""
    show_and_print(config_of(ShowConfig, context), json, events)


def show_and_print(config: ShowConfig, json: bool = False, events: Path | None = None) -> None:
    """Run it and print the summary."""
    result = cast("ShowResult", run_with(json, config, events))
    if json:
        print_json(result.to_dict())
        return
    summary = result.summary
    for line in str(summary).splitlines():
        print(printable(line))
    if len(summary.counts) <= MOST_CLASSES:
        rows = [[printable(label), *map(str, count.values())] for label, count in summary.counts.items()]
        print_table([say("printed.class"), *(say(name) for name in SPLITS.values())], rows)
    if result.figure is not None:
        print(say("cli_pictures.figure", path=printable(result.figure)))
    if len(result.catalog.unreadable) > 1:  # the summary names the first
        list_unreadable(result.catalog)
