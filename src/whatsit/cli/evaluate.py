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
    warn,
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
    """Measure a bundle on labelled pictures."""
    from whatsit.deploy import Classifier
    from whatsit.deploy.evaluation import evaluate_folder, learnt_from

    classifier = Classifier(bundle, precision=precision)
    evaluation, catalog = evaluate_folder(
        classifier, folder, split, valid, split_seed, by_time, group, project
    )
    learnt = learnt_from(classifier, catalog)
    warn(catalog)
    if json:
        print_json({**evaluation.to_dict(), "split": split or "all", "learnt_from": learnt})
        return
    print(f"{split or 'all pictures'}: ", end="")
    print_evaluation(evaluation)
    if learnt:
        print(f"careful: {learnt} of these are training pictures; --split valid leaves them out")
