"""A film of matplotlib as a part of a page that plays by itself, where no video can be made of it."""

import re
from typing import Any

from whatsit.i18n import say

# What the buttons of matplotlib call, and the text on each instead of a picture that a server has.
BUTTONS = {
    "slower": ("−", "teach.film_slower"),
    "first_frame": ("«", "teach.film_first"),
    "previous_frame": ("‹", "teach.film_previous"),
    "reverse_animation": ("◀\N{VARIATION SELECTOR-15}", "teach.film_backwards"),
    "pause_animation": ("||", "teach.film_pause"),
    "play_animation": ("▶\N{VARIATION SELECTOR-15}", "teach.film_play"),
    "next_frame": ("›", "teach.film_next"),
    "last_frame": ("»", "teach.film_last"),
    "faster": ("+", "teach.film_faster"),
}
MODES = {"once": "teach.film_once", "loop": "teach.film_loop", "reflect": "teach.film_reflect"}
STYLE = "<style>.anim-buttons button { min-height: 32px; font-size: 16px; }</style>"
STILL = 'matchMedia("(prefers-reduced-motion:reduce)").matches'


def played(film: Any) -> str:
    """An animation of matplotlib as HTML with JavaScript, which needs no network.

    It begins at once, unless the reader wants no motion; the buttons below it are in the reader's language.
    """
    html = re.sub(r"<link\b[^>]*>", STYLE, film.to_jshtml())
    html = re.sub(r'<button [^>]*(onclick="\w+\.(\w+)\(\)")>\s*<i [^>]*></i>', _button, html)
    html = re.sub(r"<form [^>]*?(?=action=)", f"<form {_named('teach.film_repeat')} ", html)
    for word, code in MODES.items():
        html = html.replace(f">{word.title()}</label>", f">{say(code)}</label>")
    return re.sub(r"(anim\w+) = new Animation\([^;]*;", rf"\g<0> if (!{STILL}) \1.play_animation();", html)


def _button(found: re.Match[str]) -> str:
    face, code = BUTTONS[found[2]]
    return f"<button {_named(code)} {found[1]}>{face}"


def _named(code: str) -> str:
    """For those who point at it, and those who hear it."""
    return f'title="{say(code)}" aria-label="{say(code)}"'
