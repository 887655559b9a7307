"""What is decided for somebody who decides nothing: how many epochs, and whether augmentation helps."""

import statistics
from collections.abc import Callable

from whatsit.progress import progress
from whatsit.train.head import Balance
from whatsit.train.learner import Learner

FEW_PICTURES = 400  # measured: with more, further views cost time and change next to nothing
VIEWS = 4


def fit(
    learner: Learner,
    epochs: int | None = None,
    tell: Callable[[str], None] = print,
    lr: float = 3e-3,
    balance: Balance | None = None,
) -> Learner:
    """Fit the head, and with few training pictures another one on several views of each; return the better.

    More views have to raise the validation accuracy.
    """
    epochs = epochs or learner.default_epochs()
    learner.fit_one_cycle(epochs, lr=lr, balance=balance, tell=tell)
    if len(learner.catalog["train"]) > FEW_PICTURES:
        return learner
    other = learner.with_views(VIEWS)
    lines: list[str] = []
    other.fit_one_cycle(epochs, lr=lr, balance=balance, tell=lines.append)
    one, several = (trained.history.epochs[-1].error_rate for trained in (learner, other))
    if several < one:
        tell(f"with {VIEWS} views of each picture it errs less, {several:.6f} instead of {one:.6f}: kept")
        for line in lines:
            tell(line)
        return other
    tell(f"with {VIEWS} views of each picture it errs no less, {several:.6f}: not kept")
    return learner


def repeat(learner: Learner, times: int) -> list[float]:
    """Train the head anew with the seeds that follow; the validation accuracies, the learner's own first."""
    accuracies = [learner.evaluate().accuracy]
    with progress("Training again", times - 1) as advance:
        for seed in range(learner.seed + 1, learner.seed + times):
            other = learner.reseed(seed)
            other.fit_one_cycle(len(learner.history), tell=lambda line: None)
            accuracies.append(other.evaluate().accuracy)
            advance()
    return accuracies


def summary(accuracies: list[float]) -> str:
    """Mean and range in words."""
    low, high = min(accuracies), max(accuracies)
    return (
        f"{len(accuracies)} seeds: accuracy {statistics.mean(accuracies):.1%}, from {low:.1%} to {high:.1%}"
    )
