"""The sink for who asks for none."""

import sys
from collections.abc import Callable
from functools import cache

from whatsit.events.kinds import Event
from whatsit.events.sinks import Plain, Terminal
from whatsit.notebooks import is_notebook


def default() -> Callable[[Event], None]:
    """A notebook, a terminal, or plain text: by where this process runs."""
    if is_notebook():
        from whatsit.events.notebook import Notebook

        return _once(Notebook)
    return _once(Terminal if sys.stderr.isatty() else Plain)


@cache
def _once(sink: Callable[[], Callable[[Event], None]]) -> Callable[[Event], None]:
    return sink()
