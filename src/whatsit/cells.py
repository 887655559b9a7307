"""Cells of a CSV file that no spreadsheet computes, whatever a stranger wrote into them."""

import re

FORMULA = "=+\\-@＝＋－＠"  # what a formula begins with, in a regular expression's brackets
BREAK = "\u200b"  # an invisible space, which no cell holds by itself: `printable` escapes it
_LEADING = re.compile(f"[{FORMULA}\t\r\n']")
# A spreadsheet whose list separator is the semicolon begins a cell there, also between quotes.
_LATER = re.compile(f"([;\t\r\n])(?={BREAK}|[\\s\"']*[{FORMULA}\t\r\n])")
_BROKEN = re.compile(f"([;\t\r\n]){BREAK}")


def safe(cell: str) -> str:
    """A cell as it is written: an apostrophe before a formula, an invisible space before one further on."""
    broken = _LATER.sub(rf"\1{BREAK}", cell)
    return f"'{broken}" if _LEADING.match(cell) else broken


def unsafe(cell: str) -> str:
    """The cell that `safe` wrote."""
    return _BROKEN.sub(r"\1", cell.removeprefix("'"))
