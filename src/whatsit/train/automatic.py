"""What is decided for somebody who decides nothing: epochs, augmentation, and whether fine-tuning helps."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from whatsit.catalog import Catalog
from whatsit.progress import progress
from whatsit.train.callbacks import Deadline
from whatsit.train.head import LR, Balance
from whatsit.train.job import Asked, Job
from whatsit.train.learner import Learner
from whatsit.understand.comparison import paired

FEW_PICTURES = 400  # measured: with more, further views cost time and change next to nothing
VIEWS = 4
MOST_EPOCHS = 10  # of fine-tuning that only a time budget limits
CONVERTING = 10.0  # seconds that making the network ready to serve takes, or a little more
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """The learner that was kept, and the validation accuracies of all seeds, if several were asked for."""

    learner: Learner
    accuracies: list[float]


def carry_out(job: Job, tell: Tell = print) -> Trained:
    """Do what `whatsit train` was asked; a job that was stopped goes on after the last epoch of its runs."""
    started = time.perf_counter()
    asked = job.asked
    learner = _learner(job)
    if job.continues:
        take_up(learner, job.continues, job.views)
        learner.fit_one_cycle(asked.epochs or 1, asked.rates[0], balance=asked.balance, tell=tell)
        return Trained(learner, [])
    learner = fit_best(learner, asked.rates, asked.epochs, tell, asked.balance)
    accuracies = repeat(learner, asked.repeat)
    epochs, deadline = asked.fine_tune, None
    if (epochs or asked.time_budget is not None) and not _can_gain(learner, tell):
        return Trained(learner, accuracies)
    if asked.time_budget is not None:
        if job.tuning_epochs is None:
            budget = started + 60 * asked.time_budget
            job.tuning_epochs, deadline = epochs_until(budget, learner, epochs or MOST_EPOCHS, tell)
            job.write()  # a resumed job is to end as this one would
        epochs = job.tuning_epochs
    if epochs:
        learner = fine_tune(learner, epochs, tell, asked.balance, deadline)
    return Trained(learner, accuracies)


def _learner(job: Job) -> Learner:
    catalog = job.asked.catalog()
    job.check(catalog)
    return learner_of(job.asked, catalog, lambda: job.new_run(catalog.project))


def learner_of(asked: Asked, catalog: Catalog, new_run: Callable[[], Path]) -> Learner:
    """A fresh learner as it was asked for."""
    return Learner(
        catalog,
        asked.backbone,
        asked.size,
        weights=asked.weights,
        resize=asked.resize,
        precision=asked.precision,
        seed=asked.seed,
        augment=None if asked.augment == "none" else asked.augment,
        device=asked.device,
        new_run=new_run,
    )


def take_up(learner: Learner, trainings: int, views: int) -> None:
    """Become what so many trainings of its run came to, on so many views of every picture."""
    learner.take_up(trainings)
    if views > 1:
        learner.add_views(views)


def fit(
    learner: Learner,
    epochs: int | None = None,
    tell: Tell = print,
    lr: float = LR,
    balance: Balance | None = None,
) -> Learner:
    """Fit the head, and with few training pictures another one on several views of each; return the better.

    More views have to raise the validation accuracy. Without augmentation there are none, and with "full"
    they are tried with many pictures too.
    """
    epochs = epochs or learner.default_epochs()
    learner.fit_one_cycle(epochs, lr=lr, balance=balance, tell=tell)
    are_few = len(learner.catalog["train"]) <= FEW_PICTURES or learner.augment == "full"
    if not are_few or learner.augment is None or not learner.is_frozen:
        return learner
    _tell_of_mirrors(learner, tell)
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


def fit_best(
    learner: Learner,
    rates: Sequence[float],
    epochs: int | None = None,
    tell: Tell = print,
    balance: Balance | None = None,
) -> Learner:
    """Fit at each rate, a run each, and return the learner that errs least on the validation pictures."""
    if len(rates) == 1:
        return fit(learner, epochs, tell, rates[0], balance)
    tried: list[Learner] = []
    for rate in rates:
        tell(f"at a rate of {rate:g}:")
        tried.append(fit(learner.reseed(learner.seed), epochs, tell, rate, balance))
    errors = [one.history.epochs[-1].error_rate for one in tried]
    best = errors.index(min(errors))
    tell(f"a rate of {rates[best]:g} errs least ({errors[best]:.6f}) and is kept; whatsit runs compares them")
    return tried[best]


def fine_tune(
    learner: Learner,
    epochs: int,
    tell: Tell = print,
    balance: Balance | None = None,
    deadline: Deadline | None = None,
) -> Learner:
    """Fine-tune another learner, and return it if it is better than the frozen one by more than chance.

    That is, by more than the standard error that luck would have on these pictures; of two that are as good
    the simpler one is kept (Breiman et al., "Classification and Regression Trees", 1984).
    """
    if not _can_gain(learner, tell):
        return learner
    _tell_of_mirrors(learner, tell)
    other = learner.reseed(learner.seed)
    tell("now with the body's late layers:")
    other.fine_tune(epochs, balance=balance, callbacks=[deadline] if deadline else (), tell=tell)
    gain = paired(learner.right(), other.right())
    frozen, tuned = 1 - learner.evaluate().accuracy, 1 - other.evaluate().accuracy
    errs = f"fine-tuned it errs on {tuned:.1%} of the validation pictures, frozen on {frozen:.1%}"
    if gain.difference > gain.chance:
        tell(f"{errs}: the fine-tuned one is kept")
        return other
    why = "no better" if gain.difference <= 0 else "within chance"
    tell(f"{errs}, which is {why}: the frozen one is kept")
    return learner


def _can_gain(learner: Learner, tell: Tell) -> bool:
    """Whether anything could be better than the frozen one; where nothing can, that is told."""
    found = learner.evaluate()
    if found.right < found.images:
        return True
    tell(
        f"frozen it is right on all {found.images} validation pictures, so fine-tuning could not be seen "
        "to gain anything: it is left out"
    )
    return False


def epochs_until(moment: float, learner: Learner, most: int, tell: Tell = print) -> tuple[int, Deadline]:
    """How many epochs of fine-tuning, up to `most`, end before a moment, as time.perf_counter counts.

    With what ends them if they take longer than it looked.
    """
    epoch = learner.reseed(learner.seed).freeze_to(1).epoch_seconds()
    # Afterwards all pictures are looked at once more, which takes less than an epoch.
    deadline = Deadline(moment - epoch - CONVERTING)
    left = deadline.moment - time.perf_counter()
    epochs = max(0, min(most, int(left / epoch)))
    takes = f"an epoch of fine-tuning takes about {epoch:.0f} s, what follows it {epoch + CONVERTING:.0f} s"
    tell(f"{takes}: there is {f'time for {epochs}' if epochs else 'no time for it'}")
    return epochs, deadline


def _tell_of_mirrors(learner: Learner, tell: Tell) -> None:
    is_mirrored = learner.augment in ("auto", "full")
    if is_mirrored and learner.mirrors_hurt and learner.mirrored is not None:
        points = 100 * learner.mirrored.difference
        tell(f"mirrored pictures are recognised worse, by {points:.1f} points: they are not learnt from")


def repeat(learner: Learner, times: int) -> list[float]:
    """Train the head anew with the seeds that follow; the validation accuracies, the learner's own first."""
    accuracies, last = [learner.evaluate().accuracy], learner.fits[-1]
    with progress("Training again", times - 1) as advance:
        for seed in range(learner.seed + 1, learner.seed + times):
            other = learner.reseed(seed)
            other.fit_one_cycle(
                len(learner.history), last["lr"], balance=last["balance"], tell=lambda line: None
            )
            accuracies.append(other.evaluate().accuracy)
            advance()
    return accuracies


def summary(accuracies: list[float]) -> str:
    """Mean and range in words."""
    low, high = min(accuracies), max(accuracies)
    return (
        f"{len(accuracies)} seeds: accuracy {statistics.mean(accuracies):.1%}, from {low:.1%} to {high:.1%}"
    )
