"""`whatsit show`: what is in the folder."""

from pathlib import Path
from typing import Annotated

import typer

from whatsit.cli.options import (
    Folder,
    Json,
    SplitSeed,
    Valid,
    print_json,
    print_table,
    printable,
    warn_unreadable,
)


def show(
    folder: Folder,
    save: Annotated[Path | None, typer.Option(help="Save a figure of some labelled pictures (PNG).")] = None,
    valid: Valid = 0.2,
    split_seed: SplitSeed = 42,
    json: Json = False,
) -> None:
    """Count the pictures of each class and draw some."""
    from whatsit.catalog import Catalog

    catalog = Catalog.from_folder(folder, valid, split_seed)
    if save is not None:
        from whatsit.understand.plots import labelled_pictures

        labelled_pictures([(item.path, item.label) for item in catalog], save)
    if json:
        counts = catalog.counts()
        unreadable = [{"path": str(path), "reason": reason} for path, reason in catalog.unreadable]
        print_json({"images": len(catalog), "classes": counts, "unreadable": unreadable})
        return
    print(f"{len(catalog)} pictures of {len(catalog.classes)} classes in {printable(folder)}")
    rows = [[printable(label), *map(str, counts.values())] for label, counts in catalog.counts().items()]
    print_table(["class", "train", "valid", "test"], rows)
    warn_unreadable(catalog)
    if save is not None:
        print(f"pictures: {save}")
