"""One training of a learner: from the request to the run's record; a stopped one goes on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING, get_args

import numpy as np

from whatsit.checks import described
from whatsit.config import LR, Balance
from whatsit.errors import WeightsError, WhatsitError
from whatsit.events import emit, emitting, note, nowhere, warn
from whatsit.i18n import Message
from whatsit.labeled import Labeled
from whatsit.project import Fit
from whatsit.training import batches, loop, mirrors
from whatsit.training.calibration import Calibration
from whatsit.training.callbacks import Callback
from whatsit.training.checkpoint_file import Checkpoint
from whatsit.training.checks import require_teaching
from whatsit.training.finder import gentle
from whatsit.training.heads import WD, Heads
from whatsit.training.history import Epoch, History, epoch_done
from whatsit.training.hooks import Reporting, Validation
from whatsit.training.learning_rates import LearningRates
from whatsit.training.records import write_record
from whatsit.training.schedules import Constant, Schedule
from whatsit.training.state import State

if TYPE_CHECKING:
    from torch import nn

    from whatsit.finetune.network import Network

FINE_TUNING_WD = 0.01
LOOKED_AT = 64  # pictures at once, where nothing is trained


@dataclass(frozen=True)
class Request:
    """The options of a training; `schedule` is made for its number of steps."""

    epochs: int
    schedule: Callable[[int], Schedule]
    lr: LearningRates = LR
    bs: int | None = None
    wd: float | None = None
    balance: Balance | None = None
    callbacks: Sequence[Callback] = ()


def fit(state: State, calibration: Calibration, request: Request) -> None:
    """Train, unless the same was done in this run before; write the record. Raises WhatsitError."""
    bs, wd = checked(state, request.epochs, request.bs, request.wd)
    lrs = state.layers.lrs(request.lr)
    data = training_batches(state, bs, request.balance)
    schedule = request.schedule(request.epochs * data.steps)
    facts = Fit(epochs=request.epochs, lr=lrs[-1], bs=bs, wd=wd, balance=request.balance)
    if not state.layers.is_frozen:
        facts["group_lrs"] = lrs
    how = {"frozen": state.layers.frozen_to, "seed": state.config.seed, "views": state.data.views}
    state.run.requests.append({**facts, "schedule": str(schedule), **how})
    if _was_done(state):
        return
    plan = loop.Plan(request.epochs, schedule, lrs, state.config.seed + len(state.history))
    _train(state, calibration, request, facts, (data, plan, wd))
    write_record(state, calibration)
    state.run.finish(state.checkpoint())


def _was_done(state: State) -> bool:
    """Whether a training that is requested now had finished before this run was resumed.

    The last such one is taken as it was; in it is what came of those before.
    """
    checkpoint = state.run.finished(state.belongs)
    if checkpoint is None:
        return False
    if state.run.is_at_its_end:
        state.restore(checkpoint)
        state.is_of_run = True
        for place, epoch in enumerate(state.history, 1):
            emit(epoch_done(epoch, place, len(state.history)))
    return True


def _train(
    state: State,
    calibration: Calibration,
    request: Request,
    facts: Fit,
    how: tuple[loop.Batches, loop.Plan, float],
) -> None:
    data, plan, wd = how
    layers, history, before = state.layers, state.history, len(state.history)
    reporting = Reporting(history, before, plan.epochs, request.callbacks)
    state.trained_on |= {item.content for item in state.catalog["train"]}
    state.run.note_trained_on(state.trained_on)
    weights = batches.class_weights(state.data.labels("train")) if request.balance == "loss" else None
    model = layers.trainable
    layers.to_device()
    model.begin(wd, weights)
    requested = state.run.requested_after(before)
    stopped = state.run.stopped(state.belongs, requested)
    if stopped is not None:
        _go_on(state, model, stopped.checkpoint, reporting)
    writer = state.run.writer(stopped)

    def keep(training: loop.Training) -> None:
        if not training.is_over and training.epochs < plan.epochs:
            writer.keep(
                lambda: Checkpoint(model.state(), state.belongs, {**state.kept(), "requests": requested})
            )

    hooks: list[loop.Hook] = [
        Validation(lambda: validation_logits(state), state.metrics, history),
        reporting,
        lambda training: _ends_early(history[-1], training.epochs, plan.epochs),
        keep,
    ]
    state.is_training_backbone = not layers.is_frozen
    try:
        loop.fit(model, data, plan, hooks, epochs_done=len(history) - before)
    finally:  # also after Ctrl-C what it has become is what answers
        state.is_training_backbone, state.is_of_run = False, True
        calibration.forget()  # what callbacks computed is of before this training
        if not layers.is_frozen:
            with emitting(nowhere):  # a listener that has had enough must not stop this
                layers.take_over_trained()
            state.show_to(layers.backbone)
        if trained := len(history) - before:
            state.fits.append({**facts, "epochs": trained})


def _ends_early(epoch: Epoch, place: int, epochs: int) -> bool:
    """Whether a training diverged: its weights can't become numbers again."""
    if epoch.is_finite:
        return False
    if place < epochs:
        warn(Message("training.stopped_early", epoch=place, epochs=epochs))
    return True


def _go_on(state: State, model: "Heads | Network", checkpoint: Checkpoint, reporting: Reporting) -> None:
    """Take over a training that was stopped before its last epoch."""
    history, before = state.history, len(state.history)
    damaged = WhatsitError(Message("training.checkpoint_damaged"))
    try:
        past = History.from_dict(checkpoint.history["epochs"], checkpoint.history["batches"])
        if not before < len(past) < before + reporting.epochs:
            raise damaged
        model.load_state(checkpoint.tensors)
    except (WeightsError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise damaged from error
    history.losses, history.lrs, history.moms = past.losses, past.lrs, past.moms
    for epoch in past.epochs[before:]:
        history.epochs.append(epoch)
        reporting.last()
    note(Message("training.going_on", epoch=len(history) - before, epochs=reporting.epochs))


def checked(state: State, epochs: int, bs: int | None, wd: float | None) -> tuple[int, float]:
    """Batch size and weight decay. Raises WhatsitError for values with which nothing can be trained."""
    bs = state.batch_size if bs is None else bs
    wd = wd if wd is not None else WD if state.layers.is_frozen else FINE_TUNING_WD
    require_teaching(epochs, bs, wd)
    return min(bs, state.data.count("train")), wd


def training_batches(state: State, bs: int, balance: Balance | None) -> loop.Batches:
    """The batches to train on. Raises WhatsitError for an unknown balance."""
    if balance not in (None, *get_args(Balance)):
        raise WhatsitError(Message("train_options.balance", given=described(balance)))
    if state.layers.is_frozen:
        return state.data.batches(bs, balance)
    assert state.layers.network is not None
    state.layers.network.transform = transform(state)
    return state.data.pictures("train", bs, balance)


def transform(state: State) -> "nn.Module | None":
    """How pictures are changed while layers of the backbone are trained."""
    augment = state.config.augment
    if augment is None or not isinstance(augment, str):
        found: nn.Module | None = augment
        return found
    from whatsit.finetune.transforms import transforms

    if augment == "full":
        return transforms(flip=not mirrors.hurt(state))
    if mirrors.hurt(state):
        return None
    return transforms(max_rotate=0, max_zoom=1, max_warp=0, max_lighting=0)


def validation_logits(state: State) -> Labeled:
    """The logits of the validation pictures, as the layers are now."""
    if state.layers.is_frozen:
        valid = state.data.of("valid")
        return Labeled(state.layers.head.logits(valid.inputs), valid.labels)
    network = state.layers.network
    assert network is not None
    pictures = state.data.pictures("valid", LOOKED_AT).in_order()
    logits = [network.logits(batch.inputs) for batch in pictures]
    return Labeled(np.concatenate(logits), state.data.labels("valid"))


@contextmanager
def trial(state: State, bs: int | None, wd: float | None) -> Iterator[Callable[[float], float]]:
    """A step of training at a given learning rate, of a copy of what is trained now; the loss before it."""
    bs, wd = checked(state, 1, bs, wd)
    data, model = training_batches(state, bs, None), state.layers.copy_to_try()
    model.begin(wd)
    order, noise = np.random.default_rng(state.config.seed).spawn(2)
    shuffled = chain.from_iterable(data.epoch(order) for _ in count())

    def step(lr: float) -> float:
        model.wd = gentle(wd, lr)
        return float(model.step(next(shuffled), [lr] * state.layers.groups, Constant.momentum))

    with model.in_training(noise):
        yield step
