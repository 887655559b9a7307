"""`whatsit report`: how good it is and why, on one page."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from whatsit.cli.options import (
    Json,
    ProjectDir,
    WeightFile,
    command_line,
    print_json,
    require_order,
    require_place,
)
from whatsit.errors import WhatsitError
from whatsit.text import printable

REPORT = "report.html"


def report(
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
    lang: Annotated[Literal["en", "zh"], typer.Option(help="English or simplified Chinese.")] = "en",
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
    if bundle.is_file():
        from whatsit.classifier import Classifier
        from whatsit.evaluation import report_folder

        if folder is None:
            raise WhatsitError(
                "A bundle alone does not tell how good it is.", f"Name labelled pictures: {bundle} FOLDER."
            )
        out = out or Path(REPORT)
        _check(out)
        found = report_folder(Classifier(bundle), folder, project)
    else:
        from whatsit.training.finished import report_of_run
        from whatsit.training.job import find_run

        if bundle.suffix == ".whatsit":
            raise WhatsitError(f"There is no bundle {bundle}.", "`whatsit train FOLDER` makes one.")
        run = find_run(subject, folder, project)
        out = out or run / REPORT
        _check(out)
        found = report_of_run(run, folder, weights)
    found.write(out, lang)
    main = found.interpretations[0]
    if json:
        print_json(
            {
                "report": str(out),
                "splits": {one.split: one.evaluation.to_dict() for one in found.interpretations},
                "trained_on": found.left_out,
                "calibration_error": main.reliability.ece,
                "calibration_error_by_chance": main.reliability.chance[0],
            }
        )
        return
    print(found.headline(lang))
    print(f"report: {printable(out)}")


def _check(out: Path) -> None:
    """Raise WhatsitError before anything is done for nothing, or something else is written over."""
    if out.suffix.lower() not in (".html", ".htm") or (out.exists() and not out.is_file()):
        raise WhatsitError(f"The report is a page, and can't be {out}.", "Name a file that ends in .html.")
    require_place("report", out)
