"""A run: the folder that keeps a learner's trainings, so that they can go on, and the record of what came of
them.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.project import (
    HISTORY,
    PREDICTIONS,
    Answered,
    RunRecord,
    note_trained_on,
    predictions,
    write_whole,
)
from whatsit.training import checkpoints, crossfit
from whatsit.training.checkpoint_file import Checkpoint
from whatsit.training.checkpoints import CheckpointWriter, Stopped
from whatsit.training.crossfit import HeldOut

Belongs = dict[str, Any]


class Run:
    """The trainings requested so far, in a folder that `new_folder` makes when it is needed."""

    def __init__(self, new_folder: Callable[[], Path]) -> None:
        self.new_folder = new_folder
        self.requests: list[dict[str, Any]] = []

    @cached_property
    def folder(self) -> Path:
        """Where it is kept."""
        return self.new_folder()

    @property
    def number(self) -> int:
        """The number of the training that was requested last, from 1."""
        return len(self.requests)

    def finished(self, belongs: Belongs) -> Checkpoint | None:
        """The result of the training that was requested last, if it has finished before, or of a later one.

        Raises WhatsitError where something else was trained in this run.
        """
        if self.number > checkpoints.finished(self.folder):
            return None
        checkpoint = checkpoints.load_finished(self.folder, belongs)
        if checkpoint.history["requests"][: self.number] != self.requests:
            raise WhatsitError(Message("training.other_run", run=self.folder))
        return checkpoint

    @property
    def is_at_its_end(self) -> bool:
        """Whether no later training than the last requested one has finished."""
        return self.number == checkpoints.finished(self.folder)

    def requested_after(self, epochs: int) -> dict[str, Any]:
        """All requests, the last of them after so many epochs: what a checkpoint belongs to."""
        return {"trainings": self.requests, "before": epochs}

    def stopped(self, belongs: Belongs, requested: Mapping[str, Any]) -> Stopped | None:
        """The last checkpoint of the training that was requested last, if it was stopped."""
        return checkpoints.load_checkpoint(self.folder, self.number, belongs, requested)

    def writer(self, last: Stopped | None) -> CheckpointWriter:
        """What records the epochs of the training that was requested last."""
        return CheckpointWriter(self.folder, self.number, last)

    def finish(self, checkpoint: Checkpoint) -> None:
        """Record the result of the training that was requested last."""
        checkpoints.finish(self.folder, self.number, checkpoint)

    def take_up(self, trainings: int, belongs: Belongs) -> Checkpoint:
        """What the last of so many trainings came to; the next one goes on from there."""
        checkpoint = checkpoints.load_finished(self.folder, belongs)
        self.requests = checkpoint.history["requests"][:trainings]
        return checkpoint

    def note_trained_on(self, contents: Collection[str]) -> None:
        """Write down that pictures of these contents are trained on."""
        note_trained_on(self.folder, contents)

    def write(self, record: RunRecord, answered: Mapping[str, Answered], labeled_by: str) -> None:
        """Write the record, and the prediction for each validation picture."""
        write_whole(self.folder / PREDICTIONS, predictions(answered, labeled_by))
        write_whole(self.folder / HISTORY, record.to_json())

    def held_out(self, classes: int, of: str) -> HeldOut | None:
        """The held-out answers of a head and backbone, by the hash of both, if they are kept."""
        return crossfit.load(self.folder, classes, of)

    def keep_held_out(self, of: str, found: HeldOut) -> None:
        """Keep the held-out answers."""
        crossfit.save(self.folder, of, found)
