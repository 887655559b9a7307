"""Text in columns and lines where some characters, such as Chinese ones, are two cells wide."""

import re
from unicodedata import combining, east_asian_width

# What stays together: a short remark such as [default: 1], a wide character, or a word, with the quotes and
# punctuation around it.
_UNIT = re.compile(
    r"\s+|\[[^\]]{,40}\]|[“（《]*(?:[\u2e80-\uffef]|[^\s\u2e80-\uffef“]+)[，。；：、）”！？》]*|.",
    re.DOTALL,
)


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)


def to_left(text: str, width: int) -> str:
    """A text with cells after it."""
    return text + " " * (width - cells(text))


def to_right(text: str, width: int) -> str:
    """A text with cells before it."""
    return " " * (width - cells(text)) + text


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a paragraph, broken at spaces and between wide characters."""
    lines, line, space = [], "", ""
    for unit in _UNIT.findall(text):
        if unit.isspace():
            space = " "
        elif line and cells(line + space + unit) > width:
            lines.append(line)
            line, space = unit, ""
        else:
            line, space = f"{line}{space}{unit}", ""
    return [*lines, line] if line else lines
