"""The lesson's four experiments on the user's own pictures: what wrong rates and epochs look like."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whatsit.catalog import split_index
from whatsit.config import LR
from whatsit.events import EpochDone, Event, default, emitting, listener, note, progress
from whatsit.i18n import Message
from whatsit.text import brief
from whatsit.training import variants
from whatsit.training.doctor import FAULTS, Diagnosis
from whatsit.training.history import History
from whatsit.training.learner import Learner
from whatsit.understand import guessing
from whatsit.understand.metrics import Evaluation

if TYPE_CHECKING:
    from whatsit.figures import Plot

TOO_HIGH, TOO_LOW = 0.5, 1e-5
LOW_EPOCHS, MANY_EPOCHS = 5, 40
SLOW = slice(1e-6, 1e-4)  # for a whole network that memorizes a few pictures
SHARE = 0.1  # of the training pictures
LOOKED_AT = 200  # validation pictures after each of the many epochs, at most


@dataclass(frozen=True)
class Experiment:
    """One training with other options: the question, its epochs, and the doctor's diagnosis.

    `harmless` is part of the answer where the doctor finds no fault.
    """

    question: Message
    history: History
    diagnosis: Diagnosis
    harmless: Message

    def __repr__(self) -> str:
        return brief(self, f"{self.question.text('en')} {self.answer.text('en')}")

    @property
    def answer(self) -> Message:
        """What it shows."""
        faults = [finding.message for finding in self.diagnosis.findings if finding.sign in FAULTS]
        return reduce(_joined, faults or [self.harmless], self.diagnosis.summary)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        question, answer = self.question.to_dict(), self.answer.to_dict()
        return {"question": question, "answer": answer, "history": self.history.to_dict()}


def _joined(first: Message, second: Message) -> Message:
    return Message("what_if.joined", first=first, second=second)


def what_if(learner: Learner, folder: Path) -> list[Experiment]:
    """Train with a rate too high, one too low, too few epochs, and too many of a whole network on a tenth.

    The runs go into `folder`, which is gone in the end. The first three take seconds, the last one minutes.
    """
    found: list[Experiment] = []
    with _counting_epochs(2 + LOW_EPOCHS + MANY_EPOCHS):
        for question, harmless, train in _experiments(learner, folder):
            note(question)
            tried = train()
            answer = if_no_guesses(harmless, tried.evaluate())
            experiment = Experiment(question, tried.history, tried.diagnose(), answer)
            note(Message("what_if.answer", answer=experiment.answer))
            if tried.is_fine_tuned:  # these features are not needed again
                learner._state.project.features.forget(tried.backbone.sha256)
            found.append(experiment)
    shutil.rmtree(folder, ignore_errors=True)  # their weights are of no use
    return found


def if_no_guesses(answer: Message, evaluation: Evaluation) -> Message:
    """An answer that praises a training, or what to say instead where it may be no better than guessing."""
    return Message("what_if.guessing") if guessing.warning(evaluation) else answer


@contextmanager
def _counting_epochs(total: int) -> Iterator[None]:
    """Show the progress of all experiments together, in epochs, instead of their tables."""
    outer = listener() or default()

    def count(event: Event) -> None:
        if isinstance(event, EpochDone):
            advance()
        else:
            outer(event)

    with progress("experiments", total) as advance, emitting(count):
        yield


def draw(experiments: list[Experiment]) -> "Plot":
    """The curves of all experiments, and what each showed. Raises MissingError without matplotlib."""
    from whatsit.understand.plots import Tried, draw_experiments

    return draw_experiments(
        [Tried(str(one.question), one.history.to_dict(), str(one.answer)) for one in experiments]
    )


def _experiments(learner: Learner, folder: Path) -> Iterator[tuple[Message, Message, Callable[[], Learner]]]:
    """Each with its question, and the answer if no harm came of it."""

    def of_head(name: str, epochs: int, lr: float) -> Callable[[], Learner]:
        def train() -> Learner:
            other = variants.fresh(learner, new_run=lambda: _made(folder / name))
            other.fit_one_cycle(epochs, lr)
            return other

        return train

    def of_all_layers() -> Learner:
        other = _with_few(learner, _made(folder / "too-many-epochs"))
        other.unfreeze()
        other.fit_one_cycle(MANY_EPOCHS, SLOW, wd=0.0)
        return other

    yield (
        Message("what_if.lr_too_high", lr=TOO_HIGH),
        Message("what_if.no_harm"),
        of_head("rate-too-high", 1, TOO_HIGH),
    )
    yield (
        Message("what_if.lr_too_low", lr=TOO_LOW, epochs=LOW_EPOCHS),
        Message("what_if.easy_classes"),
        of_head("rate-too-low", LOW_EPOCHS, TOO_LOW),
    )
    yield (
        Message("what_if.single_epoch"),
        Message("what_if.enough"),
        of_head("too-few-epochs", 1, LR),
    )
    yield (
        Message("what_if.many_epochs", epochs=MANY_EPOCHS),
        Message("what_if.no_overfitting"),
        of_all_layers,
    )


def _with_few(learner: Learner, run: Path) -> Learner:
    """A learner that has a tenth of the training pictures of every class, and no augmentation."""
    catalog = learner.catalog
    splits = catalog.rows["split"]
    few: list[int] = []
    for label in np.unique(catalog.labels):
        there = np.flatnonzero((catalog.labels == label) & (splits == split_index("train")))
        few += there[np.argsort(catalog.rows["content"][there])][: max(2, round(SHARE * len(there)))].tolist()
    valid = np.flatnonzero(splits == split_index("valid"))
    valid = valid[np.argsort(catalog.rows["content"][valid])][:LOOKED_AT]
    chosen = catalog.select(np.sort(np.concatenate([few, valid])).astype(np.int64))
    return variants.on(learner, chosen, augment=None, new_run=lambda: run)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)  # there are those of a job that was stopped
    return folder
