"""`whatsit predict`: what is on these pictures?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import BundleFile, EventsFile, Json, ServedPrecision, config_of
from whatsit.cli.printing import print_json
from whatsit.cli.running import require_order, run_with
from whatsit.config import PredictConfig
from whatsit.errors import WhatsitError
from whatsit.events import Plain, emitting, listener, results_only
from whatsit.i18n import Message, say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.predicting import PredictResult

MinProbability = Annotated[
    list[str] | None, typer.Option(metavar=say("metavar.minimum"), help=say("help.min_probability"))
]


def predict(
    context: typer.Context,
    bundle: BundleFile,
    images: Annotated[list[str], typer.Argument(metavar=say("metavar.image"), help=say("help.images"))],
    top: Annotated[
        int, typer.Option(metavar=say("metavar.number"), min=1, help=say("help.top"))
    ] = PredictConfig.top,
    min_probability: MinProbability = None,
    explain: Annotated[
        Path | None,
        typer.Option(metavar=say("metavar.folder"), help=say("help.explain")),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar=say("metavar.file"), help=say("help.csv"))
    ] = None,
    precision: ServedPrecision = None,
    events: EventsFile = None,
    json: Json = False,
) -> None:
    """Classify pictures."""
    require_order("predict", bundle, *images)
    config = config_of(PredictConfig, context, min_probability=minima(min_probability or []))
    # Each answer is a line, so that a bar would only get in their way.
    with emitting(listener() or (results_only() if json else Plain())):
        result = run_with(json, config, events)
    if json:
        print_json(result.to_dict())
    if cast("PredictResult", result).unreadable:
        raise typer.Exit(2)


def minima(given: list[str]) -> float | dict[str, float]:
    """One number for all classes, or numbers by class. Raises WhatsitError."""
    by_class: dict[str, float] = {}
    for one in given:
        label, is_by_class, number = one.rpartition("=")
        if is_by_class and not label:
            raise WhatsitError(Message("cli_bundles.no_class", given=printable(one)))
        if label in by_class:
            twice = Message("cli_bundles.twice", label=printable(label))
            raise WhatsitError(twice if label else Message("cli_bundles.twice_for_all"))
        try:
            by_class[label] = float(number)
        except ValueError:
            raise WhatsitError(Message("cli_bundles.not_probability", given=printable(one))) from None
    if "" not in by_class:
        return by_class
    if len(by_class) > 1:
        raise WhatsitError(Message("cli_bundles.all_and_some"))
    return by_class[""]
