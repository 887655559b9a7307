"""What heads answer for pictures that none of them was trained on, in several draws of folds.

A wrong label spoils the answers for other pictures too. So the heads are trained twice: the second time
without the pictures that the first ones found wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whatsit.labeled import Labeled
from whatsit.parallel import in_parallel
from whatsit.probabilities import softmax
from whatsit.training.curve import epochs_of
from whatsit.training.fit_heads import HeadFit, affordable, fit_heads
from whatsit.training.folds import stratified_folds
from whatsit.training.heads import Heads, one_thread
from whatsit.understand.calibration import fit_temperature

FOLDS, REPEATS = 5, 3
BATCH = 32

Folds = Sequence[NDArray[np.int64]]


def draw_folds(labels: NDArray[np.int64], relatives: NDArray[np.int64]) -> Folds:
    """The fold (n,) of each picture, in REPEATS draws; relatives, such as copies, are in one fold."""
    count = min(FOLDS, len(np.unique(relatives)))
    return [stratified_folds(labels, relatives, count, seed) for seed in range(REPEATS)]


def answers(data: Labeled, folds: Folds, classes: int, is_taught: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean calibrated probabilities (n, classes) of heads that were trained on pictures of other folds.

    Of these only on those that `is_taught` (n,).
    """

    def asked(number: int) -> NDArray[np.float64]:
        fold = folds[number]
        places = [np.flatnonzero((fold != one) & is_taught) for one in range(int(fold.max()) + 1)]
        heads = Heads(data.inputs.shape[1], classes, [number] * len(places))
        images = min(map(len, places))
        bs = min(BATCH, images)
        epochs, bs = affordable(heads, images, epochs_of(images, bs), bs)
        fit_heads(heads, data, places, HeadFit(epochs, bs, number))
        logits = np.empty((len(data.labels), classes))
        for one in range(len(places)):
            there = fold == one
            logits[there] = heads.logits(data.inputs[there], one)
        return softmax(logits, fit_temperature(logits, data.labels))

    with one_thread():
        return np.mean(list(in_parallel(asked, range(len(folds)))), axis=0)
