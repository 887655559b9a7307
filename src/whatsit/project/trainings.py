"""What a user started: a call of `whatsit train` may begin several runs."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from whatsit.project.records import read_json, shaped
from whatsit.project.runs import JOB, Export, FinishedRun, load_runs
from whatsit.text import brief


@dataclass(frozen=True)
class Training:
    """The `run` that was kept of the `runs` a training began, and its `config`, if known."""

    run: FinishedRun
    runs: list[str]
    config: Mapping[str, Any]

    @property
    def export(self) -> Export | None:
        """The bundle that it wrote last."""
        return max(self.run.bundles.values(), default=None)

    @property
    def bundle(self) -> str:
        """The name of that bundle, "" for none. It is never opened by it: a stranger may have written it."""
        return PurePath(self.export.path).name if self.export else ""

    def __repr__(self) -> str:
        others = f" of {len(self.runs)}" if len(self.runs) > 1 else ""
        wrote = f", bundle {self.bundle}" if self.bundle else ""
        return brief(self, f"run {self.run.name}{others}{wrote}")


def load_trainings(folder: Path) -> list[Training]:
    """The trainings in a project's `runs/`, the oldest first."""
    runs = {run.name: run for run in load_runs(folder)}
    jobs = {name: _job(folder / "runs" / name) for name in runs}
    members: dict[str, list[str]] = {}
    for name, job in jobs.items():
        members.setdefault(str(job.get("part_of") or name), []).append(name)
    found = []
    for first, names in members.items():
        job = jobs.get(first) or jobs[names[0]]
        kept = max(names, key=lambda name: (bool(runs[name].bundles), sum(runs[name].right.values()), name))
        config = job["config"] if isinstance(job.get("config"), dict) else {}
        found.append(Training(runs[kept], names, config))
    return found


def _job(place: Path) -> Mapping[str, Any]:
    with suppress(OSError, ValueError):
        record: Mapping[str, Any] = shaped(read_json(place / JOB), dict[str, Any])
        return record
    return {}
