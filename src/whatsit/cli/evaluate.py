"""`whatsit evaluate`: how good is a bundle on these pictures?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import BundleFile, EventsFile, Folder, Json, ProjectDir, ServedPrecision, config_of
from whatsit.cli.printing import print_evaluation, print_headline, print_json, print_notes
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
    evaluation, headline = found.evaluation, found.headline
    if headline:
        print_headline(headline)
    counts = {"right": evaluation.right, "images": evaluation.images}
    accuracy, interval = evaluation.accuracy, evaluation.range_in_words
    print(say("cli_bundles.accuracy", **counts, accuracy=accuracy, range=interval))
    print_evaluation(evaluation, novel=headline.of.novel_mistakes if headline else {})
