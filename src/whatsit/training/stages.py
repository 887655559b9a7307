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
from whatsit.i18n import Message
from whatsit.project import EpochRecord, Fit, write_whole
from whatsit.project.paths import not_a_link, reading, untrusted
from whatsit.project.records import read_file, read_json, shaped
from whatsit.text import printable

FORMAT = 2


PARTS = {  # what a stage and its learner have in common
    "architecture": "stage.architecture",
    "classes": "stage.classes",
    "normalization": "stage.normalization",
    "resize": "stage.resize",
    "pretrained": "stage.pretrained",
}


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
    with suppress(OSError):  # writing reports it
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
        known = sorted(path.stem for path in folder.glob("*.json"))
        if not known:
            raise WhatsitError(Message("stage.none_saved", name=name, folder=folder)) from None
        raise WhatsitError(Message("stage.missing", name=name, folder=folder, known=known)) from None
    except (OSError, ValueError) as error:
        raise WhatsitError(Message("stage.unreadable", name=name, reason=str(error))) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise WhatsitError(Message("stage.format", name=name))
    if hashlib.sha256(data).hexdigest() != record.get("sha256"):
        raise WhatsitError(Message("stage.damaged", name=name))
    with reading(folder / f"{name}.json"):
        shaped(record, Record)
    for what, here in belongs.items():
        there = record["belongs"].get(what)
        if there != here:
            raise WhatsitError(_of_another(name, what, _short(there), _short(here)))
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
        raise untrusted(stage.record, Message("stage.other_weights")) from error


def _of_another(name: str, what: str, there: str, here: str) -> Message:
    if what == "size":
        return Message("stage.other_size", name=name, there=there, here=here)
    return Message("stage.other", name=name, what=Message(PARTS[what]), there=there, here=here)


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _check(name: str) -> None:
    if not name or Path(name).name != name or name.startswith(".") or not name.isprintable():
        raise WhatsitError(Message("stage.name", name=printable(name)))
