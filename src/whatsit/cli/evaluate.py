"""`whatsit evaluate`: how good is a bundle on these pictures?"""

from typing import Annotated, Literal

import typer

from whatsit.cli.options import (
    BundleFile,
    Folder,
    Json,
    SplitSeed,
    Valid,
    print_evaluation,
    print_json,
    warn_unreadable,
)

Split = Literal["train", "valid", "test"]


def evaluate(
    bundle: BundleFile,
    folder: Folder,
    split: Annotated[Split | None, typer.Option(help="Only these pictures. By default, all.")] = None,
    valid: Valid = 0.2,
    split_seed: SplitSeed = 42,
    json: Json = False,
) -> None:
    """Measure a bundle on labelled pictures."""
    from whatsit.deploy import Classifier
    from whatsit.deploy.evaluation import evaluate_folder

    evaluation, catalog = evaluate_folder(Classifier(bundle), folder, split, valid, split_seed)
    warn_unreadable(catalog)
    if json:
        print_json({**evaluation.to_dict(), "split": split or "all"})
    else:
        print(f"{split or 'all pictures'}: ", end="")
        print_evaluation(evaluation)
