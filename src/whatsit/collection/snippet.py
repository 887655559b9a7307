"""The browser's way to addresses: JavaScript for the console of a page of image search results."""

import json
import re
import sys
from importlib.resources import files
from typing import Literal

BrowserEngine = Literal["google", "bing", "duckduckgo"]
PAGES: dict[str, str] = {
    "google": "https://www.google.com/search?udm=2&q=grizzly+bear",
    "bing": "https://www.bing.com/images/search?q=grizzly+bear",
    "duckduckgo": "https://duckduckgo.com/?iax=images&ia=images&q=grizzly+bear",
}
MAC = "Cmd+Option+J in Chrome and Edge, Cmd+Option+K in Firefox, Cmd+Option+C in Safari"
OTHERS = "Ctrl+Shift+J in Chrome and Edge, Ctrl+Shift+K in Firefox"


def snippet(name: str = "") -> str:
    """The JavaScript. It saves urls_NAME.txt, the name being the search words where none is given."""
    code = files("whatsit.collection").joinpath("snippet.js").read_text(encoding="utf-8")
    return code.replace('"NAME"', json.dumps(name))


def steps(engine: str, name: str = "", platform: str = sys.platform) -> list[str]:
    """What to do with it, in order, on this kind of system."""
    allowed = " ".join(re.sub(r'[\\/:*?"<>|]', " ", name).split())
    file = f"urls_{allowed}.txt" if allowed else "urls_<your words>.txt"
    safari = " (in Safari first: Settings, Advanced, Show features for web developers)"
    return [
        f"Search for pictures in your browser: {PAGES[engine]}",
        "Scroll down until you have seen enough pictures; only what was loaded can be saved.",
        f"Open the console: {MAC + safari if platform == 'darwin' else OTHERS}.",
        "Paste the code below and press Enter. If the browser refuses to paste, type: allow pasting",
        f"It downloads {file}. The part after urls_ becomes the class; rename the file to change it.",
        "Do that for every class. Then, where they were downloaded to:",
        "whatsit collect --urls urls_*.txt --into bears",
    ]
