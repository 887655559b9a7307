"""The pictures to train and validate on, with how they are to be prepared."""

import os
import pathlib
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from torch import nn

from whatsit.catalog import Catalog
from whatsit.checks import described, is_count
from whatsit.errors import CatalogError, WhatsitError
from whatsit.events import note
from whatsit.fastai1.datasets import Dataset, Labels, Pictures
from whatsit.fastai1.explained import Explained, explained
from whatsit.fastai1.paths import Path, PathOrStr
from whatsit.fastai1.reading import Folders, Share, from_folder, from_lists
from whatsit.fastai1.settings import Settings
from whatsit.fastai1.showing import shown
from whatsit.fastai1.tables import Table
from whatsit.fastai1.transforms import imagenet_stats
from whatsit.fastai1.types import DatasetType, split_of
from whatsit.figures import Plot
from whatsit.i18n import Message
from whatsit.tables import paragraph
from whatsit.text import brief, shortened


class ImageDataBunch(Explained):
    """Pictures for a learner: the `catalog` of a folder `path`, or only `classes` and None.

    `size` is the side of the network's input in pixels or "auto", `bs` the batch size, None for Whatsit's
    choice; `tfms` what `get_transforms` gave.
    """

    def __init__(
        self, path: PathOrStr, catalog: Catalog | None, classes: Sequence[str], settings: Settings
    ) -> None:
        self.path, self.catalog, self.classes = Path(path), catalog, list(classes)
        self.tfms = settings.ds_tfms or settings.tfms
        self.size, self.bs = settings.side, settings.bs

    @classmethod
    @explained
    def from_folder(
        cls,
        path: PathOrStr,
        train: str = "train",
        valid: str = "valid",
        valid_pct: float | None = None,
        seed: int | None = None,
        **settings: Any,
    ) -> "ImageDataBunch":
        """Of folders `train` and `valid` with a sub-folder per class, or of one with `valid_pct` to validate.

        Then `train="."` is the folder itself. The split is drawn from NumPy's generator: the same after the
        same `np.random.seed`, and recorded; without one it is another each time. The `settings` are those of
        `Settings`: `ds_tfms`, `size`, `bs` and `num_workers`.
        """
        prepared, root = Settings.of(settings), pathlib.Path(path)
        how: Folders | Share = Folders(train, valid)
        if valid_pct is not None:
            how, root = Share.drawn(valid_pct, seed), root if train == "train" else root / train
        elif train == ".":
            raise CatalogError(Message("lesson_data.no_share", folder=root))
        catalog = from_folder(root, how)
        return cls(path, catalog, catalog.classes, prepared)

    @classmethod
    @explained
    def from_lists(
        cls,
        path: PathOrStr,
        fnames: Sequence[PathOrStr],
        labels: Sequence[object],
        valid_pct: float = 0.2,
        seed: int | None = None,
        **settings: Any,
    ) -> "ImageDataBunch":
        """Of a list of paths and one of their classes."""
        prepared, files = Settings.of(settings), [pathlib.Path(file).absolute() for file in fnames]
        catalog = from_lists(pathlib.Path(path), files, labels, Share.drawn(valid_pct, seed))
        return cls(path, catalog, catalog.classes, prepared)

    @classmethod
    @explained
    def from_df(
        cls,
        path: PathOrStr,
        df: Any,
        folder: PathOrStr = ".",
        valid_pct: float = 0.2,
        seed: int | None = None,
        fn_col: int | str = 0,
        label_col: int | str = 1,
        suffix: str = "",
        **settings: Any,
    ) -> "ImageDataBunch":
        """Of a data frame with a column of paths, which count from `path / folder`, and one of classes."""
        table = Table.from_df(df)
        files = table.files(fn_col, pathlib.Path(path, folder), suffix)
        return cls.from_lists(path, files, table.column(label_col), valid_pct, seed, **settings)

    @classmethod
    @explained
    def from_csv(
        cls,
        path: PathOrStr,
        folder: PathOrStr = ".",
        csv_labels: PathOrStr = "labels.csv",
        valid_pct: float = 0.2,
        seed: int | None = None,
        fn_col: int | str = 0,
        label_col: int | str = 1,
        suffix: str = "",
        **settings: Any,
    ) -> "ImageDataBunch":
        """Of a CSV file in `path`, which has a header; otherwise as `from_df`."""
        table = Table.from_csv(pathlib.Path(path, csv_labels))
        files = table.files(fn_col, pathlib.Path(path, folder), suffix)
        return cls.from_lists(path, files, table.column(label_col), valid_pct, seed, **settings)

    @classmethod
    @explained
    def from_name_re(
        cls,
        path: PathOrStr,
        fnames: Sequence[PathOrStr],
        pat: str,
        valid_pct: float = 0.2,
        seed: int | None = None,
        **settings: Any,
    ) -> "ImageDataBunch":
        """Of paths in which the first group of a regular expression is the class. Raises CatalogError."""
        pattern = _compiled(pat)
        labels = [_label_in(file, pattern) for file in fnames]
        return cls.from_lists(path, fnames, labels, valid_pct, seed, **settings)

    @classmethod
    @explained
    def single_from_classes(
        cls, path: PathOrStr, classes: Sequence[str], **settings: Any
    ) -> "ImageDataBunch":
        """Of no pictures, for a learner that loads what was trained on these classes and predicts.

        Raises WhatsitError for what is not a list of different names.
        """
        names = [] if isinstance(classes, str) else list(map(str, classes))
        if not names or len(set(names)) < len(names):
            raise WhatsitError(Message("lesson_data.bad_classes", given=shortened(repr(classes), 60)))
        return cls(path, None, names, Settings.of(settings))

    def __repr__(self) -> str:
        if self.catalog is None:
            return brief(self, f"no pictures, {self.c} classes")
        return brief(self, repr(self.catalog)[1:-1].replace("see summary()", "see catalog.summary()"))

    def _repr_html_(self) -> str:
        return paragraph(repr(self)[1:-1]) if self.catalog is None else self.catalog._repr_html_()

    @property
    def c(self) -> int:
        """How many classes there are."""
        return len(self.classes)

    @cached_property
    def train_ds(self) -> Dataset:
        """The pictures to train on."""
        return Dataset(self._pictures, "train")

    @cached_property
    def valid_ds(self) -> Dataset:
        """The pictures to validate on."""
        return Dataset(self._pictures, "valid")

    @cached_property
    def test_ds(self) -> Dataset:
        """The pictures in a folder `test`."""
        return Dataset(self._pictures, "test")

    @property
    def x(self) -> Pictures:
        """The pictures to train on."""
        return self.train_ds.x

    @property
    def y(self) -> Labels:
        """The classes of the pictures to train on."""
        return self.train_ds.y

    def augment(self) -> nn.Module | None:
        """What changes training pictures, for `whatsit.Learner`."""
        return None if self.tfms is None else self.tfms.module

    def normalize(self, stats: object = None) -> "ImageDataBunch":
        """The same: every backbone brings the mean and deviation along that it was trained with."""
        if stats is not imagenet_stats:
            note(Message("lesson_data.own_stats"))
        return self

    @explained
    def show_batch(
        self,
        rows: int = 5,
        figsize: tuple[float, float] | None = None,
        ds_type: DatasetType = DatasetType.Train,
    ) -> Plot | None:
        """Show `rows` rows of as many pictures of a kind, from all classes. Raises WhatsitError."""
        if not is_count(rows, 1):
            raise WhatsitError(Message("lesson_data.rows", given=described(rows)))
        figure = self._pictures[split_of(ds_type)].show(rows, rows)
        if figsize is not None:
            figure.set_size_inches(*figsize)
        return shown(figure)

    @property
    def _pictures(self) -> Catalog:
        if self.catalog is None:
            raise WhatsitError(Message("lesson_data.no_pictures"))
        return self.catalog


def _compiled(pat: str) -> re.Pattern[str]:
    try:
        return re.compile(pat)
    except (re.error, TypeError) as error:
        raise CatalogError(Message("lesson_data.bad_pattern", given=described(pat), reason=error)) from error


def _label_in(file: PathOrStr, pattern: re.Pattern[str]) -> str:
    match = pattern.search(pathlib.Path(file).as_posix())
    if match is None or not pattern.groups:
        raise CatalogError(Message("lesson_data.no_label", file=os.fspath(file), pattern=pattern.pattern))
    return str(match[1])
