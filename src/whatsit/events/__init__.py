"""What long tasks report, and where that goes.

`emit(event)` is the only way out of a task. `with emitting(function):` receives the events of a block;
without it they go to the terminal, the notebook, or plain text.
"""

from whatsit.events.default import default
from whatsit.events.emitting import (
    Cancelled,
    Emit,
    emit,
    emitting,
    hiding_epochs,
    listener,
    note,
    progress,
    progress_of_several,
    task,
    warn,
    working,
    written,
)
from whatsit.events.kinds import (
    Artifact,
    EpochDone,
    Event,
    Failed,
    Finished,
    Note,
    Predicted,
    Progress,
    from_json,
    to_json,
)
from whatsit.events.sinks import (
    Lines,
    Plain,
    Terminal,
    nowhere,
    only_warnings,
    results_only,
    several,
    without_epochs,
)

__all__ = [
    "Artifact",
    "Cancelled",
    "Emit",
    "EpochDone",
    "Event",
    "Failed",
    "Finished",
    "Lines",
    "Note",
    "Plain",
    "Predicted",
    "Progress",
    "Terminal",
    "default",
    "emit",
    "emitting",
    "from_json",
    "hiding_epochs",
    "listener",
    "note",
    "nowhere",
    "only_warnings",
    "progress",
    "progress_of_several",
    "results_only",
    "several",
    "task",
    "to_json",
    "warn",
    "without_epochs",
    "working",
    "written",
]
