"""Which pictures to look at first: those with the largest losses, or the most similar ones."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from whatsit.fastai1.explained import explained
from whatsit.fastai1.indices import Indices
from whatsit.fastai1.interpretation import ClassificationInterpretation
from whatsit.fastai1.types import DatasetType
from whatsit.understand.unit import unit

if TYPE_CHECKING:
    from whatsit.fastai1.datasets import Dataset
    from whatsit.fastai1.learner import Learner

AT_ONCE = 2**22  # pairs whose likeness is in memory


class DatasetFormatter:
    """A dataset, by default the training pictures, and places in it in the order in which to look at them."""

    @classmethod
    @explained
    def from_toplosses(
        cls, learn: "Learner", n_imgs: int | None = None, ds_type: DatasetType = DatasetType.Train
    ) -> "tuple[Dataset, Indices]":
        """The pictures with the `n_imgs` largest losses; all without n_imgs."""
        interp = ClassificationInterpretation.from_learner(learn, ds_type)
        return interp.dataset, interp.top_losses(n_imgs)[1]

    @classmethod
    @explained
    def from_similars(
        cls, learn: "Learner", layer_ls: object = None, ds_type: DatasetType = DatasetType.Train
    ) -> "tuple[Dataset, Indices]":
        """The most similar pairs, one after the other: as many as there are pictures.

        The backbone's features are compared, whatever layers fastai 1 took with `layer_ls`.
        """
        interp = ClassificationInterpretation.from_learner(learn, ds_type)
        features = np.asarray(interp.today.features, np.float32)
        return interp.dataset, interp.indices(closest(features, len(features)).ravel())


def closest(features: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """At most so many pairs (k, 2) of rows with the largest cosine, the largest first."""
    vectors, count = unit(features), len(features)
    likeness, pairs = np.empty(0, np.float32), np.empty((0, 2), np.int64)
    step = max(1, AT_ONCE // count)
    for begin in range(0, count, step):
        cosines = vectors[begin : begin + step] @ vectors[: begin + step].T
        is_below = np.tri(len(cosines), begin + len(cosines), begin - 1, bool)  # each pair once
        row, column = np.nonzero(is_below)
        likeness = np.concatenate([likeness, cosines[row, column]])
        pairs = np.concatenate([pairs, np.stack([row + begin, column], axis=1)])
        best = np.argsort(-likeness, kind="stable")[:most]
        likeness, pairs = likeness[best], pairs[best]
    return pairs
