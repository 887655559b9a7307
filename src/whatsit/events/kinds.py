"""What a long task reports: frozen records, each of them one JSON line."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args


@dataclass(frozen=True)
class Progress:
    """`done` items of `total`; None where nobody knows how many. It is over when both are the same."""

    task: str
    done: int
    total: int | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.done == self.total


@dataclass(frozen=True)
class EpochDone:
    """Epoch number `epoch` of a history ended, `place` of `epochs` in this training, which took `seconds`.

    Both losses are plain cross-entropy, `error_rate` is that of the validation pictures.
    """

    epoch: int
    place: int
    epochs: int
    train_loss: float
    valid_loss: float
    error_rate: float
    seconds: float
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """A sentence for the user; a warning also where only results are wanted."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Artifact:
    """A file that was written, such as a bundle or a report."""

    kind: str
    path: str


@dataclass(frozen=True)
class Predicted:
    """A picture is classified: the answer in words, and `answer` as plain JSON values."""

    path: str
    text: str
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class Finished:
    """The task is done; what came of it, as plain JSON values."""

    result: Mapping[str, Any]


@dataclass(frozen=True)
class Failed:
    """The task ended with an error: its kind, what is wrong, and what to do."""

    error: Literal["cancelled", "input", "fault"]
    what: str
    next_step: str = ""


Event = Progress | EpochDone | Predicted | Note | Artifact | Finished | Failed
KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


def to_json(event: Event) -> str:
    """One line, in which numbers that are not finite are null."""
    values = without_nan({"event": type(event).__name__, **asdict(event)})
    return json.dumps(values, ensure_ascii=False, allow_nan=False)


def from_json(line: str) -> Event:
    """The reverse. Raises ValueError for anything else."""
    try:
        values = json.loads(line)
        event = KINDS[values.pop("event")](**values)
    except (TypeError, AttributeError, LookupError, RecursionError) as error:
        raise ValueError("this line is not an event") from error
    if isinstance(event, EpochDone):
        losses = {name: _number(getattr(event, name)) for name in ("train_loss", "valid_loss")}
        return EpochDone(**{**asdict(event), **losses})
    return event


def without_nan(value: Any) -> Any:
    """The same, with None for numbers that are not finite: JSON has none for them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: without_nan(one) for name, one in value.items()}
    return [without_nan(one) for one in value] if isinstance(value, list | tuple) else value


def _number(value: float | None) -> float:
    return math.nan if value is None else value
