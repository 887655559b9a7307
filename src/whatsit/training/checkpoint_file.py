"""Saved checkpoints: a head's weights and what they belong to, as safetensors and JSON."""

import hashlib
import json
from collections.abc import Iterator, Mapping
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
from whatsit.project import EpochRecord, Fit, write_together
from whatsit.project.paths import not_a_link, reading, untrusted
from whatsit.project.records import read_file, read_json, shaped
from whatsit.text import printable

FORMAT = 2
FOLDER = "checkpoints"  # in a project

PARTS = {  # what a checkpoint and its learner have in common
    "architecture": "checkpoint.architecture",
    "classes": "checkpoint.classes",
    "normalization": "checkpoint.normalization",
    "resize": "checkpoint.resize",
    "pretrained": "checkpoint.pretrained",
}


class Kept(TypedDict, total=False):
    """What of a checkpoint's history is restored."""

    epochs: list[EpochRecord]
    fits: list[Fit]
    frozen: int | None
    tuned: bool
    batches: dict[str, list[float | None]]
    mirrored: list[float] | None


class Record(TypedDict):
    """A checkpoint's JSON."""

    belongs: dict[str, Any]
    history: Kept


@dataclass(frozen=True)
class Checkpoint:
    """`tensors` by name; `belongs` what must be the same to use them; `history` whatever else is kept.

    `record` is the file that it was loaded from.
    """

    tensors: dict[str, NDArray[Any]]
    belongs: dict[str, Any]
    history: dict[str, Any]
    record: Path = Path()


def save(folder: Path, name: str, checkpoint: Checkpoint) -> Path:
    """Write NAME.safetensors and NAME.json, which says whose it is, both or none. Raises WhatsitError."""
    require_name(name)
    data = to_bytes({key: np.asarray(array, order="C") for key, array in checkpoint.tensors.items()})
    record = {
        "format": FORMAT,
        "sha256": hashlib.sha256(data).hexdigest(),
        "belongs": checkpoint.belongs,
        "history": checkpoint.history,
    }
    not_a_link(folder, folder.parent)
    with suppress(OSError):  # writing reports it
        folder.mkdir(exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")
    write_together({folder / f"{name}.safetensors": data, folder / f"{name}.json": text})
    return folder / f"{name}.safetensors"


def load(folder: Path, name: str, belongs: dict[str, Any]) -> Checkpoint:
    """Read a checkpoint of such a learner. Raises WhatsitError naming what differs, or is damaged."""
    require_name(name)
    not_a_link(folder, folder.parent)
    try:
        record = read_json(folder / f"{name}.json")
        data = read_file(folder / f"{name}.safetensors")
    except FileNotFoundError:
        raise missing(folder, name, ".json") from None
    except (OSError, ValueError) as error:
        raise WhatsitError(Message("checkpoint.unreadable", name=name, reason=str(error))) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise WhatsitError(Message("checkpoint.format", name=name))
    if hashlib.sha256(data).hexdigest() != record.get("sha256"):
        raise WhatsitError(Message("checkpoint.damaged", name=name))
    with reading(folder / f"{name}.json"):
        shaped(record, Record)
    require_same(name, record["belongs"], belongs)
    checkpoint = Checkpoint({}, record["belongs"], record["history"], folder / f"{name}.json")
    with taking_up(checkpoint):
        return replace(checkpoint, tensors=from_bytes(data))


def require_name(name: str) -> None:
    """Raise WhatsitError for a name that no checkpoint can have: it becomes that of files."""
    if not name or Path(name).name != name or name.startswith(".") or not name.isprintable():
        raise WhatsitError(Message("checkpoint.name", name=printable(name)))


def missing(folder: Path, name: str, suffix: str) -> WhatsitError:
    """The error that there is no such checkpoint, with those that there are: files with this suffix."""
    known = sorted(path.stem for path in folder.glob(f"*{suffix}"))
    if not known:
        return WhatsitError(Message("checkpoint.none_saved", name=name, folder=folder))
    return WhatsitError(Message("checkpoint.missing", name=name, folder=folder, known=known))


def require_same(name: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """Raise WhatsitError naming what of `ours` a checkpoint has otherwise."""
    for what, here in ours.items():
        if (there := theirs.get(what)) != here:
            raise WhatsitError(_of_another(name, what, _short(there), _short(here)))


@contextmanager
def taking_up(checkpoint: Checkpoint) -> Iterator[None]:
    """What is odd in a checkpoint becomes the error that it can't be trusted, wherever it is found."""
    try:
        with reading(checkpoint.record):
            yield
    except (WeightsError, SafetensorError) as error:
        raise untrusted(checkpoint.record, Message("checkpoint.other_weights")) from error


def _of_another(name: str, what: str, there: str, here: str) -> Message:
    if what == "size":
        return Message("checkpoint.other_size", name=name, there=there, here=here)
    return Message("checkpoint.other", name=name, what=Message(PARTS[what]), there=there, here=here)


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
