"""Saved stages: a head's weights and what they belong to, as safetensors and JSON."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes

from whatsit.errors import WeightsError, WhatsitError
from whatsit.project import EpochRecord, Fit, write_whole
from whatsit.project.paths import not_a_link, reading, untrusted
from whatsit.project.records import read_file, read_json, shaped

FORMAT = 1


class Kept(TypedDict, total=False):
    """What of a stage's history is taken over."""

    epochs: list[EpochRecord]
    fits: list[Fit]
    frozen: int | None
    tuned: bool
    batches: dict[str, list[float | None]]
    mirrored: list[float] | None


class Record(TypedDict):
    """A stage's JSON."""

    belongs: dict[str, Any]
    history: Kept


@dataclass(frozen=True)
class Stage:
    """`tensors` by name; `belongs` what must be the same to use them; `history` whatever else is kept.

    `record` is the file that it was loaded from.
    """

    tensors: dict[str, NDArray[Any]]
    belongs: dict[str, Any]
    history: dict[str, Any]
    record: Path = Path()


def save(folder: Path, name: str, stage: Stage) -> Path:
    """Write NAME.safetensors and then NAME.json, which says whose it is. Raises WhatsitError."""
    _check(name)
    data = to_bytes({key: np.asarray(array, order="C") for key, array in stage.tensors.items()})
    record = {
        "format": FORMAT,
        "sha256": hashlib.sha256(data).hexdigest(),
        "belongs": stage.belongs,
        "history": stage.history,
    }
    not_a_link(folder, folder.parent)
    with suppress(OSError):  # writing says it
        folder.mkdir(exist_ok=True)
    write_whole(folder / f"{name}.safetensors", data)
    text = json.dumps(record, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")
    write_whole(folder / f"{name}.json", text)
    return folder / f"{name}.safetensors"


def load(folder: Path, name: str, belongs: dict[str, Any]) -> Stage:
    """Read a stage that belongs to such a learner. Raises WhatsitError naming what differs, or is damaged."""
    _check(name)
    not_a_link(folder, folder.parent)
    try:
        record = read_json(folder / f"{name}.json")
        data = read_file(folder / f"{name}.safetensors")
    except FileNotFoundError:
        there = ", ".join(sorted(path.stem for path in folder.glob("*.json"))) or "none"
        raise WhatsitError(f"There is no saved stage {name!r} in {folder}.", f"There: {there}.") from None
    except (OSError, ValueError) as error:
        raise WhatsitError(f"The stage {name!r} can't be read ({error}).", "Save it again.") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise WhatsitError(f"The stage {name!r} is of another format.", "Update Whatsit, or save it again.")
    if hashlib.sha256(data).hexdigest() != record.get("sha256"):
        raise WhatsitError(f"The stage {name!r} is damaged.", "Save it again.")
    with reading(folder / f"{name}.json"):
        shaped(record, Record)
    for what, here in belongs.items():
        there = record["belongs"].get(what)
        if there != here:
            raise WhatsitError(
                f"The stage {name!r} has another {what} than this learner: {_short(there)} instead of "
                f"{_short(here)}.",
                f"Make the learner with size={there}."
                if what == "size"
                else "Make a learner like the one that saved it.",
            )
    stage = Stage({}, record["belongs"], record["history"], folder / f"{name}.json")
    with taking_up(stage):
        return replace(stage, tensors=from_bytes(data))


@contextmanager
def taking_up(stage: Stage) -> Iterator[None]:
    """What is odd in a stage becomes the error that it can't be trusted, wherever it is found."""
    try:
        with reading(stage.record):
            yield
    except (WeightsError, SafetensorError) as error:
        raise untrusted(stage.record, "its weights are not those of such a network") from error


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _check(name: str) -> None:
    if not name or Path(name).name != name or name.startswith(".") or not name.isprintable():
        raise WhatsitError(f"A stage can't be called {name!r}.", 'Name it like "stage-1".')
