"""`whatsit evaluate`: how good is a bundle on these pictures?"""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from whatsit.cli.options import AS_TRAINED, BundleFile, Folder, Json, ProjectDir, ServedPrecision, config_of
from whatsit.cli.printing import print_evaluation, print_json, print_notes
from whatsit.cli.running import require_order, run_with
from whatsit.config import EvaluateConfig, Split

if TYPE_CHECKING:
    from whatsit.tasks import EvaluateResult


def evaluate(
    context: typer.Context,
    bundle: BundleFile,
    folder: Folder,
    split: Annotated[Split | None, typer.Option(help="Only these pictures. By default, all.")] = None,
    valid: Annotated[float | None, typer.Option(help=f"Share for validation; {AS_TRAINED}.")] = None,
    split_seed: Annotated[int | None, typer.Option(help=f"Random seed of the split; {AS_TRAINED}.")] = None,
    group: Annotated[
        str | None, typer.Option(metavar="REGEX", help=f"What must stay in one split; {AS_TRAINED}.")
    ] = None,
    by_time: Annotated[
        bool | None, typer.Option("--by-time", help=f"Validate on the latest; {AS_TRAINED}.")
    ] = None,
    project: ProjectDir = None,
    precision: ServedPrecision = None,
    json: Json = False,
) -> None:
    """Measure a bundle on labelled pictures that it was not trained on."""
    require_order("evaluate", bundle, folder)
    evaluate_and_print(config_of(EvaluateConfig, context), json)


def evaluate_and_print(config: EvaluateConfig, json: bool = False) -> None:
    """Carry it out and print how good it is."""
    found = cast("EvaluateResult", run_with(json, config))
    print_notes(found.catalog)
    if json:
        print_json(found.to_dict())
        return
    trained_on = found.trained_on
    which = "pictures that it was not trained on" if trained_on else "all pictures"
    print(f"{config.split or which}: ", end="")
    print_evaluation(found.evaluation)
    if trained_on is None:
        print("It can't be known whether it was trained on some of these: its run was not found here.")
    elif trained_on:
        print(f"{trained_on} pictures were left out because it was trained on them")
