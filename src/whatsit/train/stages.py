"""Saved stages: a head's weights and what they belong to, as safetensors and JSON."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from whatsit.errors import WhatsitError
from whatsit.project import write_whole

FORMAT = 1


@dataclass(frozen=True)
class Stage:
    """`tensors` by name; `belongs` what must be the same to use them; `history` whatever else is kept."""

    tensors: dict[str, torch.Tensor]
    belongs: dict[str, Any]
    history: dict[str, Any]


def save(folder: Path, name: str, stage: Stage) -> Path:
    """Write NAME.safetensors and then NAME.json, which says whose it is. Raises WhatsitError."""
    from safetensors.torch import save as to_bytes

    _check(name)
    data = to_bytes({key: tensor.contiguous() for key, tensor in stage.tensors.items()})
    record = {
        "format": FORMAT,
        "sha256": hashlib.sha256(data).hexdigest(),
        "belongs": stage.belongs,
        "history": stage.history,
    }
    write_whole(folder / f"{name}.safetensors", data)
    text = json.dumps(record, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")
    write_whole(folder / f"{name}.json", text)
    return folder / f"{name}.safetensors"


def load(folder: Path, name: str, belongs: dict[str, Any]) -> Stage:
    """Read a stage that belongs to such a learner. Raises WhatsitError naming what differs, or is damaged."""
    from safetensors.torch import load as from_bytes

    _check(name)
    try:
        record = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        data = (folder / f"{name}.safetensors").read_bytes()
    except FileNotFoundError:
        there = ", ".join(sorted(path.stem for path in folder.glob("*.json"))) or "none"
        raise WhatsitError(f"There is no saved stage {name!r} in {folder}.", f"There: {there}.") from None
    except (OSError, ValueError) as error:
        raise WhatsitError(f"The stage {name!r} can't be read ({error}).", "Save it again.") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise WhatsitError(f"The stage {name!r} is of another format.", "Update Whatsit, or save it again.")
    if hashlib.sha256(data).hexdigest() != record.get("sha256"):
        raise WhatsitError(f"The stage {name!r} is damaged.", "Save it again.")
    for what, here in belongs.items():
        there = record["belongs"].get(what)
        if there != here:
            raise WhatsitError(
                f"The stage {name!r} has another {what} than this learner: {_short(there)} instead of "
                f"{_short(here)}.",
                "Make a learner like the one that saved it.",
            )
    return Stage(from_bytes(data), record["belongs"], record["history"])


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _check(name: str) -> None:
    if not name or Path(name).name != name or name.startswith(".") or not name.isprintable():
        raise WhatsitError(f"A stage can't be called {name!r}.", 'Name it like "stage-1".')
