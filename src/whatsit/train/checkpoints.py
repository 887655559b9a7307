"""Checkpoints in a run's folder: what was stopped goes on after its last epoch, what is finished may go on.

`fit-2` is what the run's second training came to. While the third one goes on, `fit-3-even` and `fit-3-odd`
are written in turn, epoch by epoch, so that one is whole whenever the power fails.
"""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from whatsit.errors import WhatsitError
from whatsit.train import stages
from whatsit.train.stages import Stage

WORTH = 0.1  # seconds of training; bringing a checkpoint safely to disk takes a tenth of that
_FINISHED = re.compile(r"fit-(\d+)\.json")


def finished(run: Path) -> int:
    """The number of the last training that came to its end, 0 if none did."""
    return max(
        (int(found[1]) for path in run.iterdir() if (found := _FINISHED.fullmatch(path.name))), default=0
    )


def load_finished(run: Path, belongs: dict[str, Any]) -> Stage:
    """What the last finished training came to. Raises WhatsitError."""
    return stages.load(run, f"fit-{finished(run)}", belongs)


def load_begun(run: Path, number: int, belongs: dict[str, Any], asked: Mapping[str, Any]) -> Stage | None:
    """The last epoch of a training that was stopped, if the same is asked of it now."""
    found: list[Stage] = []
    for half in ("even", "odd"):
        with suppress(WhatsitError):  # not there, or torn
            stage = stages.load(run, f"fit-{number}-{half}", belongs)
            if stage.history["asked"] == asked:
                found.append(stage)
    return max(found, key=lambda stage: len(stage.history["epochs"]), default=None)


class Keeper:
    """Writes down the epochs of a training that goes on, but for those that are done again in no time."""

    def __init__(self, run: Path, number: int) -> None:
        self._run, self._number = run, number
        self._kept, self._half = time.perf_counter(), "even"

    def keep(self, stage: Stage) -> None:
        """Write down an epoch."""
        if time.perf_counter() - self._kept > WORTH:
            self._half = "odd" if self._half == "even" else "even"
            stages.save(self._run, f"fit-{self._number}-{self._half}", stage)
            self._kept = time.perf_counter()


def finish(run: Path, number: int, stage: Stage) -> None:
    """Write down what a training came to, and forget the way to it."""
    stages.save(run, f"fit-{number}", stage)
    for path in run.glob("fit-*"):
        if not path.name.startswith(f"fit-{number}."):
            path.unlink(missing_ok=True)
