"""The training before this one, and whether this one is better."""

from itertools import takewhile

from whatsit.project import FinishedRun, load_trainings
from whatsit.training.calibration import Calibration
from whatsit.training.records import answered
from whatsit.training.state import State
from whatsit.understand.previous import Compared, compare


def compared(state: State, calibration: Calibration) -> Compared | None:
    """What became better or worse since the training before this one; None without a comparable one."""
    if not state.is_of_run:
        return None
    answers = answered(state, calibration)
    for run in _before(state):
        if (found := compare(run, answers)) is not None:
            return found
    return None


def _before(state: State) -> list[FinishedRun]:
    """The runs that earlier trainings of the project kept, the latest first."""
    own = state.run.folder.name
    trainings = takewhile(lambda one: own not in one.runs, load_trainings(state.project.folder))
    return [one.run for one in trainings if not one.run.record.has_diverged][::-1]
