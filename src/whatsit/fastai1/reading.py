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
from whatsit.fastai1.paths import get_image_files
from whatsit.formats import is_hidden
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
        # `np.random.seed` leaves a generator without the sequence that one starts with by itself.
        generator = np.random.get_bit_generator()  # type: ignore[attr-defined]
        is_seeded = seed is not None or generator.seed_seq is None
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
        names = {"train": self.train, "valid": self.valid}
        usual = [SPLIT_NAMES.get(name.lower()) for name in names.values()] == list(names)
        if path.is_dir() and not all((path / name).is_dir() and name != "." for name in names.values()):
            raise CatalogError(Message("lesson_data.no_split_folders", folder=path, **names))
        if usual or not path.is_dir():
            return Catalog.from_folder(path, recorded=False)
        found: list[tuple[Split, Path]] = [
            *(("train", file.absolute()) for file in get_image_files(path / self.train, recurse=True)),
            *(("valid", file.absolute()) for file in get_image_files(path / self.valid, recurse=True)),
        ]
        files, splits = [file for _, file in found], [split for split, _ in found]
        return Catalog.from_lists(files, [file.parent.name for file in files], splits, root=path)


def from_folder(path: Path, how: Share | Folders) -> Catalog:
    """The pictures of an image folder."""
    if isinstance(how, Folders):
        catalog, parents = how.read(path), [path / how.train, path / how.valid]
    else:
        catalog, parents = how.read(lambda **options: Catalog.from_folder(path, **options)), [path]
    empty = [folder.name for parent in parents for folder in sorted(parent.iterdir()) if _is_empty(folder)]
    if names := [name for name in dict.fromkeys(empty) if name not in catalog.classes]:
        note(Message("lesson_data.empty_folders", names=names))
    return catalog


def _is_empty(folder: Path) -> bool:
    """Whether it is a folder for pictures without any; `models` is where fastai 1 kept weights."""
    if not folder.is_dir() or is_hidden(folder.name) or folder.name == "models":
        return False
    return not get_image_files(folder, recurse=True)


def from_lists(path: Path, files: Sequence[str | Path], labels: Sequence[object], how: Share) -> Catalog:
    """Pictures that count from a folder, and their labels."""
    return how.read(lambda **options: Catalog.from_lists(files, labels, root=path, **options))
