"""Pictures that are the same photo in another size, quality or crop: exactly, and in groups instead of pairs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.duplicates import near_duplicates as leaders_of

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Copies:
    """Groups of near-duplicates among n pictures.

    `group` (n,) is the number of each one's group, from 0 on in the order of their first members, and -1
    where nothing resembles it. `likeness` (n,), 0 to 1, is how much it resembles the group's leader, whom all
    resemble (that one: as much as the most similar other), 1 for the same content and NaN without a group.
    """

    group: NDArray[np.int64]
    likeness: NDArray[np.float64]

    def groups(self) -> list[Places]:
        """The places of each group's members (at least two), in their order."""
        order = np.argsort(self.group, kind="stable")[(self.group < 0).sum() :]
        ends = np.flatnonzero(np.diff(self.group[order])) + 1
        return [one for one in np.split(order, ends) if len(one)]

    def across(self, column: NDArray[np.integer]) -> list[Places]:
        """The groups whose members differ in a column (n,): in their labels, or splits (these leak)."""
        return [one for one in self.groups() if len(np.unique(column[one])) > 1]

    def best(self, rows: NDArray[np.void]) -> NDArray[np.int64]:
        """The member of each group that is worth keeping: most pixels, then most bytes (catalog.index.ROW)."""
        pixels = rows["width"].astype(np.int64) * rows["height"]
        return np.array([one[np.lexsort((-rows["bytes"][one], -pixels[one]))[0]] for one in self.groups()], int)


def find_copies(
    features: NDArray[np.float32], rows: NDArray[np.void], looks: NDArray[np.void]
) -> Copies:
    """The near-duplicates among pictures: `features` (n, width) of the pretrained backbone, `rows` (n,) of
    the index (catalog.index.ROW), and `looks` (n,) from catalog.faults.looks_of.
    """
    leader = leaders_of(rows["hash"], features=features)
    _, number, count = np.unique(leader, return_inverse=True, return_counts=True)
    is_alone = count[number] == 1
    group = np.full(len(leader), -1)
    _, first, inverse = np.unique(number[~is_alone], return_index=True, return_inverse=True)
    group[~is_alone] = np.argsort(np.argsort(first))[inverse]
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    likeness = np.where(is_alone, np.nan, np.einsum("nw,nw->n", unit, unit[leader]))
    return Copies(group, likeness)
