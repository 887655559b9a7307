"""Whether this code runs in IPython, and whether in a notebook."""

import sys
from typing import Any


def shell() -> Any:
    """The IPython shell that this code runs in, or None."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


def is_notebook() -> bool:
    """Whether this is a notebook, where what is displayed appears on the page."""
    return hasattr(shell(), "kernel")
