"""Checkpoints in a run's folder: what was stopped goes on after its last epoch, what is finished may go on.

`fit-2` is what the run's second training came to. While the third one goes on, `fit-3-even` and `fit-3-odd`
are written in turn, so that one is whole whenever the power fails.
"""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.project import HISTORY, FeatureStore
from whatsit.project.paths import untrusted
from whatsit.project.records import read_json
from whatsit.training import checkpoint_file as files
from whatsit.training.checkpoint_file import Checkpoint

WORTH = 0.1  # seconds of training that are worth a checkpoint,
TIMES = 10  # or times what it takes to bring one safely to disk
HALVES = ("even", "odd")
_FINISHED = re.compile(r"fit-(\d+)\.json")


class Stopped(NamedTuple):
    """A checkpoint of a training that was stopped."""

    half: str
    checkpoint: Checkpoint


def finished(run: Path) -> int:
    """The number of the last training that came to its end, 0 if none did."""
    return max(
        (int(found[1]) for path in run.iterdir() if (found := _FINISHED.fullmatch(path.name))), default=0
    )


def load_finished(run: Path, belongs: dict[str, Any]) -> Checkpoint:
    """What the last finished training came to. Raises WhatsitError."""
    checkpoint = files.load(run, f"fit-{finished(run)}", belongs)
    if not isinstance(checkpoint.history.get("requests"), list):
        raise untrusted(checkpoint.record, Message("checkpoint.no_requests"))
    return checkpoint


def load_checkpoint(
    run: Path, number: int, belongs: dict[str, Any], requested: Mapping[str, Any]
) -> Stopped | None:
    """The last epoch of a training that was stopped, if the same training is requested now."""
    found: list[Stopped] = []
    for half in HALVES:
        with suppress(WhatsitError):  # not there, or torn
            checkpoint = files.load(run, f"fit-{number}-{half}", belongs)
            kept = checkpoint.history
            if (
                kept.get("requests") == requested
                and isinstance(kept.get("epochs"), list)
                and "batches" in kept
            ):
                found.append(Stopped(half, checkpoint))
    return max(found, key=lambda found: len(found.checkpoint.history["epochs"]), default=None)


class CheckpointWriter:
    """Writes down the epochs of a training that goes on, but for those that are done again in no time.

    `last` is what it started from, which is the last to be written over.
    """

    def __init__(self, run: Path, number: int, last: Stopped | None) -> None:
        self._run, self._number = run, number
        self._half = last.half if last else HALVES[0]
        self._wait, self._kept = WORTH, time.perf_counter()

    def keep(self, checkpoint: Callable[[], Checkpoint]) -> None:
        """Write down an epoch, if it is worth it."""
        started = time.perf_counter()
        if started - self._kept < self._wait:
            return
        self._half = HALVES[1 - HALVES.index(self._half)]
        files.save(self._run, f"fit-{self._number}-{self._half}", checkpoint())
        self._kept = time.perf_counter()
        self._wait = max(WORTH, TIMES * (self._kept - started))


def finish(run: Path, number: int, checkpoint: Checkpoint) -> None:
    """Write down what a training came to, and forget the way to it."""
    files.save(run, f"fit-{number}", checkpoint)
    for path in chain(run.glob("fit-*"), run.glob(".whatsit.*")):  # with those that a kill left half written
        if not path.name.startswith(f"fit-{number}.") and not path.is_dir():
            path.unlink(missing_ok=True)


def forget_backbone(run: Path, features: FeatureStore) -> None:
    """Delete the large weights of a run whose backbone was trained, and its features. Heads stay."""
    for path in run.glob("fit-*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = read_json(path)["history"]
            if kept["frozen"] is not None:
                path.with_suffix(".safetensors").unlink(missing_ok=True)
                path.unlink()
                if kept["tuned"]:  # else the backbone is as it came
                    features.forget(read_json(run / HISTORY)["backbone_sha256"])
