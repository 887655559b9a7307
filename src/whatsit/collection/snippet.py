"""The browser's way to addresses: JavaScript for the console of a page of image search results."""

import json
import re
import sys
from importlib.resources import files
from typing import Literal

from whatsit.i18n import Message, say

BrowserEngine = Literal["google", "bing", "duckduckgo"]
PAGES: dict[str, str] = {
    "google": "https://www.google.com/search?udm=2&q=grizzly+bear",
    "bing": "https://www.bing.com/images/search?q=grizzly+bear",
    "duckduckgo": "https://duckduckgo.com/?iax=images&ia=images&q=grizzly+bear",
}


def snippet(name: str = "") -> str:
    """The JavaScript. It saves urls_NAME.txt, the name being the search words where none is given."""
    code = files("whatsit.collection").joinpath("snippet.js").read_text(encoding="utf-8")
    return code.replace('"NAME"', json.dumps(name))


def steps(engine: str, name: str = "", platform: str = sys.platform) -> list[str]:
    """What to do with it, in order, on this kind of system."""
    allowed = " ".join(re.sub(r'[\\/:*?"<>|]', " ", name).split())
    file = f"urls_{allowed or '<' + say('snippet_steps.your_words') + '>'}.txt"
    is_mac = platform == "darwin"
    done = [
        Message("snippet_steps.search", page=PAGES[engine]),
        Message("snippet_steps.scroll"),
        Message("snippet_steps.console_mac" if is_mac else "snippet_steps.console"),
        Message("snippet_steps.paste"),
        Message("snippet_steps.downloads", file=file),
        Message("snippet_steps.repeat"),
        Message("snippet_steps.command"),
    ]
    return [one.text() for one in done]
