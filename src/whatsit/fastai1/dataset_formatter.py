"""Which pictures to look at first: those with the largest losses, or the most similar ones."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from whatsit.fastai1.indices import Indices
from whatsit.fastai1.interpretation import ClassificationInterpretation
from whatsit.fastai1.types import DatasetType
from whatsit.understand.unit import unit

if TYPE_CHECKING:
    from whatsit.fastai1.datasets import Dataset
    from whatsit.fastai1.learner import Learner

AT_ONCE = 2**22  # pairs whose likeness is in memory


class DatasetFormatter:
    """The training pictures, and the places of some of them in the order in which to look at them."""

    @classmethod
    def from_toplosses(cls, learn: "Learner", n_imgs: int | None = None) -> "tuple[Dataset, Indices]":
        """Those with the `n_imgs` largest losses; all without n_imgs."""
        interp = ClassificationInterpretation.from_learner(learn, DatasetType.Train)
        return learn.data.train_ds, interp.top_losses(n_imgs)[1]

    @classmethod
    def from_similars(cls, learn: "Learner", **layers: object) -> "tuple[Dataset, Indices]":
        """The most similar pairs, one after the other: as many as there are pictures.

        The backbone's features are compared, whatever `layers` fastai 1 took.
        """
        today = learn.learner.interpret("train")
        assert today.features is not None
        assert today.paths is not None
        pairs = closest(np.asarray(today.features, np.float32), len(today))
        paths = [today.paths[place] for place in pairs.ravel()]
        return learn.data.train_ds, learn.data.train_ds.indices_of(paths)


def closest(features: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """At most so many pairs (k, 2) of rows with the largest cosine, the largest first."""
    vectors, count = unit(features), len(features)
    likeness, pairs = np.empty(0, np.float32), np.empty((0, 2), np.int64)
    step = max(1, AT_ONCE // count)
    for begin in range(0, count, step):
        cosines = vectors[begin : begin + step] @ vectors[: begin + step].T
        row, column = np.nonzero(np.tri(*cosines.shape, begin - 1, bool))  # each pair once
        likeness = np.concatenate([likeness, cosines[row, column]])
        pairs = np.concatenate([pairs, np.stack([row + begin, column], axis=1)])
        best = np.argsort(-likeness, kind="stable")[:most]
        likeness, pairs = likeness[best], pairs[best]
    return pairs
