"""Where pictures of an image folder are now, and where they go when they are relabeled."""

import hashlib
import os
from collections.abc import Collection
from functools import cached_property
from pathlib import Path, PurePath

from whatsit.catalog import Catalog
from whatsit.catalog.entries import SPLIT_NAMES
from whatsit.catalog.fingerprint import stat_key
from whatsit.catalog.index import STAT
from whatsit.checks import nearest
from whatsit.errors import WhatsitError
from whatsit.formats import is_hidden
from whatsit.i18n import Message
from whatsit.project import Decision, free_name
from whatsit.project.paths import is_link
from whatsit.text import printable


class Places:
    """Places of pictures below the image folder, whose sub-folders are labels. Use it under the lock."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.images = catalog.project.images

    def find(self, path: Path, content: str) -> PurePath:
        """Where the picture that lay at `path` is now, after what other reviewers decided.

        Raises WhatsitError where it is not in the folder any more, or can't be moved.
        """
        try:
            place: PurePath | None = path.absolute().relative_to(self.images)
        except ValueError:
            raise WhatsitError(Message("journal.outside", path=path, folder=self.images)) from None
        assert place is not None
        if not self._holds(place, content):
            for one in self._decisions:
                if one.content == content and one.path == place:
                    place = one.place
                    if place is None:
                        raise WhatsitError(Message("decisions.removed_before", path=path))
            if not self._holds(place, content):
                code = "decisions.changed" if os.path.lexists(path) else "decisions.gone"
                raise WhatsitError(Message(code, path=path))
        self._catalog.project.journal.check(self.images / place)
        return place

    def label_of(self, place: PurePath) -> str:
        """The label of a picture at a place."""
        return place.parts[self._above]

    def relabeled(self, place: PurePath, label: str, taken: Collection[Path]) -> PurePath:
        """Where a picture belongs under another label, by a name that no other has, nor one of `taken`.

        Raises WhatsitError where that is behind a link, and for a link that would point elsewhere there.
        """
        parts = list(place.parts)
        parts[self._above] = label
        here, there = self.images / place, self.images.joinpath(*parts)
        if is_link(here) and not os.path.isabs(os.readlink(here)):
            raise WhatsitError(Message("decisions.relative_link", path=here))
        self._catalog.project.journal.check(there)
        return free_name(there, taken).relative_to(self.images)

    def require_label(self, label: str, path: Path | None = None) -> None:
        """Raise WhatsitError for a label that is neither a class nor a folder beside the classes.

        It names the folder to create for the picture at `path`, which lies in that of its split.
        """
        if label in self._catalog.classes:
            return
        is_name = label and not is_hidden(label) and PurePath(label).name == label
        if not (is_name and any((folder / label).is_dir() for folder in self._folders)):
            values = {"label": printable(label), "folder": self._folder_of(path) / "NAME"}
            advice = nearest(label, self._catalog.classes)
            raise WhatsitError(Message("decisions.no_class", advice=advice, **values))

    @cached_property
    def _above(self) -> int:
        """How many folders lie between the root and the labels: 1 where the splits are folders."""
        labels = (self._catalog.names[label] for label in self._catalog.labels)
        parts = (path.split("/", 2) for path in self._catalog.paths)
        is_split = all(
            len(part) > 2 and part[0].lower() in SPLIT_NAMES and part[1] == label
            for part, label in zip(parts, labels, strict=True)
        )
        return int(is_split)

    @property
    def _folders(self) -> list[Path]:
        """The folders that hold those of the classes."""
        if not self._above:
            return [self.images]
        splits = {path.partition("/")[0] for path in self._catalog.paths}
        return [self.images / name for name in sorted(splits)]

    def _folder_of(self, path: Path | None) -> Path:
        """That of `_folders` in which a picture lies, or else the first."""
        return next(
            (one for one in self._folders if path and one in path.absolute().parents), self._folders[0]
        )

    def _holds(self, place: PurePath, content: str) -> bool:
        """Whether a picture with this content is there. One that is as the index knows it is not read."""
        path = self.images / place
        try:
            row = self._rows.get(place.as_posix())
            if row is not None:
                known = self._catalog.rows[row]
                if tuple(known[name] for name in STAT) == stat_key(os.stat(path)):
                    return bool(known["content"].tobytes().hex() == content)
            if not path.is_file():  # reading a pipe might never end
                return False
            with open(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == content
        except OSError:
            return False

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {path: row for row, path in enumerate(self._catalog.paths)}

    @cached_property
    def _decisions(self) -> list[Decision]:
        return self._catalog.project.decided.holding()
