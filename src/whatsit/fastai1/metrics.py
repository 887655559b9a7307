"""What is measured on the validation pictures after each epoch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whatsit.checks import described
from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.understand import metrics as today

Metric = Callable[[Tensor, Tensor], Tensor | float]


def accuracy(preds: Tensor, targs: Tensor) -> Tensor:
    """The share of pictures whose likeliest class is theirs: `preds` (n, classes), `targs` (n,)."""
    return (preds.argmax(dim=-1) == targs).float().mean()


def error_rate(preds: Tensor, targs: Tensor) -> Tensor:
    """1 - accuracy."""
    return 1 - accuracy(preds, targs)


def listed(metrics: Metric | Sequence[Metric] | None) -> list[Metric]:
    """A metric, several, or none, as a list. Raises WhatsitError for what can't be called."""
    found: Any = metrics if isinstance(metrics, list | tuple) else [] if metrics is None else [metrics]
    for metric in found:
        if not callable(metric):
            raise WhatsitError(Message("lesson_learner.not_a_metric", given=described(metric)))
    return list(found)


def name_of(metric: Metric) -> str:
    """The name of its column."""
    return getattr(getattr(metric, "func", metric), "__name__", type(metric).__name__)


def as_today(metric: Metric) -> today.Metric:
    """The same for labels (n,) and probabilities (n, classes), whose logarithms are its `preds`.

    What it raises becomes a WhatsitError that names it.
    """
    name = name_of(metric)
    if metric is accuracy or metric is error_rate:  # the same, also of answers that are not numbers
        return today.METRICS[name]

    def measure(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
        preds, targs = torch.from_numpy(probabilities).log(), torch.from_numpy(labels)
        try:
            return float(metric(preds, targs))
        except Exception as error:  # of a user's function
            reason = f"{type(error).__name__}: {error}"
            raise WhatsitError(Message("lesson_learner.metric_failed", name=name, reason=reason)) from error

    measure.__name__ = name
    return measure
