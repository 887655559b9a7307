"""`whatsit lr`: which learning rate?"""

from pathlib import Path
from typing import Annotated

import typer

from whatsit.cli.options import (
    BackboneName,
    Folder,
    Json,
    ProjectDir,
    ResizeMode,
    Size,
    SplitSeed,
    Valid,
    WeightFile,
    print_json,
    side_of_input,
)
from whatsit.config import LearnerConfig, SplitConfig
from whatsit.events import warn
from whatsit.extras import MissingError
from whatsit.text import printable


def lr(
    folder: Folder,
    backbone: BackboneName = LearnerConfig.backbone,
    weights: WeightFile = None,
    size: Size = str(LearnerConfig.size),
    resize: ResizeMode = LearnerConfig.resize,
    save: Annotated[
        Path | None, typer.Option(help="The figure to write (PNG); .whatsit/rates.png by default.")
    ] = None,
    valid: Valid = SplitConfig.valid,
    split_seed: SplitSeed = SplitConfig.seed,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Try ever higher learning rates, draw the loss at each, and suggest one."""
    from whatsit.catalog import Catalog

    catalog = Catalog.read(folder, valid=valid, seed=split_seed, project=project)

    from whatsit.training import Learner

    learner = Learner(catalog, backbone, side_of_input(size), weights=weights, resize=resize)
    found = learner.lr_find()
    place = save or learner.catalog.project.folder / "rates.png"
    figure: Path | None = place
    try:
        found.plot().write(place)
    except MissingError as error:
        if save:
            raise
        warn(f"the figure is not drawn: {error}")
        figure = None
    if json:
        print_json(
            {
                "rates": list(found.rates),
                "losses": list(found.losses),
                "steepest": found.steepest,
                "minimum_tenth": found.minimum_tenth,
                "figure": figure and str(figure),
            }
        )
        return
    print(found)
    print("The default, 3e-3, is good for nearly everybody.")
    if figure:
        print(f"figure: {printable(figure)}")
