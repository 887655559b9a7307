"""What a long task reports: frozen records, each of them one JSON line."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from whatsit.i18n import Advising, Message


@dataclass(frozen=True)
class Progress:
    """`done` items of `total`; None where nobody knows how many. It is over when both are the same.

    `task` is a name in the catalog "progress", or a class of pictures.
    """

    task: str
    done: int
    total: int | None

    @property
    def title(self) -> str:
        """What is being done, in the user's language."""
        code = f"progress.{self.task}"
        return self.task if (text := Message(code).text()) == code else text

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

    message: Message
    is_warning: bool = False

    @property
    def text(self) -> str:
        """The sentence in the user's language."""
        return self.message.text()


@dataclass(frozen=True)
class Artifact:
    """A file that was written, such as a bundle or a report."""

    kind: str
    path: str


@dataclass(frozen=True)
class Predicted:
    """A picture is classified: the answer as a sentence, and `answer` as plain JSON values."""

    path: str
    message: Message
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class Finished:
    """The task is done; what came of it, as plain JSON values."""

    result: Mapping[str, Any]


@dataclass(frozen=True)
class Failed(Advising):
    """The task ended with an error: its kind, what is wrong, and what to do."""

    error: Literal["cancelled", "input", "fault"]
    message: Message


Event = Progress | EpochDone | Predicted | Note | Artifact | Finished | Failed
KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


def to_json(event: Event) -> str:
    """One line, in which numbers that are not finite are null."""
    values = {one.name: getattr(event, one.name) for one in fields(event)}
    if "message" in values:
        values["message"] = values["message"].to_dict()
    values = without_nan({"event": type(event).__name__, **values})
    return json.dumps(values, ensure_ascii=False, allow_nan=False)


def from_json(line: str) -> Event:
    """The reverse. Raises ValueError for anything else."""
    try:
        values = json.loads(line)
        if "message" in values:
            values["message"] = Message.from_dict(values["message"])
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
