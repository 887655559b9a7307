"""Checks of what a caller gives: the usual mistakes end in one sentence, not in a traceback from inside."""

import math
import os
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import TypeVar

from whatsit.errors import ImageError, WhatsitError
from whatsit.text import described, printable, shortened

_One = TypeVar("_One")


def path_of(given: object, name: str, kind: type[WhatsitError], example: str = "my-photos") -> Path:
    """A path that is given as text or as a path. Raises `kind` for anything else."""
    if isinstance(given, str | os.PathLike):
        return Path(given)
    raise kind(f"{name} must be a path, not {described(given)}.", f'Give one, such as "{example}".')


def nearest(given: object, names: Iterable[str]) -> str:
    """What to write instead of a name that there is not: the one most like it, or some of those there are."""
    from difflib import get_close_matches  # every command would wait 5 ms for it

    known = list(names)
    near = get_close_matches(str(given), known, 1)
    return f"Did you mean {printable(near[0])!r}?" if near else f"Take {shortened(', '.join(known), 150)}."


def require_class(label: str, classes: Sequence[str]) -> None:
    """Raise WhatsitError for a class that is not one of these."""
    if label not in classes:
        raise WhatsitError(f"There is no class {label!r}.", nearest(label, classes))


def is_count(given: object, least: int) -> bool:
    """Whether it is a whole number of at least `least`."""
    return isinstance(given, Integral) and not isinstance(given, bool) and int(given) >= least


def is_number(given: object, least: float = -math.inf, most: float = math.inf) -> bool:
    """Whether it is a finite number from `least` to `most`."""
    if not isinstance(given, Real) or isinstance(given, bool):
        return False
    return math.isfinite(given) and least <= float(given) <= most


def require_many(given: Iterable[_One]) -> Iterable[_One]:
    """What is given, unless it is a single picture where many are wanted. Raises WhatsitError."""
    if isinstance(given, str | os.PathLike | bytes):
        what = f"{described(os.fsdecode(given)[:60])} is one picture; a list is wanted."
        raise WhatsitError(what, "Give [picture], or call predict(picture).")
    return given


def require_source(given: object) -> None:
    """Raise ImageError for what is neither a path nor bytes, and say what to give instead."""
    if isinstance(given, str | os.PathLike | bytes):
        return
    what, data, image, others = described(given), "bytes", "a PIL image", ""
    if what == "a NumPy array":
        image += " (PIL.Image.fromarray(array))"
    elif what == "an open file":
        data += " (file.read())"
    elif isinstance(given, tuple):
        others = ", or a list of these"
    elif hasattr(given, "path"):
        others = ", such as its .path"
    raise ImageError(f"{what} is not a picture: give a path, {data} or {image}{others}")


def require_place(what: str, out: Path) -> None:
    """Raise WhatsitError before anything is done for nothing: a file can't be written there."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise WhatsitError(f"The {what} can't be written to {out}.", "Name a file in an existing folder.")
