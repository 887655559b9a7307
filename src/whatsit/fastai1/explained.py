"""Why something of fastai 1 is not there, where code asks for it."""

import functools
import inspect
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from whatsit.errors import WhatsitError
from whatsit.fastai1 import not_there
from whatsit.i18n import Message

P = ParamSpec("P")
R = TypeVar("R")
OF_DATA = ("ds_tfms", "tfms", "size", "bs", "num_workers")  # the names of Settings
# Arguments as today's calls, or others of fastai, name them.
SAME = {"lr": "max_lr", "base_arch": "arch", "model": "arch", "epochs": "cyc_len", "n_epoch": "cyc_len"}

ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class NotThereError(WhatsitError, AttributeError):
    """A method or attribute of fastai 1 that Whatsit does not have."""


class ArgumentError(WhatsitError, TypeError):
    """An argument that a call lacks, or one of fastai 1 that Whatsit does not take."""


class Explained:
    """An object that names the reason where it lacks what fastai 1's had, or the name that was meant."""

    if not TYPE_CHECKING:  # or no misspelled name would be found

        def __getattr__(self, name: str) -> object:
            owner = type(self).__name__
            if why := not_there.of_method(name, owner):
                raise NotThereError(Message("lesson_data.lacking", owner=owner, name=name, reason=why))
            known = [one for one in dir(self) if not one.startswith("_")]
            for near in [] if name.startswith("_") else get_close_matches(name, known, 1, 0.8):
                raise NotThereError(Message("lesson_data.near", owner=owner, name=name, near=near))
            raise AttributeError(f"{owner!r} object has no attribute {name!r}", name=name, obj=self)


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, which says in a sentence which argument is missing, or why it does not take one."""
    takes = inspect.signature(function).parameters
    needed = [name for name, one in takes.items() if one.default is one.empty and one.kind not in ANY]
    named = [name for name, one in takes.items() if name not in ("self", "cls") and one.kind not in ANY]
    named += OF_DATA if any(one.kind is one.VAR_KEYWORD for one in takes.values()) else ()  # its settings
    called = function.__name__ if function.__name__ != "__init__" else function.__qualname__.split(".")[0]

    @functools.wraps(function)
    def checked(*args: P.args, **given: P.kwargs) -> R:
        for name in given:
            if name not in named:
                reason = _advice(name, called, named)
                raise ArgumentError(
                    Message("lesson_data.no_argument", function=called, name=name, reason=reason)
                )
        for name in needed[len(args) :]:
            if name not in given:
                raise ArgumentError(Message("lesson_data.missing", function=called, name=name))
        return function(*args, **given)

    return checked


def _advice(name: str, called: str, takes: Collection[str]) -> Message:
    """What to write instead of an argument of a function that takes others."""
    if why := not_there.of_argument(name, called):
        return why
    if name in OF_DATA:
        return Message("lesson_data.of_data", name=name)
    same = SAME.get(name)
    for near in [same] if same in takes else get_close_matches(name, takes, 1):
        return Message("lesson_data.meant", near=near)
    return Message("lesson_data.takes", names=list(takes))
