"""The sink for who asks for none."""

import sys
from collections.abc import Callable
from functools import cache

from whatsit.events.kinds import Event
from whatsit.events.sinks import Plain, Terminal


def default() -> Callable[[Event], None]:
    """A notebook, a terminal, or plain text: by where this process runs."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if hasattr(shell, "kernel"):
        from whatsit.events.notebook import Notebook

        return _once(Notebook)
    return _once(Terminal if sys.stderr.isatty() else Plain)


@cache
def _once(sink: Callable[[], Callable[[Event], None]]) -> Callable[[Event], None]:
    return sink()
