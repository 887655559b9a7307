"""The trainings of a project, as they wrote themselves down."""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict

from filelock import FileLock, Timeout

from whatsit.i18n import Message
from whatsit.project.paths import SIDECAR, check_links, is_link, not_a_link, untrusted
from whatsit.project.records import read_file, read_json, shaped
from whatsit.project.run_record import HISTORY, RunRecord, read_record
from whatsit.text import brief

PREDICTIONS = "predictions.json"
JOB, CONTINUATION, LOCK = "job.json", "continuation.json", "lock"
LONGEST_PATH = 1 << 16  # bytes
BY_FOLDER, BY_TABLE = "folders", "table"  # where labels come from
_NAME = re.compile(r"[0-9]{1,9}")
_CONTENT = re.compile(r"[0-9a-f]{64}")


class Predictions(TypedDict):
    """What `predictions.json` holds: by content the label then, the prediction, perhaps a group."""

    at: str
    labeled_by: Literal["folders", "table"]
    pictures: dict[str, list[str | int]]


class Answered(NamedTuple):
    """What a picture was labeled then and predicted as, and the number of its group, if it had one."""

    label: str
    predicted: str
    group: int | None = None


class Export(NamedTuple):
    """When a run wrote a network into a bundle for the last time, and the bundle's path; "" if not known."""

    at: float
    path: str


@dataclass(frozen=True)
class FinishedRun:
    """A training's `record`, and by each validation picture's content whether it was `right`.

    `answers` say what each was labeled and predicted as; older runs did not keep that. `labeled_by` is where
    the labels came from, `at` when the run ended, `bundles` where each network was written, by its hash.
    """

    name: str
    record: RunRecord
    right: Mapping[str, bool]
    answers: Mapping[str, Answered] = field(default_factory=dict)
    labeled_by: str = ""
    at: datetime | None = None
    bundles: Mapping[str, Export] = field(default_factory=dict)

    def __repr__(self) -> str:
        right = f"right on {sum(self.right.values())} of {len(self.right)} validation pictures"
        return brief(self, f"{self.name}, {self.record.backbone}, {right}")


def predictions(answers: Mapping[str, Answered], labeled_by: str) -> bytes:
    """What `load_run` reads again, by each validation picture's content."""
    rows = {
        content: [*answer] if answer.group is not None else [*answer[:2]]
        for content, answer in answers.items()
    }
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    document = {"at": now, "labeled_by": labeled_by, "pictures": rows}
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")


def run_folders(folder: Path) -> list[Path]:
    """The folders in a project's `runs/`, the oldest first; other folders are left out."""
    runs = not_a_link(folder / "runs", folder)
    with suppress(OSError):
        places = [runs / name for name in os.listdir(runs) if _NAME.fullmatch(name)]
        return sorted(
            (place for place in places if place.is_dir() and not is_link(place)),
            key=lambda place: (int(place.name), place.name),
        )
    return []


def check_run(run: Path) -> Path:
    """A run's folder, that something is to be read from or written to.

    Raises UntrustedError where it, what it lies in, or something in it is a symbolic link.
    """
    sidecar = run.parent.parent
    if sidecar.name == SIDECAR:
        not_a_link(sidecar, sidecar)
    for folder in (run.parent, run):
        not_a_link(folder, run)
    check_links(run)
    return run


def run_named(runs: Path, name: str, record: Path) -> Path:
    """A run that a record names. Raises UntrustedError where that is not the plain name of a run's folder."""
    if not _NAME.fullmatch(name):
        raise untrusted(record, Message("untrusted.no_run", name=name))
    return runs / name


def load_runs(folder: Path) -> list[FinishedRun]:
    """The runs in a project's `runs/`, the oldest first; unfinished and damaged ones are left out."""
    return [run for place in run_folders(folder) if (run := load_run(place)) is not None]


def unfinished(folder: Path) -> dict[Path, bool]:
    """The runs in a project's `runs/` whose job did not come to its end, and whether it still goes on."""
    found = {}
    for place in run_folders(folder):
        for name in (JOB, CONTINUATION):
            with suppress(OSError, ValueError, AttributeError):
                if read_json(place / name).get("is_finished") is False:
                    found[place] = _is_held(place / LOCK)
    return found


def _is_held(lock: Path) -> bool:
    if not lock.is_file() or is_link(lock):
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # of a disk that can only be read
        return False


def load_run(place: Path) -> FinishedRun | None:
    """The run in its folder, or None where it is unfinished or damaged."""
    with suppress(OSError, ValueError):
        run = _with_answers(place, read_record(place), read_json(place / PREDICTIONS))
        if all(map(_CONTENT.fullmatch, run.right)):
            return run
    return None


def _with_answers(place: Path, record: RunRecord, recorded: Any) -> FinishedRun:
    """A run with what its `predictions.json` has; older ones have only hits. Raises ValueError."""
    bundles = {note.name.removeprefix("bundle-"): _export(note) for note in place.glob("bundle-*")}
    if not isinstance(recorded, dict) or "pictures" not in recorded:
        written = datetime.fromtimestamp((place / HISTORY).stat().st_mtime).astimezone()
        return FinishedRun(place.name, record, shaped(recorded, dict[str, bool]), at=written, bundles=bundles)
    kept: Predictions = shaped(recorded, Predictions)
    answers = {content: _answered(row) for content, row in kept["pictures"].items()}
    right = {content: answer.label == answer.predicted for content, answer in answers.items()}
    try:
        at = datetime.fromisoformat(kept["at"]).astimezone()
    except OverflowError as error:
        raise ValueError(f"{kept['at']} is not a time") from error
    return FinishedRun(place.name, record, right, answers, kept["labeled_by"], at, bundles)


def _export(note: Path) -> Export:
    return Export(note.lstat().st_mtime, os.fsdecode(read_file(note, LONGEST_PATH)))


def _answered(row: list[str | int]) -> Answered:
    label, predicted, *group = row
    return Answered(shaped(label, str), shaped(predicted, str), *(shaped(one, int) for one in group[:1]))
