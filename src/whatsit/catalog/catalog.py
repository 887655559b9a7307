"""The table of a project's images."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from whatsit.engine import in_parallel
from whatsit.errors import CatalogError, ImageError
from whatsit.images import SUFFIXES, read_bytes

Split = Literal["train", "valid", "test"]
SPLIT_FOLDERS: dict[str, Split] = {
    "train": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
}


@dataclass(frozen=True)
class Item:
    """One picture: where it is, what it shows, its split, and the SHA-256 of its bytes."""

    path: Path
    label: str
    split: Split
    content: str


@dataclass(frozen=True)
class Catalog:
    """The pictures of an image folder. Iterate it, take its `len`, or a split with `catalog["valid"]`."""

    root: Path
    items: tuple[Item, ...]
    unreadable: tuple[tuple[Path, str], ...] = ()

    @classmethod
    def from_folder(
        cls, path: str | Path, valid: float = 0.2, seed: int = 42, *, to_train: bool = True
    ) -> "Catalog":
        """Read a folder with one sub-folder per class, or with train/, valid/ and test/ above these.

        Without a validation folder the share `valid` of each class (0 < valid < 1, at least one picture)
        is dealt by content and `seed`: the same pictures give the same split, copies of one picture stay
        together. Raises CatalogError where there is nothing to learn from; with `to_train=False`, only where
        there are no pictures.
        """
        root = Path(path)
        if not 0 < valid < 1:
            raise CatalogError(
                f"A validation share of {valid} is impossible.", "Give one between 0 and 1, say 0.2."
            )
        if not root.is_dir():
            what = "is no folder" if root.exists() else "does not exist"
            raise CatalogError(f"{root} {what}.", "Name a folder with one sub-folder of pictures per class.")
        items, unreadable = _hash(_find(root))
        catalog = cls(root, tuple(_deal(items, valid, seed)), tuple(unreadable))
        catalog._check(to_train)
        return catalog

    @cached_property
    def classes(self) -> list[str]:
        """The class names, sorted: their order is the order of all probabilities."""
        return sorted({item.label for item in self.items})

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __getitem__(self, split: Split) -> "Catalog":
        if split not in get_args(Split):
            raise KeyError(f"{split!r} is no split: train, valid or test")
        return replace(self, items=tuple(item for item in self.items if item.split == split))

    def counts(self) -> dict[str, dict[str, int]]:
        """How many pictures each class has in each split, {label: {split: count}}."""
        counted = Counter((item.label, item.split) for item in self.items)
        return {label: {split: counted[label, split] for split in get_args(Split)} for label in self.classes}

    def without(self, unreadable: dict[Path, str], *, to_train: bool = True) -> "Catalog":
        """The same catalog less the files that turned out to be no pictures, checked again."""
        items = tuple(item for item in self.items if item.path not in unreadable)
        catalog = replace(self, items=items, unreadable=self.unreadable + tuple(unreadable.items()))
        catalog._check(to_train)
        return catalog

    def _check(self, to_train: bool) -> None:
        if not self.items:
            what = f"{self.root} holds no pictures in sub-folders."
            if self.unreadable:
                path, reason = self.unreadable[0]
                refused = len(self.unreadable)
                what = f"None of the {refused} files in {self.root} can be used ({path.name}: {reason})."
            raise CatalogError(what, "Make one sub-folder per class and put its pictures there.")
        if not to_train:
            return
        if len(self.classes) < 2:
            raise CatalogError(
                f"There is only one class, {self.classes[0]!r}.",
                "A classifier needs at least two: add a sub-folder with pictures of something else.",
            )
        counts = self.counts()
        for label, count in counts.items():
            if not count["train"]:
                raise CatalogError(
                    f"The class {label!r} has no picture to learn from ({count['valid']} for validation).",
                    "Add pictures, at least ten if you can.",
                )
        if not any(count["valid"] for count in counts.values()):
            raise CatalogError(
                "No picture is left for validation: every class has only one.",
                "Add pictures, at least ten of each class if you can.",
            )


def _find(root: Path) -> list[tuple[Path, str, Split | None]]:
    """List (path, label, split): split None where it is still to be dealt."""
    folders = _subfolders(root)
    named = {folder.name: folder for folder in folders}
    splits = {name: split for name, split in SPLIT_FOLDERS.items() if name in named}
    if "train" in splits and all(_subfolders(named[name]) for name in splits):
        has_valid = "valid" in splits.values()
        return [
            (path, label.name, split if split != "train" or has_valid else None)
            for name, split in splits.items()
            for label in _subfolders(named[name])
            for path in _pictures(label)
        ]
    return [(path, label.name, None) for label in folders for path in _pictures(label)]


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise _unlistable(error) from error


def _pictures(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise _unlistable(error) from error

    found = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES)


def _unlistable(error: OSError) -> CatalogError:
    return CatalogError(f"{error.filename} can't be read: {error.strerror}.", "Check its permissions.")


def _hash(
    found: list[tuple[Path, str, Split | None]],
) -> tuple[list[tuple[Path, str, Split | None, str]], list[tuple[Path, str]]]:
    def content(path: Path) -> str | ImageError:
        try:
            return hashlib.sha256(read_bytes(path)).hexdigest()
        except ImageError as error:
            return error

    hashed, unreadable = [], []
    for (path, label, split), answer in zip(
        found, in_parallel(content, [row[0] for row in found]), strict=True
    ):
        if isinstance(answer, ImageError):
            unreadable.append((path, str(answer)))
        else:
            hashed.append((path, label, split, answer))
    return hashed, unreadable


def _deal(rows: list[tuple[Path, str, Split | None, str]], valid: float, seed: int) -> Iterator[Item]:
    """Deal what has no split yet: whole contents, ordered by a hash of seed and content, per class."""
    to_deal: dict[str, dict[str, int]] = {}
    owner: dict[str, str] = {}  # copies under two labels stay together too: the first label deals
    for _, label, split, content in rows:
        if split is None:
            group = to_deal.setdefault(owner.setdefault(content, label), {})
            group[content] = group.get(content, 0) + 1
    validated = set()
    for contents in to_deal.values():
        wanted = max(1, round(sum(contents.values()) * valid))
        order = sorted(contents, key=lambda content: hashlib.sha256(f"{seed}:{content}".encode()).digest())
        for content in order[:-1]:  # at least one picture to learn from
            if wanted < 1:
                break
            validated.add(content)
            wanted -= contents[content]
    for path, label, split, content in rows:
        yield Item(path, label, split or ("valid" if content in validated else "train"), content)
