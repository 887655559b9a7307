"""`whatsit predict`: what is on these pictures?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import BundleFile, Json, ServedPrecision, config_of
from whatsit.cli.printing import print_json
from whatsit.cli.running import require_order, require_own
from whatsit.config import PredictConfig
from whatsit.errors import WhatsitError
from whatsit.events import Plain, listener, results_only

if TYPE_CHECKING:
    from whatsit.predicting import PredictResult


def predict(
    context: typer.Context,
    bundle: BundleFile,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE", help="Files, folders, or - for a picture on stdin.")
    ],
    top: Annotated[int, typer.Option(min=1, help="Name this many classes.")] = PredictConfig.top,
    min_probability: Annotated[
        list[str] | None,
        typer.Option(metavar="[CLASS=]P", help='Say "not sure" of answers below P; also class by class.'),
    ] = None,
    explain: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Save there what of each picture spoke for its answer."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Also write the answers as a table.")
    ] = None,
    precision: ServedPrecision = None,
    json: Json = False,
) -> None:
    """Say what is on pictures."""
    from whatsit import tasks

    require_order("predict", bundle, *images)
    if csv is not None:
        require_own("table of answers", csv, b"path,label,verdict")
    config = config_of(PredictConfig, context, min_probability=_minima(min_probability or []))
    # Each answer is a line, so that a bar would only get in their way.
    result = tasks.run(config, listener() or (results_only() if json else Plain()))
    if json:
        print_json(result.to_dict())
    if cast("PredictResult", result).unreadable:
        raise typer.Exit(2)


def _minima(given: list[str]) -> float | dict[str, float]:
    """One number for all classes, or numbers by class. Raises WhatsitError."""
    by_class: dict[str, float] = {}
    for one in given:
        label, is_by_class, number = one.rpartition("=")
        if is_by_class and not label:
            raise WhatsitError(f"--min-probability {one} names no class.", "Give 0.8, or CLASS=0.8.")
        if label in by_class:
            raise WhatsitError(f"--min-probability is given twice for {label or 'all'}.", "Give it once.")
        try:
            by_class[label] = float(number)
        except ValueError:
            raise WhatsitError(
                f"--min-probability {one} is not a probability.", "Give 0.8, or CLASS=0.8."
            ) from None
    if "" not in by_class:
        return by_class
    if len(by_class) > 1:
        raise WhatsitError("--min-probability is given for all classes and for some.", "Give one of the two.")
    return by_class[""]
