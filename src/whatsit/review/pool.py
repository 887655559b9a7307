"""What suspects are looked for among: pictures, their features, and which of them are near-duplicates."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog import Catalog, split_index
from whatsit.catalog.looks import looks_of
from whatsit.config import Split
from whatsit.errors import CatalogError
from whatsit.extras import require
from whatsit.i18n import Message
from whatsit.training.features import Extractor
from whatsit.understand.near_duplicates import Copies, find_copies

USUAL: tuple[Split, ...] = ("train", "valid")


@dataclass(frozen=True, eq=False)
class Pool:
    """The pictures of a catalog with their features (n, width), looks (n,) and near-duplicates.

    `leaks` counts pictures, by their split, that a model is measured on though it was trained on a
    near-duplicate: validation pictures like training pictures, and test pictures like either.
    """

    catalog: Catalog
    features: NDArray[np.float32]
    looks: NDArray[np.void]
    copies: Copies
    leaks: dict[Split, int]

    @classmethod
    def of(cls, catalog: Catalog, features: NDArray[np.float32]) -> "Pool":
        """All pictures of a catalog, by their features (n, width) of the pretrained backbone."""
        looks = looks_of(catalog)
        copies = find_copies(features, catalog.rows, looks)
        return cls(catalog, features, looks, copies, _leaks(catalog, copies))

    def among(self, splits: Collection[Split]) -> "Pool":
        """The same of these splits alone; what leaks between all of them is remembered."""
        places = _places(self.catalog, splits)
        return replace(
            self,
            catalog=self.catalog.select(places),
            features=self.features[places],
            looks=self.looks[places],
            copies=self.copies.among(places),
        )


def pool_of(catalog: Catalog, extract: Extractor, splits: Collection[Split]) -> Pool:
    """What suspects in these splits are looked for among: them, the training and the validation pictures.

    Raises CatalogError where these splits have no pictures, and MissingError without cleanlab.
    """
    require("clean", Message("suspects.this"))
    if not len(_places(catalog, splits)):
        raise CatalogError(Message("training.empty_split", split=sorted(splits)))
    features = extract(catalog)
    readable = catalog.without(features.refused, to_train=False) if features.refused else catalog
    return Pool.of(readable, features.vectors).among({*USUAL, *splits})


def _places(catalog: Catalog, splits: Collection[Split]) -> NDArray[np.int64]:
    return np.flatnonzero(np.isin(catalog.rows["split"], [split_index(split) for split in splits]))


def _leaks(catalog: Catalog, copies: Copies) -> dict[Split, int]:
    found: dict[Split, int] = {"valid": 0, "test": 0}
    for group in copies.across(catalog.rows["split"]):
        splits = catalog.rows["split"][group]
        in_test = splits == split_index("test")
        found["test"] += int(in_test.sum())  # the others of the group are not
        if (splits == split_index("train")).any():
            found["valid"] += int((splits == split_index("valid")).sum())
    return found
