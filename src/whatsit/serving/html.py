"""A page of this server; the door adds the headers that guard it."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import HTMLResponse

from whatsit.web import render


def page(
    template: str,
    assets: Sequence[str] = ("serve.css",),
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """A template with its values, in the language of this block."""
    return HTMLResponse(render(template, inline=False, assets=assets, **values), status, headers)
