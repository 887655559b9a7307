"""Paths that list what is in them, and the pictures of a folder."""

import os
import pathlib

from whatsit.catalog.entries import files_below
from whatsit.formats import SUFFIXES

PathOrStr = str | os.PathLike[str]


class Path(type(pathlib.Path())):  # type: ignore[misc]
    """A path, as that of pathlib, which also lists what is in it."""

    def ls(self) -> "list[Path]":
        """What is in this folder, sorted by name."""
        return sorted(self.iterdir())


def get_image_files(c: PathOrStr, recurse: bool = False) -> list[Path]:
    """The files in a folder that are called pictures, sorted; with `recurse` those in its sub-folders too."""
    folder = Path(c)
    names = files_below(folder) if recurse else [file.name for file in folder.ls() if file.is_file()]
    return [folder / name for name in names if pathlib.Path(name).suffix.lower() in SUFFIXES]
