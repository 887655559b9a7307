"""Pictures that belong together, as those of one person, and what that does to an interval."""

import numpy as np
from numpy.typing import NDArray


def sums_by(groups: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sums (groups, k) of the rows of `values` (n, k) that belong together by `groups` (n,)."""
    found, group = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(found), values.shape[1]))
    np.add.at(sums, group, values)
    return sums
