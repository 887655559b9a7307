"""`whatsit evaluate`: how good is a bundle on these pictures?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import BundleFile, EventsFile, Folder, Json, ProjectDir, ServedPrecision, config_of
from whatsit.cli.printing import SPLITS, accuracy_of, print_evaluation, print_json, print_notes
from whatsit.cli.running import require_order, run_with
from whatsit.config import EvaluateConfig, Split
from whatsit.i18n import say

if TYPE_CHECKING:
    from whatsit.tasks import EvaluateResult


def evaluate(
    context: typer.Context,
    bundle: BundleFile,
    folder: Folder,
    split: Annotated[Split | None, typer.Option(help=say("help.split"))] = None,
    valid: Annotated[
        float | None, typer.Option(metavar=say("metavar.share"), help=say("help.valid_as_trained"))
    ] = None,
    split_seed: Annotated[
        int | None, typer.Option(metavar=say("metavar.number"), help=say("help.seed_as_trained"))
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar=say("metavar.regex"), help=say("help.group_as_trained"))
    ] = None,
    by_time: Annotated[bool | None, typer.Option("--by-time", help=say("help.by_time_as_trained"))] = None,
    project: ProjectDir = None,
    precision: ServedPrecision = None,
    events: EventsFile = None,
    json: Json = False,
) -> None:
    """Measure a bundle on labeled pictures that it was not trained on."""
    require_order("evaluate", bundle, folder)
    evaluate_and_print(config_of(EvaluateConfig, context), json, events)


def evaluate_and_print(config: EvaluateConfig, json: bool = False, events: Path | None = None) -> None:
    """Carry it out and print how good it is."""
    found = cast("EvaluateResult", run_with(json, config, events))
    print_notes(found.catalog)
    if json:
        print_json(found.to_dict())
        return
    trained_on, accuracy = found.trained_on, accuracy_of(found.evaluation)
    if trained_on is None:
        print(say("cli_bundles.unknown"))
    if config.split:
        print(say("cli_bundles.measured_on", split=say(SPLITS[config.split]), accuracy=accuracy))
    else:
        print(say("cli_bundles.not_trained_on" if trained_on else "cli_bundles.all", accuracy=accuracy))
    print_evaluation(found.evaluation)
    if trained_on:
        print(say("cli_bundles.left_out", count=trained_on))
    if found.near_training:
        print(say("cli_bundles.near", count=found.near_training))
