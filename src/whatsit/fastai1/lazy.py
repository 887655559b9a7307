"""Names that a module gives without importing what they come from before somebody uses them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from whatsit.extras import needing
from whatsit.i18n import Message


def find(name: str, module: str, homes: Mapping[str, str]) -> Any:
    """What a name stands for: its home is a module, or "module:name" in one.

    Raises MissingError where a library is not installed, and AttributeError for a name without a home.
    """
    if name not in homes:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    home, _, inside = homes[name].partition(":")
    with needing(Message("lesson_data.names")):
        found = import_module(home)
        return getattr(found, inside) if inside else found
