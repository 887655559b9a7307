"""A film of matplotlib as a part of a page that plays by itself, where no video can be made of it."""

import re
from typing import Any

from whatsit.i18n import say

# matplotlib's buttons have the names of pictures that it loads from a server, and its words are English.
FACES = {
    "minus": "−",
    "fast-backward": "«",
    "step-backward": "‹",
    "play fa-flip-horizontal": "◀\N{VARIATION SELECTOR-15}",
    "pause": "||",
    "play": "▶\N{VARIATION SELECTOR-15}",
    "step-forward": "›",
    "fast-forward": "»",
    "plus": "+",
}
WORDS = {
    "Decrease speed": "teach.film_slower",
    "First frame": "teach.film_first",
    "Previous frame": "teach.film_previous",
    "Play backwards": "teach.film_backwards",
    "Pause": "teach.film_pause",
    "Play": "teach.film_play",
    "Next frame": "teach.film_next",
    "Last frame": "teach.film_last",
    "Increase speed": "teach.film_faster",
    "Repetition mode": "teach.film_repeat",
    "Once": "teach.film_once",
    "Loop": "teach.film_loop",
    "Reflect": "teach.film_reflect",
}
STYLE = "<style>.anim-buttons button { min-height: 32px; font-size: 16px; }</style>"
STILL = 'matchMedia("(prefers-reduced-motion: reduce)").matches'


def played(film: Any) -> str:
    """An animation of matplotlib as HTML with JavaScript, which needs no network.

    It begins at once, unless the reader wants no motion; the buttons below it are in the reader's language.
    """
    html = re.sub(r"<link\b[^>]*>", STYLE, film.to_jshtml())
    html = re.sub(r'<i class="fa fa-([^"]+)"></i>', lambda found: FACES.get(found[1], found[1]), html)
    html = re.sub(r'(?<=(?:title|label)=")[^"]+(?=")', _translated, html)
    html = re.sub(r"(?<=\">)\w+(?=</label>)", _translated, html)
    return re.sub(r"(anim\w+) = new Animation\([^;]*;", rf"\g<0> if (!{STILL}) \1.play_animation();", html)


def _translated(found: re.Match[str]) -> str:
    return say(WORDS[found[0]]) if found[0] in WORDS else found[0]
