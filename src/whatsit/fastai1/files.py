"""Folders of pictures: listed, downloaded into, verified."""

import os
import pathlib
from collections import Counter
from collections.abc import Iterable

from whatsit import collection, verification
from whatsit.catalog.entries import files_below
from whatsit.collection.download import AT_ONCE
from whatsit.commands import command_line
from whatsit.events import note
from whatsit.formats import SUFFIXES
from whatsit.i18n import Message

PathOrStr = str | os.PathLike[str]


class Path(type(pathlib.Path())):  # type: ignore[misc]
    """A path, as that of pathlib, which also lists what is in it."""

    def ls(self) -> "list[Path]":
        """What is in this folder, sorted by name."""
        return sorted(self.iterdir())


def download_images(
    urls: PathOrStr | Iterable[str],
    dest: PathOrStr,
    max_pics: int = 1000,
    max_workers: int = AT_ONCE,
) -> collection.Collection:
    """Download the pictures of a file of addresses, the first `max_pics`, into a class's folder.

    `max_workers` are fetched at once; how many failed, and most often why, is printed. With 0 they are
    fetched one by one, also those that failed before, and the first error is raised.
    """
    done = collection.download_images(urls, dest, max_pics, max_workers, retry=max_workers == 0)
    reasons = Counter({why: count for one in done.classes.values() for why, count in one.reasons.items()})
    for why, _ in reasons.most_common(1):
        note(Message("lesson_data.not_downloaded", folder=dest, count=reasons.total(), reason=why))
    return done


def verify_images(
    path: PathOrStr, delete: bool = True, max_workers: int = 4, max_size: int | None = None
) -> verification.Verification:
    """Look at every picture below `path`; with `delete`, what can't be read goes to the trash.

    With `max_size` pixels, pictures with a longer side are replaced by smaller ones, and the originals go to
    the trash too. fastai 1 deleted and overwrote files; here `whatsit undo` brings all back.
    """
    done = verification.verify_images(path, delete, max_size, max_workers=max(1, max_workers))
    counts = {
        "lesson_data.trashed": len(done.unreadable) * done.is_moved,
        "lesson_data.smaller": len(done.fixed),
    }
    if changes := [Message(code, count=count) for code, count in counts.items() if count]:
        command = command_line("undo", done.images)
        note(Message("lesson_data.verified", folder=path, changes=changes, command=command))
    return done


def get_image_files(c: PathOrStr, recurse: bool = False) -> list[Path]:
    """The files in a folder that are called pictures, sorted; with `recurse` those in its sub-folders too."""
    folder = Path(c)
    names = files_below(folder) if recurse else [file.name for file in folder.ls() if file.is_file()]
    return [folder / name for name in names if pathlib.Path(name).suffix.lower() in SUFFIXES]
