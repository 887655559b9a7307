"""The lesson's FileDeleter. It deletes nothing: what is chosen moves to the trash."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path

from whatsit.catalog.entries import SPLIT_NAMES
from whatsit.collection.following import follow
from whatsit.errors import WhatsitError
from whatsit.fastai1.tiles import Batches, Tile
from whatsit.i18n import Message, say
from whatsit.project import SIDECAR, Decision, Project


class FileDeleter(Batches):
    """Shows pictures, `batch_size` at a time; those with the button Delete chosen move to the trash."""

    def __init__(self, file_paths: Sequence[str | PathLike[str]], batch_size: int = 5) -> None:
        super().__init__([Path(path) for path in file_paths], batch_size, say("lesson_widgets.confirm"))

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


def image_folder(path: Path) -> Path:
    """The image folder that a picture belongs to: one with a sidecar, or else that of the classes."""
    path = path.absolute()
    for folder in path.parents:
        if (folder / SIDECAR).is_dir():
            return folder
    above = path.parent.parent
    return above.parent if above.name.lower() in SPLIT_NAMES else above


def trash(project: Project, paths: Sequence[Path]) -> int:
    """Move pictures to the trash, as decided in a review, in one action; return its number."""
    try:
        with project.lock():
            action = project.journal.begin()
            decided = [_removed(project, path.absolute()) for path in paths]
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
