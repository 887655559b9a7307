"""The trainings of a project, as they wrote themselves down."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HISTORY, PREDICTIONS, JOB = "history.json", "predictions.json", "job.json"


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


def unfinished(folder: Path) -> list[Path]:
    """The first runs of trainings in a project's `runs/` that did not come to their end, or still go on."""
    found = []
    for place in sorted((folder / "runs").glob("[0-9]*")):
        with suppress(OSError, ValueError, AttributeError):
            if json.loads((place / JOB).read_text(encoding="utf-8")).get("finished") is False:
                found.append(place)
    return found


def load_run(place: Path) -> Run | None:
    """The run in its folder, or None where it is unfinished or damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        facts = json.loads((place / HISTORY).read_text(encoding="utf-8"))
        said = json.loads((place / PREDICTIONS).read_text(encoding="utf-8"))
        return Run(place.name, facts, {content: bool(right) for content, right in said.items()})
    return None
