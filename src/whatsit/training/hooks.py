"""What happens after each epoch: validation, a checkpoint, its report, callbacks; in that order."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from whatsit.events import emit
from whatsit.labeled import Labeled
from whatsit.probabilities import softmax
from whatsit.training.callbacks import Callback
from whatsit.training.history import Epoch, History, epoch_done
from whatsit.training.loop import Training
from whatsit.understand.metrics import Metric


@dataclass
class Validation:
    """Appends each epoch to a history; `look` gives the logits of the validation pictures."""

    look: Callable[[], Labeled]
    metrics: Mapping[str, Metric]
    history: History

    def __call__(self, training: Training) -> None:
        """Append the epoch."""
        outputs = self.look()
        loss, error_rate = measure(outputs)
        values = {name: _apply(metric, outputs) for name, metric in self.metrics.items()}
        seconds = time.perf_counter() - training.started
        train_loss = sum(training.losses) / len(training.losses)
        epoch = Epoch(len(self.history) + 1, train_loss, loss, error_rate, seconds, values)
        self.history.add(epoch, training.losses, training.lrs, training.moms)


@dataclass
class Reporting:
    """Reports the last epoch of a history, of `epochs` after the first `before`, and calls `callbacks`."""

    history: History
    before: int
    epochs: int
    callbacks: Sequence[Callback]

    def __call__(self, _: Training) -> bool:
        """Whether one of the callbacks has enough."""
        return self.last()

    def last(self) -> bool:
        """The same outside of a training, as when one that was stopped goes on."""
        epoch = self.history[-1]
        emit(epoch_done(epoch, len(self.history) - self.before, self.epochs))
        answers = [callback(epoch) for callback in self.callbacks]  # all are to hear of it
        return any(answers)


def measure(outputs: Labeled) -> tuple[float, float]:
    """Mean cross-entropy and error rate of logits; those that are not finite are wrong."""
    logits = outputs.inputs.astype(np.float64)
    with np.errstate(all="ignore"):
        shifted = logits - logits.max(1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(logits)), outputs.labels]
    is_wrong = (logits.argmax(1) != outputs.labels) | ~np.isfinite(logits).all(1)
    return float(losses.mean()), float(is_wrong.mean())


def _apply(metric: Metric, outputs: Labeled) -> float:
    with np.errstate(all="ignore"):
        return float(metric(outputs.labels, softmax(outputs.inputs)))
