"""`whatsit show`: what is in the folder."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from whatsit.cli.options import (
    ByTime,
    Folder,
    Group,
    Json,
    ProjectDir,
    SplitSeed,
    Valid,
    list_unreadable,
    print_json,
    print_table,
)
from whatsit.config import SplitConfig
from whatsit.text import printable

MOST_CLASSES = 30  # in the table; a longer one is no summary


def show(
    folder: Folder,
    save: Annotated[
        Path | None, typer.Option(help="The figure to write (PNG); .whatsit/pictures.png by default.")
    ] = None,
    valid: Valid = SplitConfig.valid,
    split_seed: SplitSeed = SplitConfig.seed,
    group: Group = None,
    by_time: ByTime = False,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Say what is worth knowing of the pictures, and draw some."""
    from whatsit.catalog import SPLITS, Catalog

    catalog = Catalog.read(
        folder, valid=valid, seed=split_seed, group=group, by_time=by_time, project=project, to_train=False
    )
    summary = catalog.summary()
    if save is None and catalog.project.is_lasting and find_spec("matplotlib"):
        save = catalog.project.folder / "pictures.png"
    if save is not None:
        catalog.show().write(save)
    if json:
        print_json({**summary.to_dict(), "figure": str(save) if save else None})
        return
    for line in str(summary).splitlines():
        print(printable(line))
    if len(summary.counts) <= MOST_CLASSES:
        rows = [[printable(label), *map(str, count.values())] for label, count in summary.counts.items()]
        print_table(["class", *SPLITS], rows)
    if save is not None:
        print(f"pictures: {printable(save)}")
    if len(catalog.unreadable) > 1:  # the summary names the first
        list_unreadable(catalog)
