"""Whether IPython, or a notebook, runs this process."""

import sys
from typing import Any


def shell() -> Any:
    """The IPython that runs here, None without."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


def is_notebook() -> bool:
    """Whether what is displayed reaches a page."""
    return hasattr(shell(), "kernel")
