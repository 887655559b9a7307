"""Reading JSON that a stranger may have written: a plain file of a sensible size, values of known types."""

import json
import math
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from whatsit.i18n import Message

LARGEST = 2**28  # bytes of a record: 3 million pictures' predictions
LARGEST_NUMBER = 2**63
LARGEST_FLOAT = 1e100  # and NaN and infinity, which a diverged training writes
DEEPEST = 8  # messages and lists in each other: what Whatsit writes has fewer


def read_file(path: Path, most: int | None = None, start: int = 0) -> bytes:
    """The bytes of a plain file from `start` on.

    Raises OSError for a link, a pipe, a device, or a file larger than `most`.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or (most is not None and status.st_size > most):
            raise OSError(f"{path} is not a file of a sensible size")
        file.seek(start)
        return file.read()


def read_json(path: Path) -> Any:
    """What a plain JSON file holds. Raises OSError and ValueError."""
    try:
        return json.loads(read_file(path, LARGEST).decode("utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply") from error


def shaped(value: Any, kind: Any) -> Any:
    """A JSON value as one of a type, perhaps a dataclass, TypedDict or tuple. Raises ValueError for others.

    Whole numbers become floats where floats are meant. Of a TypedDict further keys are kept; a dataclass has
    none.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        return _any_of(value, inner)
    if origin is Literal:
        return _checked(value, any(value == one and type(value) is type(one) for one in inner))
    if origin in (list, Sequence):
        return [shaped(one, inner[0]) for one in _checked(value, isinstance(value, list))]
    if origin in (dict, Mapping):
        _checked(value, isinstance(value, dict))
        return {name: shaped(one, inner[1]) for name, one in value.items()}
    if origin is tuple:
        _checked(value, isinstance(value, list) and len(value) == len(inner))
        return tuple(shaped(one, part) for one, part in zip(value, inner, strict=True))
    if is_typeddict(kind) or is_dataclass(kind):
        return _record(value, kind)
    if kind is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(_checked(value, is_number and not LARGEST_FLOAT < abs(value) < math.inf))
    if kind is int:
        return _checked(value, type(value) is int and abs(value) < LARGEST_NUMBER)
    return _checked(value, type(value) is kind)


def _any_of(value: Any, kinds: Sequence[Any]) -> Any:
    for kind in kinds:
        try:
            return shaped(value, kind)
        except ValueError:
            continue
    raise ValueError(f"{value!r:.80} is none of {kinds}")


def _record(value: Any, kind: Any) -> Any:
    _checked(value, isinstance(value, dict))
    hints = {name: _required(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}
    if is_dataclass(kind):
        own = [one for one in fields(kind) if one.init]
        needed = {one.name for one in own if one.default is MISSING and one.default_factory is MISSING}
        _checked(value, needed <= value.keys() <= {one.name for one in own})
        return kind(**{name: shaped(one, hints[name]) for name, one in value.items()})  # type: ignore[operator]
    _checked(value, kind.__required_keys__ <= value.keys())
    return {name: shaped(one, hints.get(name, Any)) for name, one in value.items()}


def _required(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is NotRequired else hint


def _checked(value: Any, is_right: bool) -> Any:
    if not is_right:
        raise ValueError(f"{value!r:.80} has another type than expected")
    return value


def recorded_message(message: Message | str) -> str:
    """A message as it is kept on disk: its code and values as ASCII JSON."""
    message = Message.of(message)
    return json.dumps({"code": message.code, "values": dict(message.values)})


def message_of(recorded: str) -> Message:
    """The reverse; a text that is not such JSON, as older versions wrote, is a message of its own."""
    try:
        record = json.loads(recorded)
        if _is_sensible(record, DEEPEST):
            return Message.from_dict(record)
    except (ValueError, RecursionError):
        pass
    return Message.of(recorded)


def _is_sensible(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested at most so many levels, and numbers can be formatted."""
    if isinstance(value, int):
        return abs(value) < LARGEST_NUMBER
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_sensible(one, levels - 1) for one in inner)
