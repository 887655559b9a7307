"""What is decided automatically: epochs, augmentation, and whether fine-tuning helps."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from whatsit.catalog import Catalog
from whatsit.config import LR, Balance, TrainConfig
from whatsit.errors import WhatsitError
from whatsit.events import hiding_epochs, note, progress
from whatsit.extras import require
from whatsit.i18n import Message
from whatsit.training import mirrors, variants
from whatsit.training.callbacks import Deadline
from whatsit.training.checks import require_own_bundle
from whatsit.training.input_size import input_size
from whatsit.training.job import Job, catalog_of
from whatsit.training.learner import Learner, epoch_seconds
from whatsit.training.records import hits
from whatsit.understand.comparison import Difference, paired

FEW_PICTURES = 400  # measured: with more, further views cost time and change next to nothing
VIEWS = 4
WHAT_IF = 80  # training pictures that its experiments need
MOST_EPOCHS = 10  # of fine-tuning that only a time budget limits
CONVERTING = 10.0  # seconds that making the network ready to serve takes, or a little more


@dataclass(frozen=True)
class Trained:
    """The learner that was kept, and the validation accuracies of all seeds, if there are several."""

    learner: Learner
    accuracies: list[float]


def carry_out(job: Job) -> Trained:
    """Carry out a job of `whatsit train`; one that was stopped goes on after the last epoch of its runs."""
    started = time.perf_counter()
    config = job.config
    if config.fine_tune or config.time_budget is not None or config.what_if:
        require("torch", Message("training.layers"))
    learner = _learner(job)
    if config.what_if and (images := len(learner.catalog["train"])) < WHAT_IF:
        raise WhatsitError(Message("train_options.few_pictures_for_what_if", images=images))
    if job.continues:
        variants.take_up(learner, job.continues, job.views)
        learner.fit_one_cycle(config.epochs or 1, config.lrs[0], balance=config.balance)
        return Trained(learner, [])
    learner = fit_best(learner, config.lrs, config.epochs, config.balance)
    accuracies = repeat(learner, config.repeat)
    epochs, deadline = config.fine_tune, None
    if (epochs or config.time_budget is not None) and not _can_gain(learner):
        return Trained(learner, accuracies)
    if config.time_budget is not None:
        if job.tuning_epochs is None:
            budget = started + 60 * config.time_budget
            job.tuning_epochs, deadline = epochs_until(budget, learner, epochs or MOST_EPOCHS)
            job.write()  # a resumed job is to end as this one would
        epochs = job.tuning_epochs
    if epochs:
        learner = fine_tune(learner, epochs, config.balance, deadline)
    return Trained(learner, accuracies)


def _learner(job: Job) -> Learner:
    catalog = catalog_of(job.config)
    job.check(catalog)
    require_own_bundle(job.config, catalog)
    config = job.config
    chosen = input_size(config.size, catalog, config.backbone).pixels
    if job.size is None:
        job.size = chosen
    elif job.size != chosen:  # other test pictures, or another version: what goes on keeps its size
        config = replace(config, size=job.size)
    return learner_of(config, catalog, lambda: job.new_run(catalog.project))


def learner_of(config: TrainConfig, catalog: Catalog, new_run: Callable[[], Path]) -> Learner:
    """A fresh learner with these options."""
    options = asdict(config.learner)
    return Learner(catalog, options.pop("backbone"), options.pop("size"), **options, new_run=new_run)


def fit(
    learner: Learner,
    epochs: int | None = None,
    lr: float = LR,
    balance: Balance | None = None,
) -> Learner:
    """Fit the head and return its learner; with few training pictures one that sees several views of each.

    By their number alone: a trial on the validation pictures would flatter them. Without augmentation each
    picture has one view; "full" adds views with many pictures too.
    """
    augment = learner._state.config.augment
    are_few = len(learner.catalog["train"]) <= FEW_PICTURES or augment == "full"
    if are_few and augment is not None and learner.is_frozen:
        _note_mirrors(learner)
        learner = variants.with_views(learner, VIEWS)
    learner.fit_one_cycle(epochs or learner._state.default_epochs, lr=lr, balance=balance)
    return learner


def fit_best(
    learner: Learner,
    lrs: Sequence[float],
    epochs: int | None = None,
    balance: Balance | None = None,
) -> Learner:
    """Fit at each learning rate, a run each; return the learner with the fewest errors on training pictures.

    On those that were held out, as for its temperature: the validation pictures have no part in the choice,
    so they still measure what comes of it.
    """
    if len(lrs) == 1:
        return fit(learner, epochs, lrs[0], balance)
    tried: list[Learner] = []
    for lr in lrs:
        note(Message("training.trying_lr", lr=lr))
        tried.append(fit(variants.fresh(learner), epochs, lr, balance))
    errors = [1 - one.held_out.accuracy for one in tried]
    # Of learning rates that are even, the one nearest to the default.
    best = min(range(len(lrs)), key=lambda place: (errors[place], abs(math.log(lrs[place] / LR))))
    results = [
        Message("training.lr_result", error=error, lr=lr) for lr, error in zip(lrs, errors, strict=True)
    ]
    is_held_out = tried[best].held_out.split == "train"
    code = "training.lr_results_held_out" if is_held_out else "training.lr_results_valid"
    note(Message(code, results=results))
    is_even = errors.count(errors[best]) > 1
    note(Message("training.lr_kept_usual" if is_even else "training.lr_kept", lr=lrs[best]))
    return tried[best]


def fine_tune(
    learner: Learner,
    epochs: int,
    balance: Balance | None = None,
    deadline: Deadline | None = None,
) -> Learner:
    """Fine-tune another learner, and return it unless it has more errors on the validation pictures.

    Both answer as fast, so the one with fewer errors has the lower expected error on new pictures too,
    however small the difference. Where they are even, the fine-tuned one has: on average it gains a little.
    benchmarks/fine_tuning.py has what other rules lose. The choice flatters what these pictures measure
    afterwards; a note reports it.
    """
    _note_mirrors(learner)
    other = variants.fresh(learner)
    note(Message("training.now_late_layers"))
    other.fine_tune(epochs, balance=balance, callbacks=[deadline] if deadline else ())
    gain = paired(right(learner), right(other))
    frozen, tuned = 1 - learner.evaluate().accuracy, 1 - other.evaluate().accuracy
    if not is_kept(gain):
        note(Message("training.frozen_kept", tuned=tuned, frozen=frozen))
        return learner
    note(Message("training.tuned_kept", tuned=tuned, frozen=frozen))
    if gain.chance:
        note(Message("training.flattery", points=100 * flattery(gain)))
    return other


def is_kept(gain: Difference) -> bool:
    """Whether a fine-tuned model that gains so much over the frozen one has the lower expected error."""
    return gain.difference >= 0


def flattery(gain: Difference) -> float:
    """By how much the better of two models looks better than it is, as an error rate, at most and on average.

    That is where both are as good: the mean of the larger of 0 and what luck alone makes of the difference.
    """
    return gain.chance / math.sqrt(2 * math.pi)


def right(learner: Learner) -> dict[str, bool]:
    """By each validation picture's content, whether it is recognized."""
    return learner._state.data.by_content(hits(learner._state, learner._calibration))


def _can_gain(learner: Learner) -> bool:
    """Whether anything could be better than the frozen one; a note reports where nothing can."""
    found = learner.evaluate()
    if found.right < found.images:
        return True
    note(Message("training.no_gain_possible", images=found.images))
    return False


def epochs_until(moment: float, learner: Learner, most: int) -> tuple[int, Deadline]:
    """How many epochs of fine-tuning, up to `most`, end before a moment, as time.perf_counter counts.

    With what ends them if they take longer than it looked.
    """
    epoch = epoch_seconds(variants.fresh(learner).freeze_to(1))
    # Afterwards all pictures are looked at once more, which takes less than an epoch.
    deadline = Deadline(moment - epoch - CONVERTING)
    left = deadline.moment - time.perf_counter()
    epochs = max(0, min(most, int(left / epoch)))
    rest = epoch + CONVERTING
    if epochs:
        note(Message("training.time_for_epochs", epoch=epoch, rest=rest, epochs=epochs))
    else:
        note(Message("training.no_time", epoch=epoch, rest=rest))
    return epochs, deadline


def _note_mirrors(learner: Learner) -> None:
    state = learner._state
    if state.config.augment in ("auto", "full") and mirrors.hurt(state) and state.mirrored is not None:
        points = 100 * state.mirrored.difference
        note(Message("training.no_mirrors", points=points))


def repeat(learner: Learner, times: int) -> list[float]:
    """Train the head anew with the seeds that follow; the validation accuracies, the learner's own first."""
    accuracies, last = [learner.evaluate().accuracy], learner._state.fits[-1]
    first = learner._state.config.seed + 1
    with progress("repeating", times - 1) as advance:
        for seed in range(first, first + times - 1):
            other = variants.fresh(learner, seed)
            with hiding_epochs():
                other.fit_one_cycle(len(learner.history), last["lr"], balance=last["balance"])
            accuracies.append(other.evaluate().accuracy)
            advance()
    return accuracies


def summary(accuracies: Sequence[float]) -> Message:
    """Mean and range of the accuracies of several seeds."""
    mean, low, high = statistics.mean(accuracies), min(accuracies), max(accuracies)
    return Message("training.seeds", count=len(accuracies), mean=mean, low=low, high=high)
