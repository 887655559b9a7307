"""Light markup in the sentences of a page: `code`, *stressed*, *line:words in the color of an idea*."""

import re

from markupsafe import Markup, escape

# `static/teach.js` does the same: change both together.
MARKS = re.compile(r"`([^`]+)`|\*(?:(data|line|loss|slope|path|train|valid):)?([^*]+)\*")
# What a name has of them is put away as letters that nobody types, until the marks are elements.
AWAY, BACK = str.maketrans("`*", "\ue000\ue001"), str.maketrans("\ue000\ue001", "`*")


def plain(text: str) -> str:
    """A name that goes into a sentence for `rich`, which leaves in it as they are what would be marks."""
    return text.translate(AWAY)


def rich(text: str) -> Markup:
    """A sentence with its marks as elements; everything else in it is escaped."""
    return Markup(MARKS.sub(_element, str(escape(text))).translate(BACK))


def _element(found: re.Match[str]) -> str:
    code, idea, words = found.groups()
    if code:
        return f"<code>{code}</code>"
    return f'<b class="c-{idea}">{words}</b>' if idea else f"<b>{words}</b>"
