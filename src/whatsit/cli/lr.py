"""`whatsit lr`: which learning rate?"""

from pathlib import Path
from typing import Annotated

import typer

from whatsit.cli.options import (
    BackboneName,
    Folder,
    Json,
    ProjectDir,
    Recursive,
    ResizeMode,
    Size,
    SplitSeed,
    Valid,
    WeightFile,
    side_of_input,
)
from whatsit.cli.printing import print_json
from whatsit.config import LearnerConfig, SplitConfig
from whatsit.events import warn
from whatsit.extras import MissingError
from whatsit.i18n import Message, say
from whatsit.text import printable


def lr(
    folder: Folder,
    backbone: BackboneName = LearnerConfig.backbone,
    weights: WeightFile = None,
    size: Size = str(LearnerConfig.size),
    resize: ResizeMode = LearnerConfig.resize,
    save: Annotated[Path | None, typer.Option(metavar=say("metavar.file"), help=say("help.lr_save"))] = None,
    valid: Valid = SplitConfig.valid,
    split_seed: SplitSeed = SplitConfig.seed,
    unfreeze: Annotated[bool, typer.Option("--unfreeze", help=say("help.unfreeze"))] = False,
    recursive: Recursive = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Try ever higher learning rates, draw the loss at each, and suggest one."""
    from whatsit.catalog import Catalog

    catalog = Catalog.read(folder, valid=valid, seed=split_seed, recursive=recursive, project=project)

    from whatsit.outputs import require_output
    from whatsit.training import Learner

    if save:
        require_output("figure", save)
    learner = Learner(catalog, backbone, side_of_input(size), weights=weights, resize=resize)
    found = learner.unfreeze().lr_find() if unfreeze else learner.lr_find()
    place = save or learner.catalog.project.folder / "lr.png"
    figure: Path | None = place
    try:
        found.plot().write(place)
    except MissingError as error:
        if save:
            raise
        warn(Message("cli_bundles.no_figure", reason=error))
        figure = None
    if json:
        print_json(
            {
                "suggestion": found.suggestion,
                "lrs": list(found.lrs),
                "losses": list(found.losses),
                "steep": found.steep,
                "minimum": found.minimum,
                "figure": figure and str(figure),
            }
        )
        return
    print(found)
    if unfreeze and found.lesson:
        print(say("cli_bundles.layers", low=found.lesson.start, high=found.lesson.stop))
    if figure:
        print(say("printed.figure", path=printable(figure)))
