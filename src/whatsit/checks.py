"""Checks of arguments: the usual mistakes end in one sentence, not in a traceback from inside."""

import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from numbers import Integral, Real
from pathlib import Path
from typing import TypeVar

from whatsit.errors import ImageError, WhatsitError
from whatsit.i18n import Message
from whatsit.text import printable, shortened

_One = TypeVar("_One")


class ReasonError(ValueError):
    """Data that can't be used, with the reason as a Message for the error that names the file."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def described(given: object) -> Message | str:
    """What was given by mistake, in a few words: a value where it is short, else what kind of thing it is."""
    if given is None or isinstance(given, bool | int | float | str):
        return shortened(printable(repr(given)), 60)
    if isinstance(given, io.IOBase):
        return Message("checks.open_file")
    kind = type(given).__name__
    if type(given).__module__.partition(".")[0] in ("numpy", "torch"):
        known = {"ndarray": "checks.array", "Tensor": "checks.tensor"}.get(kind)
        return Message(known) if known else kind
    return Message("checks.an_kind" if kind[0] in "AEIOUaeiou" else "checks.a_kind", kind=kind)


def path_of(given: object, name: Message | str, kind: type[WhatsitError], example: str = "my-photos") -> Path:
    """A path that is given as text or as a path. Raises `kind` for anything else."""
    if isinstance(given, str | os.PathLike):
        return Path(given)
    raise kind(Message("checks.path", name=name, given=described(given), example=example))


def nearest(given: object, names: Iterable[str]) -> Message:
    """What to write instead of a name that does not exist: the most similar one, or some of those that do."""
    from difflib import get_close_matches  # every command would wait 5 ms for it

    known = list(names)
    near = get_close_matches(str(given), known, 1)
    if near:
        return Message("checks.did_you_mean", name=printable(near[0]))
    return Message("checks.choose", names=shortened(printable(", ".join(known)), 150))


def meant(path: str | os.PathLike[str], otherwise: Message, suffix: str = "") -> Message:
    """What to write instead of a path that does not exist: a similar name beside it, or else other advice.

    That is a folder's name, with a `suffix` one that ends so.
    """
    from difflib import get_close_matches

    place = Path(path)
    with suppress(OSError):
        beside = [one for one in place.parent.iterdir() if not one.name.startswith(".")]
        names = [
            one.name.removesuffix(suffix)
            for one in beside
            if (one.suffix == suffix if suffix else one.is_dir())
        ]
        for near in get_close_matches(place.name.removesuffix(suffix), names, 1):
            return Message("checks.did_you_mean", name=printable(place.with_name(near + suffix)))
    return otherwise


def require_class(label: str, classes: Sequence[str]) -> None:
    """Raise WhatsitError for a class that is not one of these."""
    if label not in classes:
        advice = nearest(label, classes)
        raise WhatsitError(Message("checks.no_class", label=shortened(printable(label), 80), advice=advice))


def is_count(given: object, least: int) -> bool:
    """Whether it is a whole number of at least `least`."""
    return isinstance(given, Integral) and not isinstance(given, bool) and int(given) >= least


def is_number(given: object, least: float = -math.inf, most: float = math.inf) -> bool:
    """Whether it is a finite number from `least` to `most`."""
    if not isinstance(given, Real) or isinstance(given, bool):
        return False
    return math.isfinite(given) and least <= float(given) <= most


def require_many(given: Iterable[_One]) -> Iterable[_One]:
    """What is given, unless it is a single picture instead of many. Raises WhatsitError."""
    if isinstance(given, str | os.PathLike | bytes):
        raise WhatsitError(Message("checks.one_picture", given=described(os.fsdecode(given)[:60])))
    return given


def require_source(given: object) -> None:
    """Raise ImageError for what is neither a path nor bytes, and say what to give instead."""
    if isinstance(given, str | os.PathLike | bytes):
        return
    what, code = described(given), "checks.no_picture"
    if what == Message("checks.array"):
        code = "checks.no_picture_array"
    elif what == Message("checks.open_file"):
        code = "checks.no_picture_file"
    elif isinstance(given, tuple):
        code = "checks.no_picture_list"
    elif hasattr(given, "path"):
        code = "checks.no_picture_path"
    raise ImageError(Message(code, given=what))


def config_with(kind: type[_One], options: Mapping[str, object]) -> _One:
    """A config, a dataclass, of these options. Raises WhatsitError for one that it does not have."""
    known = [one.name for one in fields(kind)]  # type: ignore[arg-type]
    for name in options:
        if name not in known:
            raise WhatsitError(Message("tasks.no_option", option=name, known=known))
    return kind(**{name: plain(value) for name, value in options.items()})


def plain(value: object) -> object:
    """An option as a config has it: places as text, lists as tuples."""
    if isinstance(value, Path):
        return str(value)
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


def require_place(what: Message | str, out: Path) -> None:
    """Raise WhatsitError before any work where a file can't be written there."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise WhatsitError(Message("checks.place", what=what, out=out))
