"""Pictures unlike those of any class."""

import numpy as np
from numpy.typing import NDArray

from whatsit.understand.novelty import spread_out
from whatsit.understand.unit import unit

MOST = 5000  # pictures that others are compared with
NEAREST = 50  # of one class, at most half of it: a few foreign pictures that resemble each other are not one
CHUNK = 1024  # pictures at once
LEAST = 1e-6  # of a distance: smaller ones count as this one


def remoteness(
    features: NDArray[np.float32], labels: NDArray[np.int64], relatives: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How far each picture (n,) is from the class that it is nearest to: a logarithm, 0 as far as most.

    That is the mean cosine distance of its features (n, width) to those NEAREST of one of the `labels` (n,),
    over the median of all. Pictures with the same number in `relatives` (n,), such as copies, don't count.
    """
    chosen = spread_out(labels, MOST)
    others = unit(features[chosen])
    members = [np.flatnonzero(labels[chosen] == label) for label in np.unique(labels)]
    distances = np.full(len(features), np.inf)
    for start in range(0, len(features), CHUNK):
        some = slice(start, start + CHUNK)
        apart = 1 - unit(features[some]) @ others.T
        apart[relatives[some][:, None] == relatives[chosen]] = 2  # the farthest that there is
        for there in members:
            count = min(NEAREST, max(1, len(there) // 2))
            nearest = np.partition(apart[:, there], count - 1)[:, :count]
            np.minimum(distances[some], nearest.mean(1), out=distances[some])
    return np.asarray(np.log(np.maximum(distances, LEAST) / max(float(np.median(distances)), LEAST)))
