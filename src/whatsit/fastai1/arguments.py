"""Which arguments the lesson's functions and methods take."""

import inspect
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any


def accepted(modules: Sequence[ModuleType]) -> dict[str, set[str]]:
    """The arguments of every function and method by its name alone, of all classes that have one so called.

    Those that take any arguments are not in it.
    """
    found: dict[str, set[str]] = {}
    free = set()
    for name, function in _functions(modules):
        try:
            given = inspect.signature(function).parameters
        except (TypeError, ValueError):
            continue
        found.setdefault(name, set()).update(given)
        if any(one.kind is one.VAR_KEYWORD for one in given.values()):
            free.add(name)
    return {name: given for name, given in found.items() if name not in free}


def _functions(modules: Sequence[ModuleType]) -> Iterator[tuple[str, Any]]:
    for module in modules:
        for name in module.__all__:
            thing = getattr(module, name)
            members = inspect.getmembers(thing, callable) if inspect.isclass(thing) else []
            own = [(name, thing), *((name, one) for name, one in members if name[0] != "_")]
            yield from ((name, one) for name, one in own if callable(one) and _is_whatsits(one))


def _is_whatsits(thing: Any) -> bool:
    """Whether it is not of a class that one of the lesson's inherits, as text."""
    return str(getattr(thing, "__module__", "")).startswith("whatsit.")
