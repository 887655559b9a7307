"""The pictures of a split and their classes, by number or by indices."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path as AnyPath
from typing import Any

import numpy as np

from whatsit.catalog import Catalog
from whatsit.checks import described
from whatsit.config import Split
from whatsit.errors import WhatsitError
from whatsit.fastai1.category import Category
from whatsit.fastai1.explained import Explained
from whatsit.fastai1.images import open_image
from whatsit.fastai1.indices import Indices, Placed
from whatsit.fastai1.paths import Path
from whatsit.i18n import Message
from whatsit.text import brief


class Dataset(Explained, Sequence[Any]):
    """The pictures of a split: `x` the pictures, `y` their classes, `ds[i]` one of both."""

    def __init__(self, catalog: Catalog, split: Split) -> None:
        self.catalog, self.split = catalog, split
        self.x, self.y = Pictures(self), Labels(self)

    def __len__(self) -> int:
        return len(self._own)

    def __getitem__(self, place: Any) -> Any:
        return self.x[place], self.y[place]

    def __repr__(self) -> str:
        return brief(self, f"{len(self)} {self.split} pictures of {self.c} classes")

    @property
    def items(self) -> "Items":
        """The paths of the pictures."""
        return self.paths

    @property
    def classes(self) -> list[str]:
        """The class names."""
        return self.catalog.classes

    @property
    def c(self) -> int:
        """How many classes there are."""
        return len(self.classes)

    @cached_property
    def _own(self) -> Catalog:
        return self.catalog[self.split]

    @cached_property
    def paths(self) -> "Items":
        """Where the pictures are, in their order."""
        return Items(self, [Path(self.catalog.root, path) for path in self._own.paths])

    @cached_property
    def labels(self) -> "Items":
        """Their classes, in their order."""
        of_name = {name: Category(name, n) for n, name in enumerate(self.classes)}
        return Items(self, [of_name[self._own.names[label]] for label in self._own.labels])

    def indices_of(self, paths: Sequence[str | AnyPath]) -> Indices:
        """The places of pictures, by their paths."""
        place = {AnyPath(path): n for n, path in enumerate(self.paths)}
        return Indices.of([place[AnyPath(path)] for path in paths], self.split, self.catalog)

    def places(self, index: Any) -> int | list[int]:
        """The place that a number is, or the places that a slice, list, array or tensor are.

        Raises WhatsitError for Indices of another split, and for what is not numbers.
        """
        self._require(index)
        if isinstance(index, slice):
            return list(range(*index.indices(len(self))))
        numbers = np.asarray(index)
        if not numbers.size:
            return []
        if numbers.dtype.kind not in "biu":
            raise WhatsitError(Message("lesson_data.not_indices", given=described(index)))
        found = np.arange(len(self))[numbers]
        return int(found) if found.ndim == 0 else found.tolist()

    def _require(self, index: Any) -> None:
        if isinstance(index, Placed):
            index.require(self.split, self.catalog)
        elif isinstance(index, list | tuple):
            for one in index:
                self._require(one)


class Items(list[Any]):
    """What a dataset has of each picture: one by number, a list by indices of its split."""

    def __init__(self, dataset: Dataset, values: Iterable[Any]) -> None:
        super().__init__(values)
        self._dataset = dataset

    def __getitem__(self, index: Any) -> Any:
        places = self._dataset.places(index)
        own = super().__getitem__
        return own(places) if isinstance(places, int) else [own(place) for place in places]


class Pictures(Explained, Sequence[Any]):
    """The pictures of a dataset: one by number, the paths of several by indices, in their order."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: Any) -> Any:
        places = self._dataset.places(index)
        if isinstance(places, int):
            return open_image(self.items[places])
        return self.items[places]

    def __repr__(self) -> str:
        return brief(self, f"{len(self)} {self._dataset.split} pictures")

    @property
    def items(self) -> Items:
        """The paths of all of them."""
        return self._dataset.paths


class Labels(Explained, Sequence[Any]):
    """The classes of a dataset's pictures: one by number, a list by indices."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: Any) -> Any:
        return self._dataset.labels[index]

    def __repr__(self) -> str:
        return brief(self, f"{len(self)} labels of {self.c} classes")

    @property
    def items(self) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """The places of all their classes, int64 (n,)."""
        return np.array([label.data for label in self._dataset.labels], np.int64)

    @property
    def classes(self) -> list[str]:
        """The class names."""
        return self._dataset.classes

    @property
    def c(self) -> int:
        """How many classes there are."""
        return self._dataset.c
