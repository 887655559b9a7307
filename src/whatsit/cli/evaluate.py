"""`whatsit evaluate`: how good is a bundle on these pictures?"""

from typing import Annotated

import typer

from whatsit.cli.options import (
    AS_TRAINED,
    BundleFile,
    Folder,
    Json,
    ProjectDir,
    ServedPrecision,
    Split,
    print_evaluation,
    print_json,
    print_notes,
    require_order,
)


def evaluate(
    bundle: BundleFile,
    folder: Folder,
    split: Annotated[Split | None, typer.Option(help="Only these pictures. By default, all.")] = None,
    valid: Annotated[float | None, typer.Option(help=f"Share for validation; {AS_TRAINED}.")] = None,
    split_seed: Annotated[
        int | None, typer.Option(help=f"Deals the validation pictures; {AS_TRAINED}.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="REGEX", help=f"What stays on one side; {AS_TRAINED}.")
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
    from whatsit.classifier import Classifier
    from whatsit.evaluation import evaluate_folder

    classifier = Classifier(bundle, precision=precision)
    evaluation, catalog, trained_on = evaluate_folder(
        classifier, folder, split, valid, split_seed, by_time, group, project
    )
    print_notes(catalog)
    if json:
        print_json({**evaluation.to_dict(), "split": split or "all", "trained_on": trained_on})
        return
    which = "pictures that it was not trained on" if trained_on else "all pictures"
    print(f"{split or which}: ", end="")
    print_evaluation(evaluation)
    if trained_on is None:
        print("It can't be known whether it was trained on some of these: its run was not found here.")
    elif trained_on:
        print(f"{trained_on} pictures were left out because it was trained on them")
