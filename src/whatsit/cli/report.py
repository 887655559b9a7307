"""`whatsit report`: how good it is and why, on one page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import EventsFile, Json, ProjectDir, WeightFile, config_of
from whatsit.cli.printing import print_json
from whatsit.cli.running import require_order, run_with
from whatsit.commands import command_line
from whatsit.config import Language, ReportConfig
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.tasks import ReportResult


def report(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar=say("metavar.subject"), help=say("help.subject"))],
    folder: Annotated[
        Path | None, typer.Argument(metavar=say("metavar.folder"), help=say("help.report_folder"))
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar=say("metavar.file"), help=say("help.report_out"))
    ] = None,
    weights: WeightFile = None,
    lang: Annotated[Language | None, typer.Option(help=say("help.report_lang"))] = None,  # see cli.main
    project: ProjectDir = None,
    events: EventsFile = None,
    json: Json = False,
) -> None:
    """Write a page that explains how good a classifier is."""
    bundle = Path(subject)
    require_order("report", bundle, folder)
    if folder is None and bundle.is_dir() and (bundle / ".whatsit").is_dir():
        commands = {"runs": command_line("runs", subject), "report": command_line("report", 1, subject)}
        raise WhatsitError(Message("cli_bundles.report_of_folder", folder=printable(subject), **commands))
    found = cast("ReportResult", run_with(json, config_of(ReportConfig, context), events))
    if json:
        print_json(found.to_dict())
        return
    print(found.report.headline(lang))
    print(say("printed.report", path=printable(found.path)))
