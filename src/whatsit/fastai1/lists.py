"""The data block: pictures, then their split, then their labels, then how they are prepared."""

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from whatsit.catalog import Catalog
from whatsit.errors import WhatsitError
from whatsit.fastai1.data import ImageDataBunch
from whatsit.fastai1.explained import Explained, explained
from whatsit.fastai1.paths import PathOrStr, get_image_files
from whatsit.fastai1.reading import Folders, Share, from_folder, from_lists
from whatsit.fastai1.settings import Settings
from whatsit.fastai1.tables import Table
from whatsit.fastai1.transforms import Transforms
from whatsit.i18n import Message
from whatsit.text import brief, ending


@dataclass(frozen=True, repr=False)
class ImageList(Explained):
    """The pictures below `path`, or those that a table lists; each verb gives a new one that knows more."""

    path: pathlib.Path
    table: Table | None = None
    files: Sequence[pathlib.Path] = ()
    how: Share | Folders | None = None
    catalog: Catalog | None = None
    settings: Settings = field(default_factory=Settings)

    def __len__(self) -> int:
        is_listed = self.table is not None
        return len(self.files) if is_listed else len(get_image_files(self.path, recurse=True))

    def __repr__(self) -> str:
        where = "listed in a table" if self.table is not None else "in its folders"
        return brief(self, f"pictures of {ending(self.path)}, {where}")

    @classmethod
    @explained
    def from_folder(cls, path: PathOrStr) -> "ImageList":
        """The pictures below a folder."""
        return cls(pathlib.Path(path))

    @classmethod
    @explained
    def from_df(
        cls, df: Any, path: PathOrStr, cols: int | str = 0, folder: PathOrStr = ".", suffix: str = ""
    ) -> "ImageList":
        """The pictures in a column of a data frame, whose paths count from `path / folder`."""
        table, path = Table.from_df(df), pathlib.Path(path)
        return cls(path, table, table.files(cols, path / folder, suffix))

    @classmethod
    @explained
    def from_csv(
        cls,
        path: PathOrStr,
        csv_name: PathOrStr,
        cols: int | str = 0,
        folder: PathOrStr = ".",
        suffix: str = "",
    ) -> "ImageList":
        """The pictures in a column of a CSV file in `path`, which has a header; otherwise as `from_df`."""
        table, path = Table.from_csv(pathlib.Path(path, csv_name)), pathlib.Path(path)
        return cls(path, table, table.files(cols, path / folder, suffix))

    def split_none(self) -> "ImageList":
        """Train on all pictures, and validate on none."""
        return replace(self, how=Share(0, 0, False))

    no_split = split_none  # as the first versions of fastai 1 called it

    @explained
    def split_by_rand_pct(self, valid_pct: float = 0.2, seed: int | None = None) -> "ImageList":
        """Validate on a share of each class, drawn from NumPy's generator."""
        return replace(self, how=Share.drawn(valid_pct, seed))

    random_split_by_pct = split_by_rand_pct  # as the first versions of fastai 1 called it

    @explained
    def split_by_folder(self, train: str = "train", valid: str = "valid") -> "ImageList":
        """Train on the pictures in one sub-folder, and validate on those in another."""
        return replace(self, how=Folders(train, valid))

    def label_from_folder(self) -> "ImageList":
        """The class of each picture is the name of its folder."""
        if self.table is None:
            return replace(self, catalog=from_folder(self.path, self._how))
        return self._labeled([file.parent.name for file in self.files])

    @explained
    def label_from_df(self, cols: int | str = 1) -> "ImageList":
        """The class of each picture stands in another column of its table."""
        if self.table is None:
            raise WhatsitError(Message("lesson_data.no_table"))
        return self._labeled(self.table.column(cols))

    @explained
    def transform(
        self, tfms: Transforms | None = None, size: int | tuple[int, ...] | None = None
    ) -> "ImageList":
        """How pictures are changed while they are trained on, and the side of the network's input."""
        return replace(self, settings=Settings(tfms, size=size))

    @explained
    def databunch(self, bs: int | None = None, num_workers: int | None = None) -> ImageDataBunch:
        """The data for a learner. Raises WhatsitError before the pictures have labels."""
        if self.catalog is None:
            raise WhatsitError(Message("lesson_data.no_labels"))
        prepared = replace(self.settings, bs=bs, num_workers=num_workers)
        return ImageDataBunch(self.path, self.catalog, self.catalog.classes, prepared)

    def _labeled(self, labels: Sequence[object]) -> "ImageList":
        if not isinstance(self._how, Share):
            raise WhatsitError(Message("lesson_data.table_in_folders"))
        files = [file.absolute() for file in self.files]
        return replace(self, catalog=from_lists(self.path, files, labels, self._how))

    @property
    def _how(self) -> Share | Folders:
        if self.how is None:
            raise WhatsitError(Message("lesson_data.no_split"))
        return self.how


ImageItemList = ImageList  # as the first versions of fastai 1 called it
