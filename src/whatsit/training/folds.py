"""Folds of pictures: each has the same share of every class, and groups of pictures stay together."""

import numpy as np
from numpy.typing import NDArray


def stratified_folds(
    labels: NDArray[np.int64], groups: NDArray[np.int64], count: int, seed: int = 0
) -> NDArray[np.int64]:
    """The fold (n,), 0 to `count` - 1, of pictures by their class (n,) and group (n,).

    A group counts as of the class that most of its pictures have. Class by class, the largest groups first,
    each goes to the fold with the fewest pictures of its class, and of those to the smallest.
    """
    names, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    classes = int(labels.max()) + 1
    pairs, images = np.unique(group * classes + labels, return_counts=True)
    pairs = pairs[np.argsort(images, kind="stable")]
    own_class = np.empty(len(names), np.int64)
    own_class[pairs // classes] = pairs % classes  # the last one, with most pictures, stays
    luck = np.random.default_rng(seed).permutation(len(names))
    fold_of = np.empty(len(names), np.int64)
    whole = [0] * count
    for label in np.unique(own_class):
        there = np.flatnonzero(own_class == label)
        own = [0] * count
        for one in there[np.lexsort((luck[there], -sizes[there]))].tolist():
            fold = min(range(count), key=lambda place: (own[place], whole[place]))
            fold_of[one] = fold
            own[fold] += int(sizes[one])
            whole[fold] += int(sizes[one])
    return np.asarray(fold_of[group])
