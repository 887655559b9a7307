"""A card as Markdown, whatever its classes are called."""

import re
from collections.abc import Iterable

from whatsit.card.sections import Section, Table
from whatsit.text import printable

_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~&!$@]")
_LINK = re.compile(r"(?<=[a-z])[:](?=//)|(?<=\bwww)[.]", re.IGNORECASE)  # what becomes one by itself


def markdown(sections: Iterable[Section]) -> str:
    """The sections under one another, the first as the title."""
    blocks = []
    for level, section in zip((1, *[2] * 99), sections, strict=False):
        blocks.append(f"{'#' * level} {escaped(section.title)}")
        for part in section.parts:
            blocks.append(_table(part) if isinstance(part, Table) else escaped(part))
        if section.items:
            blocks.append("\n".join(f"- {escaped(one)}" for one in section.items))
    return "\n\n".join(blocks) + "\n"


def escaped(text: object) -> str:
    """A text on one line that Markdown shows as it is: no markup, no HTML, no link."""
    plain = _SPECIAL.sub(r"\\\g<0>", printable(str(text)))
    return _LINK.sub(lambda found: f"&#{ord(found[0])};", plain)


def _table(table: Table) -> str:
    marks = ["---"] * table.texts + ["---:"] * (len(table.header) - table.texts)
    rows = [table.header, *table.rows]
    lines = [" | ".join(map(escaped, row)) for row in rows]
    return "\n".join(f"| {line} |" for line in [lines[0], " | ".join(marks), *lines[1:]])
