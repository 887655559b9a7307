"""Pages of the kit, opened in a browser as they are, without a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@contextmanager
def opened(browser: "Browser", text: str | Path, width: int = 1280, **options: Any) -> Iterator["Page"]:
    """A page of its own; afterwards, that nothing failed in it, and that it asked for nothing outside."""
    context = browser.new_context(viewport={"width": width, "height": 800}, offline=True, **options)
    page, faults = context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: faults.append(asked.url) if asked.url.startswith("http") else None)
    if isinstance(text, Path):
        page.goto(text.as_uri())
    else:
        page.set_content(text)
    yield page
    assert faults == []
    context.close()
