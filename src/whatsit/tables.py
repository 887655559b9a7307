"""How objects show themselves in a notebook: plain HTML tables and pictures, readable in light and dark."""

import base64
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import islice
from numbers import Real
from typing import Protocol

from whatsit.i18n import say
from whatsit.text import printable

MOST_ROWS = 50
# No color but the page's own. Notebooks align text to the right by themselves.
_CELL = "padding: 2px 10px; border: 0; text-align: {}; vertical-align: top"
_HEAD = f"{_CELL}; border-bottom: 1px solid; font-weight: bold"


class Drawn(Protocol):
    """What a notebook shows as PNG."""

    def _repr_png_(self) -> bytes: ...


def table(
    columns: Mapping[str, str],
    rows: Iterable[Sequence[object]],
    title: object = "",
    notes: Iterable[object] = (),
    most: int = MOST_ROWS,
) -> str:
    """An HTML table, with a title above it and notes below; rows after the first `most` are only counted.

    `columns` has the names, each with the format of its numbers, such as ".1%"; "" for text. Numbers are
    aligned to the right. None is an empty cell.
    """
    left = iter(rows)
    body_rows = [_row("td", _CELL, columns, row) for row in islice(left, most)]
    rest = sum(1 for _ in left)
    parts = [paragraph(title)] if title else []
    if body_rows:
        head = _row("th", _HEAD, columns, list(columns))
        body = "".join(body_rows)
        parts.append(
            f'<table style="border-collapse: collapse"><thead>{head}</thead><tbody>{body}</tbody></table>'
        )
    more = [say("tables.more", count=rest)] if rest else []
    return f"<div>{''.join([*parts, *map(paragraph, [*more, *notes])])}</div>"


def with_picture(text: object, draw: Callable[[], Drawn]) -> str:
    """A paragraph, and below it what `draw` gives; the paragraph alone where matplotlib is not installed."""
    try:
        picture = base64.b64encode(draw()._repr_png_()).decode()
    except ImportError:
        return f"<div>{paragraph(text)}</div>"
    return f'<div>{paragraph(text)}<img alt="" src="data:image/png;base64,{picture}"></div>'


def paragraph(text: object) -> str:
    """Any text as HTML: nothing in it is markup."""
    return f'<p style="margin: 4px 0">{escape(printable(text))}</p>'


def _row(tag: str, style: str, columns: Mapping[str, str], cells: Sequence[object]) -> str:
    alignments = ("right" if spec else "left" for spec in columns.values())
    cells_html = (
        f'<{tag} style="{style.format(alignment)}">{escape(_cell(cell, spec))}</{tag}>'
        for alignment, cell, spec in zip(alignments, cells, columns.values(), strict=True)
    )
    return f"<tr>{''.join(cells_html)}</tr>"


def _cell(value: object, spec: str) -> str:
    if value is None:
        return ""
    if not spec or isinstance(value, bool) or not isinstance(value, Real):
        return printable(value)
    return format(value, spec) if math.isfinite(value) else str(float(value))
