"""Why something of fastai 1 is not there, where code asks for it."""

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from whatsit.errors import WhatsitError
from whatsit.fastai1 import not_there
from whatsit.i18n import Message

P = ParamSpec("P")
R = TypeVar("R")


class NotThereError(WhatsitError, AttributeError):
    """A method or attribute of fastai 1 that Whatsit does not have."""


class NoArgumentError(WhatsitError, TypeError):
    """An argument of fastai 1 that Whatsit does not take."""


class Explained:
    """An object that names the reason where it lacks what fastai 1's had."""

    if not TYPE_CHECKING:  # or no misspelled name would be found

        def __getattr__(self, name: str) -> object:
            owner = type(self).__name__
            why = not_there.of_method(name, owner == "Learner")
            if why is None:
                raise AttributeError(f"{owner!r} object has no attribute {name!r}", name=name, obj=self)
            raise NotThereError(Message("lesson_data.lacking", owner=owner, name=name, reason=why))


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, which names the reason where it does not take an argument that fastai 1's took."""
    takes = inspect.signature(function).parameters

    @functools.wraps(function)
    def checked(*args: P.args, **given: P.kwargs) -> R:
        for name in given:
            if name not in takes:
                reason = not_there.of_argument(name) or Message("lesson_data.delete")
                called = function.__name__
                raise NoArgumentError(
                    Message("lesson_data.no_argument", function=called, name=name, reason=reason)
                )
        return function(*args, **given)

    return checked
