"""What a learner gets right and wrong: the lesson's verbs over today's interpretation."""

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whatsit.checks import described, is_count
from whatsit.errors import WhatsitError
from whatsit.events import note
from whatsit.fastai1.explained import Explained, explained
from whatsit.fastai1.indices import Indices
from whatsit.fastai1.showing import shown
from whatsit.fastai1.types import DatasetType, split_of
from whatsit.i18n import Message
from whatsit.text import brief
from whatsit.understand.interpretation import Interpretation

if TYPE_CHECKING:
    from whatsit.fastai1.data import ImageDataBunch
    from whatsit.fastai1.datasets import Dataset
    from whatsit.figures import Plot
    from whatsit.training import Learner as Today

Size = tuple[float, float]
DPI = 100  # at which figures are shown


@runtime_checkable
class Trained(Protocol):
    """A learner of the lesson: its data, and today's learner, which answers."""

    @property
    def data(self) -> "ImageDataBunch": ...
    @property
    def learner(self) -> "Today": ...


class ClassificationInterpretation(Explained):
    """Answers for the pictures of a `dataset`; `today` is the same as a whatsit.Interpretation."""

    def __init__(self, dataset: "Dataset", today: Interpretation) -> None:
        self.dataset, self.today = dataset, today

    @classmethod
    @explained
    def from_learner(
        cls, learn: Trained, ds_type: DatasetType = DatasetType.Valid
    ) -> "ClassificationInterpretation":
        """The answers of a learner for the pictures of a kind. Raises WhatsitError where there are none."""
        if not isinstance(learn, Trained):
            raise WhatsitError(Message("lesson_learner.not_learner", given=described(learn)))
        name = f"{split_of(ds_type)}_ds"
        today, dataset = learn.learner.interpret(split_of(ds_type)), getattr(learn.data, name)
        if missing := len(dataset) - len(today):
            note(Message("lesson_learner.left_out", count=missing, dataset=name))
        return cls(dataset, today)

    def __repr__(self) -> str:
        return brief(self, self.today.message.text("en"))

    def _repr_html_(self) -> str:
        return self.today._repr_html_()

    @property
    def preds(self) -> Tensor:
        """The probabilities (n, classes)."""
        return torch.from_numpy(self.today.probabilities).float()

    @property
    def y_true(self) -> Tensor:
        """The places of the true classes (n,)."""
        return torch.from_numpy(self.today.labels)

    @property
    def losses(self) -> Tensor:
        """-log of the probability of each picture's own class (n,)."""
        return torch.from_numpy(self.today.losses).float()

    def top_losses(self, k: int | None = None, largest: bool = True) -> tuple[Tensor, Indices]:
        """The `k` largest losses (all without k), falling, and the places of their pictures in the dataset.

        With `largest=False` the smallest ones, rising.
        """
        losses, places = self.today.top_losses()
        if not largest:
            losses, places = losses[::-1].copy(), places[::-1].copy()
        return torch.from_numpy(losses[:k]).float(), self.indices(places[:k])

    def indices(self, places: NDArray[np.int64]) -> Indices:
        """The places in the dataset of pictures at these places here, which lack those that can't be read."""
        paths = self.today.paths or ()
        return self.dataset.indices_of([paths[place] for place in places])

    @explained
    def plot_top_losses(self, k: int, figsize: Size | None = None, heatmap: bool = True) -> "Plot | None":
        """Draw the pictures with the largest losses: prediction / actual / loss / probability of actual."""
        return _sized(self.today.plot_top_losses(k, heatmap), figsize)

    def confusion_matrix(self) -> NDArray[np.int64]:
        """Counts (classes, classes) by actual class (row) and predicted class (column)."""
        return self.today.confusion_matrix()

    @explained
    def plot_confusion_matrix(
        self,
        normalize: bool = False,
        title: str | None = None,
        figsize: Size | None = None,
        dpi: float = DPI,
    ) -> "Plot | None":
        """Draw the confusion matrix; with `normalize` as shares of each actual class.

        `figsize` is in inches of `dpi` pixels.
        """
        plot = self.today.plot_confusion_matrix(normalize)
        if title is not None:
            plot.axes[0].set_title(title, loc="left")
        return _sized(plot, figsize, dpi)

    @explained
    def most_confused(self, min_val: int = 1) -> list[tuple[str, str, int]]:
        """(actual, predicted, count) of mistakes made at least `min_val` times, the most frequent first."""
        if not is_count(min_val, 0):
            raise WhatsitError(Message("lesson_learner.min_val", given=described(min_val)))
        return self.today.most_confused(min_val)


def _sized(plot: Any, figsize: Size | None, dpi: float = DPI) -> "Plot | None":
    if figsize is not None:
        plot.set_size_inches(*(side * dpi / DPI for side in figsize))
    return shown(plot)
