"""The link to a page on this computer, in the terminal where it was started."""

import os
import sys
import webbrowser
from typing import TYPE_CHECKING

from whatsit.i18n import say

if TYPE_CHECKING:
    from whatsit.serving.local import Ready


def announce(ready: "Ready", code: str, browser: bool) -> None:
    """Print how to open a page, on this computer by the message of `code`, and open it in a `browser`."""
    if ready.below:
        print(say("local_page.hub", link=ready.link))
    elif ready.tunnel:
        print(say("local_page.tunnel", command=ready.tunnel))
        print(say("local_page.then", link=ready.link))
    else:
        print(say(code, link=ready.link))
        if browser and _has_screen():
            webbrowser.open(ready.link)
    print(end="", flush=True)


def _has_screen() -> bool:
    return sys.platform in ("win32", "darwin") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
