"""What was recorded while training, and its figures."""

from itertools import accumulate

from whatsit.errors import WhatsitError
from whatsit.fastai1 import recorder_plots as plots
from whatsit.fastai1.explained import Explained, explained
from whatsit.fastai1.showing import shown
from whatsit.figures import Plot
from whatsit.i18n import Message
from whatsit.training import Learner
from whatsit.training.finder import LRFinder
from whatsit.training.history import Epoch


class Recorder(Explained):
    """The last training of a learner: a loss, a rate and a momentum for each batch, an epoch for each epoch.

    `finder` is what the last `lr_find` found; `metrics` are the names of the columns after the losses.
    """

    def __init__(self, learner: Learner, metrics: list[str]) -> None:
        self._learner, self.names = learner, metrics
        self.finder: LRFinder | None = None
        self._epochs = self._batches = 0  # of the trainings before

    def begin(self) -> None:
        """Begin anew: what the learner's history has by now is not of the next training."""
        history = self._learner.history
        self._epochs, self._batches = len(history), len(history.losses)

    @property
    def epochs(self) -> list[Epoch]:
        """The epochs."""
        return self._learner.history.epochs[self._epochs :]

    @property
    def losses(self) -> list[float]:
        """The training loss of each batch."""
        return self._learner.history.losses[self._batches :]

    @property
    def lrs(self) -> list[float]:
        """The learning rate of each batch, that of the last layers."""
        return self._learner.history.lrs[self._batches :]

    @property
    def moms(self) -> list[float]:
        """The momentum of each batch."""
        return self._learner.history.moms[self._batches :]

    @property
    def val_losses(self) -> list[float]:
        """The validation loss of each epoch."""
        return [epoch.valid_loss for epoch in self.epochs]

    @property
    def metrics(self) -> list[list[float]]:
        """The metrics of each epoch."""
        return [
            [{"error_rate": epoch.error_rate, **epoch.metrics}[name] for name in self.names]
            for epoch in self.epochs
        ]

    @property
    def min_grad_lr(self) -> float | None:
        """The rate at which the loss falls fastest, of those that `lr_find` tried."""
        return self._found.steep

    @property
    def _found(self) -> LRFinder:
        if self.finder is None:
            raise WhatsitError(Message("lesson_learner.no_finder"))
        return self.finder

    @explained
    def plot(self, skip_start: int = 0, skip_end: int = 0, suggestion: bool = False) -> Plot | None:
        """The loss over the learning rates that `lr_find` tried, without the first and last that are skipped.

        With `suggestion` two rates in words too.
        """
        found = self._found
        if suggestion and found.steep is not None and found.minimum is not None:
            print(f"Min numerical gradient: {found.steep:.2E}")
            print(f"Min loss divided by 10: {found.minimum:.2E}")
        plot = found.plot()
        if skip_start or skip_end:
            part = slice(skip_start, max(0, len(found.lrs) - skip_end))
            plots.limit(plot, found.lrs, found.losses, part)
        return shown(plot)

    @explained
    def plot_losses(self) -> Plot | None:
        """The training loss over the batches, and the validation loss after each epoch."""
        return shown(plots.draw_losses(self._some(self.losses), self._ends(), self.val_losses))

    @explained
    def plot_lr(self, show_moms: bool = False) -> Plot | None:
        """The learning rate over the batches, and with `show_moms` the momentum."""
        return shown(plots.draw_schedule(self._some(self.lrs), self.moms if show_moms else None))

    @explained
    def plot_metrics(self) -> Plot | None:
        """Each metric after each epoch. Raises WhatsitError for a learner without any."""
        if not self.names:
            raise WhatsitError(Message("lesson_learner.no_metrics"))
        self._some(self.losses)
        columns = zip(*self.metrics, strict=True)
        return shown(plots.draw_metrics(dict(zip(self.names, columns, strict=True)), self._ends()))

    def _ends(self) -> list[int]:
        """After how many batches each epoch ended."""
        each = len(self.losses) // len(self.epochs)
        return list(accumulate(each for _ in self.epochs))

    def _some(self, values: list[float]) -> list[float]:
        """The same. Raises WhatsitError where nothing was trained since the learner was made or loaded."""
        if not values:
            raise WhatsitError(Message("lesson_learner.nothing_recorded"))
        return values
