"""The lesson's FileDeleter. It deletes nothing: what is chosen moves to the trash."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path

from whatsit.catalog.entries import SPLIT_NAMES
from whatsit.checks import described
from whatsit.collection.following import follow
from whatsit.errors import WhatsitError
from whatsit.fastai1.datasets import Pictures
from whatsit.fastai1.explained import explained
from whatsit.fastai1.tiles import Batches, Tile
from whatsit.i18n import Message, say
from whatsit.project import SIDECAR, Decision, Project

SOME = 3  # paths that an error names


class FileDeleter(Batches):
    """Shows pictures, `batch_size` at a time; those with the button Delete chosen move to the trash."""

    @explained
    def __init__(self, file_paths: Iterable[str | PathLike[str]] | Pictures, batch_size: int = 5) -> None:
        super().__init__(_listed(file_paths), batch_size, say("lesson_widgets.confirm"))

    @cached_property
    def _project(self) -> Project:
        """The one of the first picture. Raises ProjectError where another lies elsewhere when it is moved."""
        return Project(image_folder(self._paths[0]))

    def _tile(self, path: Path) -> Tile:
        return Tile(path)

    def _is_there(self, path: Path) -> bool:
        return path.is_file()

    def _carry_out(self) -> tuple[int, str]:
        chosen = [tile.path for tile in self.tiles if tile.is_chosen]
        if not chosen:
            return 0, ""
        action = trash(self._project, chosen)
        return action, say("review.removed", count=len(chosen))


def _listed(given: object) -> list[Path]:
    """The paths, of all pictures of a dataset too. Raises WhatsitError for anything else, or none there."""
    listed = given.items if isinstance(given, Pictures) else given
    paths = []
    for path in listed if isinstance(listed, Iterable) and not isinstance(listed, str) else [None]:
        if not isinstance(path, str | PathLike):
            raise WhatsitError(Message("lesson_widgets.not_paths", given=described(given)))
        paths.append(Path(path))
    if paths and not any(map(Path.is_file, paths)):
        names = [str(path) for path in paths[:SOME]]
        raise WhatsitError(Message("lesson_widgets.none_there", paths=names))
    return paths


def image_folder(path: Path) -> Path:
    """The image folder that a picture belongs to: one with a sidecar, or else that of the classes."""
    path = _plain(path)
    for folder in path.parents:
        if (folder / SIDECAR).is_dir():
            return folder
    above = path.parent.parent
    return above.parent if above.name.lower() in SPLIT_NAMES else above


def _plain(path: Path) -> Path:
    """The same file by an absolute path without `..`, as commands and messages name it."""
    plain = Path(os.path.abspath(path))
    is_same = path.exists() and plain.exists() and plain.samefile(path)
    return plain if is_same else path.absolute()


def trash(project: Project, paths: Sequence[Path]) -> int:
    """Move pictures to the trash, as decided in a review, in one action; return its number."""
    try:
        with project.lock():
            action = project.journal.begin()
            decided = [_removed(project, _plain(path)) for path in paths]
            ways = [(project.images / one.path, None, one.reason) for one in decided]
            action.move(ways, [(one, place) for place, one in enumerate(decided)])
            return action.number
    finally:
        follow(project)


def _removed(project: Project, path: Path) -> Decision:
    project.journal.check(path)
    try:
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WhatsitError(Message("decisions.gone", path=path)) from error
    below = path.relative_to(project.images)
    folders = [*below.parts[:-1], ""]
    label = folders[folders[0].lower() in SPLIT_NAMES]
    return Decision(content, "remove", label, label, below, None)
