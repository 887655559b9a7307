"""What is decided for somebody who decides nothing: how many epochs, and whether augmentation helps."""

import statistics
from collections.abc import Callable

from whatsit.train.learner import Learner

FEW_PICTURES = 400  # measured: with more, further views cost time and change next to nothing
VIEWS = 4


def fit(learner: Learner, epochs: int | None = None, tell: Callable[[str], None] = print) -> Learner:
    """Fit the head, and with few training pictures another one on several views of each; return the better.

    More views have to raise the validation accuracy, or at the same accuracy lower the validation loss.
    """
    epochs = epochs or learner.default_epochs()
    learner.fit_one_cycle(epochs, tell=tell)
    if len(learner.catalog["train"]) > FEW_PICTURES:
        return learner
    other = learner.with_views(VIEWS)
    other.fit_one_cycle(epochs, tell=lambda line: None)
    better = min(learner, other, key=_validation)
    rate, loss = _validation(other)
    verdict = "kept" if better is other else "not kept"
    tell(f"with {VIEWS} views of each picture: error_rate {rate:.6f}, valid_loss {loss:.6f}: {verdict}")
    return better


def repeat(learner: Learner, times: int) -> list[float]:
    """Train the head anew with the seeds that follow; the validation accuracies, the learner's own first."""
    accuracies = [learner.evaluate().accuracy]
    for seed in range(learner.seed + 1, learner.seed + times):
        other = learner.reseed(seed)
        other.fit_one_cycle(len(learner.history), tell=lambda line: None)
        accuracies.append(other.evaluate().accuracy)
    return accuracies


def summary(accuracies: list[float]) -> str:
    """Mean and range in words."""
    low, high = min(accuracies), max(accuracies)
    return (
        f"{len(accuracies)} seeds: accuracy {statistics.mean(accuracies):.1%}, from {low:.1%} to {high:.1%}"
    )


def _validation(learner: Learner) -> tuple[float, float]:
    last = learner.history.epochs[-1]
    return last.error_rate, last.valid_loss
