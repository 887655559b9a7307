"""Pages in a browser: those of the kit, opened as they are, without a network, and those of a server."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FORGET = "() => { try { localStorage.clear(); sessionStorage.clear(); } catch { /* it has none */ } }"
MEDIA = {"color_scheme": "light", "reduced_motion": "no-preference", "contrast": "no-preference"}
VIEWPORT = {"width": 1280, "height": 800}
_tabs: dict[str, "Page"] = {}


@contextmanager
def tab(browser: "Browser", on: Mapping[str, Callable[[Any], object]], **options: Any) -> Iterator["Page"]:
    """A tab with a size, media and listeners of its own.

    Tests share it, since a new one takes as long as many a test: what one of them may have set is set back,
    and nothing stays stored. A clock stays: ask for a tab of your own by an option that no other test gives.
    """
    viewport = options.pop("viewport", VIEWPORT)
    media = {name: options.pop(name, usual) for name, usual in MEDIA.items()}
    name = repr(sorted(options.items()))
    page = _tabs.pop(name, None)
    if page is None or page.is_closed() or page.context.browser != browser:
        page = browser.new_context(**options).new_page()
    page.set_viewport_size(viewport)
    page.emulate_media(media="null", **media)
    for event, listener in on.items():
        page.on(event, listener)  # type: ignore[call-overload]
    try:
        yield page
        page.evaluate(FORGET)
        page.unroute_all()
        for event, listener in on.items():
            page.remove_listener(event, listener)
        page.mouse.move(0, 0)
        page.context.set_offline(options.get("offline", False))
        page.context.clear_cookies()
    except BaseException:
        page.context.close()
        raise
    _tabs[name] = page


@contextmanager
def opened(browser: "Browser", text: str | Path, width: int = 1280, **options: Any) -> Iterator["Page"]:
    """A page of its own; afterwards, that nothing failed in it, and that it asked for nothing outside."""
    faults: list[str] = []
    on: dict[str, Callable[[Any], object]] = {
        "pageerror": lambda error: faults.append(str(error)),
        "console": lambda said: faults.append(said.text) if said.type in ("error", "warning") else None,
        "request": lambda asked: faults.append(asked.url) if asked.url.startswith("http") else None,
    }
    with tab(browser, on, viewport={"width": width, "height": 800}, offline=True, **options) as page:
        if isinstance(text, Path):
            page.goto(text.as_uri())
        else:
            page.goto("about:blank")  # or the scripts of the page before are still there
            page.set_content(text)
        yield page
    assert faults == []
