"""Which pictures are for validation, and the catalog that this makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from whatsit.catalog import Catalog, split_index
from whatsit.catalog.entries import SPLIT_NAMES
from whatsit.config import Split
from whatsit.errors import CatalogError
from whatsit.events import note
from whatsit.fastai1.files import get_image_files
from whatsit.i18n import Message

Reader = Callable[..., Catalog]


@dataclass(frozen=True)
class Share:
    """The share `valid` of each class, drawn with `seed`; with 0 all pictures are trained on.

    A seed that comes again is worth recording the split that it draws.
    """

    valid: float
    seed: int
    comes_again: bool

    @classmethod
    def drawn(cls, valid_pct: float, seed: int | None = None) -> "Share":
        """Its seed is drawn from NumPy's generator, or from one with the seed given."""
        randint = np.random.randint if seed is None else np.random.RandomState(seed).randint
        # `np.random.seed` leaves a generator without the sequence that starts one by itself.
        is_seeded = seed is not None or np.random.get_bit_generator().seed_seq is None
        return cls(valid_pct, int(randint(2**31 - 1)), is_seeded)

    def read(self, reader: Reader) -> Catalog:
        """The catalog of a reader with this split."""
        if not self.valid:
            return _all_to_train_on(reader(recorded=False, to_train=False))
        catalog = reader(valid=self.valid, seed=self.seed, recorded=self.comes_again)
        if not catalog.is_assigned:
            note(Message("lesson_data.share_unused", folder=catalog.root))
        return catalog


def _all_to_train_on(catalog: Catalog) -> Catalog:
    rows = catalog.rows.copy()
    rows["split"] = split_index("train")
    return replace(catalog, rows=rows, is_assigned=False)


@dataclass(frozen=True)
class Folders:
    """The pictures in a folder `train`, and those in a folder `valid`, each with sub-folders of classes."""

    train: str
    valid: str

    def read(self, path: Path) -> Catalog:
        """The catalog of the folder that holds both. Raises CatalogError where it does not."""
        if not all((path / name).is_dir() and name != "." for name in (self.train, self.valid)):
            names = {"train": self.train, "valid": self.valid}
            raise CatalogError(Message("lesson_data.no_split_folders", folder=path, **names))
        if [SPLIT_NAMES.get(name.lower()) for name in (self.train, self.valid)] == ["train", "valid"]:
            return Catalog.from_folder(path, recorded=False)
        files = {name: get_image_files(path / name, recurse=True) for name in (self.train, self.valid)}
        splits: list[Split] = ["train"] * len(files[self.train]) + ["valid"] * len(files[self.valid])
        paths = [*files[self.train], *files[self.valid]]
        return Catalog.from_lists(
            [file.absolute() for file in paths], [file.parent.name for file in paths], splits, root=path
        )


def from_folder(path: Path, how: Share | Folders) -> Catalog:
    """The pictures of an image folder."""
    if isinstance(how, Folders):
        return how.read(path)
    return how.read(lambda **options: Catalog.from_folder(path, **options))


def from_lists(path: Path, files: Sequence[str | Path], labels: Sequence[object], how: Share) -> Catalog:
    """Pictures that count from a folder, and their labels."""
    return how.read(lambda **options: Catalog.from_lists(files, labels, root=path, **options))
