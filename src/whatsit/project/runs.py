"""The trainings of a project, as they wrote themselves down."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

HISTORY, PREDICTIONS = "history.json", "predictions.json"
JOB, CONTINUATION, LOCK = "job.json", "continuation.json", "lock"


@dataclass(frozen=True)
class Run:
    """One training: all `facts` about it, and by each validation picture's content whether it was right."""

    name: str
    facts: Mapping[str, Any]
    right: Mapping[str, bool]


def load_runs(folder: Path) -> list[Run]:
    """The runs in a project's `runs/`, the oldest first; unfinished and damaged ones are left out."""
    places = sorted((folder / "runs").glob("[0-9]*"))
    return [run for place in places if (run := load_run(place)) is not None]


def unfinished(folder: Path) -> dict[Path, bool]:
    """The runs in a project's `runs/` whose job did not come to its end, and whether it still goes on."""
    found = {}
    for place in sorted((folder / "runs").glob("[0-9]*")):
        for name in (JOB, CONTINUATION):
            with suppress(OSError, ValueError, AttributeError):
                if json.loads((place / name).read_text(encoding="utf-8")).get("is_finished") is False:
                    found[place] = _is_held(place / LOCK)
    return found


def _is_held(lock: Path) -> bool:
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # of a disk that can only be read
        return False


def load_run(place: Path) -> Run | None:
    """The run in its folder, or None where it is unfinished or damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        facts = json.loads((place / HISTORY).read_text(encoding="utf-8"))
        said = json.loads((place / PREDICTIONS).read_text(encoding="utf-8"))
        return Run(place.name, facts, {content: bool(right) for content, right in said.items()})
    return None
