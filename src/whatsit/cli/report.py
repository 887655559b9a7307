"""`whatsit report`: how good it is and why, on one page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import Json, ProjectDir, WeightFile, config_of
from whatsit.cli.printing import command_line, print_json
from whatsit.cli.running import require_order, run_with
from whatsit.config import Language, ReportConfig
from whatsit.errors import WhatsitError
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.tasks import ReportResult


def report(
    context: typer.Context,
    subject: Annotated[
        str, typer.Argument(metavar="RUN|BUNDLE", help="A run, by its path or number, or a .whatsit bundle.")
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Labelled pictures; a run knows its own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The page to write; report.html in the run, or here for a bundle.")
    ] = None,
    weights: WeightFile = None,
    lang: Annotated[Language, typer.Option(help="English or simplified Chinese.")] = ReportConfig.lang,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Write a page that says how good a classifier is, for people who know no statistics."""
    bundle = Path(subject)
    require_order("report", bundle, folder)
    if folder is None and bundle.is_dir() and (bundle / ".whatsit").is_dir():
        what = f"{printable(subject)} is a folder of pictures; a report is about a run or a bundle."
        raise WhatsitError(
            what, f"`{command_line('runs', subject)}` lists its runs: {command_line('report', 1, subject)}"
        )
    found = cast("ReportResult", run_with(json, config_of(ReportConfig, context)))
    if json:
        print_json(found.to_dict())
        return
    print(found.report.headline(lang))
    print(f"report: {printable(found.path)}")
