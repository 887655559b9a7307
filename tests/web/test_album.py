"""A grid of pictures, and a viewer of one after the other, however many there are."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.conftest import rendered
from tests.web.kit import kit, kit_page
from whatsit.report.thumbnails import shrink

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MANY, STEPS = 10_000, 20


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    with kit(browser) as page:
        yield page


def focused(page: "Page") -> str:
    return str(page.evaluate("document.activeElement.innerText.trim().split('\\n')[0]"))


def test_viewer_goes_from_picture_to_picture_by_keyboard_and_gives_the_focus_back(page: "Page") -> None:
    tile = page.get_by_role("button", name="grizzly 2", exact=True)
    tile.focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog")
    position = viewer.get_by_role("status")
    expect(position).to_contain_text("2 of 40")
    for key, text in (
        ("ArrowRight", "3 of 40 teddy 3"),
        ("ArrowLeft", "2 of 40 grizzly 2"),
        ("End", "40 of 40 black 40"),
        ("ArrowRight", "40 of 40 black 40"),
        ("Home", "1 of 40 black 1"),
    ):
        page.keyboard.press(key)
        expect(position).to_contain_text(text.split(" of ")[0] + " of 40")
        assert " ".join(position.inner_text().split()) == text
        assert viewer.get_by_role("img", name=text.partition(" of 40 ")[2]).is_visible()
    assert viewer.get_by_role("button", name="Previous picture").is_disabled()
    viewer.get_by_role("button", name="Next picture").click()
    assert position.inner_text().startswith("2 of 40")
    page.keyboard.press("Escape")
    assert not viewer.is_visible()
    assert tile.evaluate("tile => tile === document.activeElement")


def test_viewer_follows_a_swipe(page: "Page") -> None:
    page.get_by_role("button", name="grizzly 2", exact=True).click()
    position = page.get_by_role("dialog").get_by_role("status")
    for start, end, place in ((600, 400, 3), (400, 600, 2), (600, 590, 2)):
        figure = page.locator(".viewer figure")
        figure.dispatch_event("pointerdown", {"clientX": start, "clientY": 400})
        figure.dispatch_event("pointerup", {"clientX": end, "clientY": 420})
        assert position.inner_text().startswith(f"{place} of 40")


def test_arrow_keys_move_in_the_grid_with_one_stop_for_the_tab_key(page: "Page") -> None:
    page.get_by_role("button", name="grizzly 2", exact=True).focus()
    columns = int(page.evaluate("getComputedStyle(grid.host).gridTemplateColumns.split(' ').length"))
    for key, place in (
        ("ArrowRight", 3),
        ("ArrowDown", 3 + columns),
        ("ArrowUp", 3),
        ("End", 40),
        ("Home", 1),
    ):
        page.keyboard.press(key)
        assert focused(page).endswith(f" {place}") or place == 1
    assert page.locator(".gallery button[tabindex='0']").count() == 1
    page.keyboard.press("Tab")
    assert focused(page) == "Move to the trash"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("grid.here") == 0


def test_page_decides_what_a_chosen_picture_does_and_can_mark_it(page: "Page") -> None:
    page.evaluate("""grid.host.addEventListener("picture", (event) => {
        event.preventDefault();
        event.detail.picture.badge = { text: "chosen" };
        grid.refresh(event.detail.place);
    })""")
    page.get_by_role("button", name="teddy 3", exact=True).click()
    assert page.get_by_role("dialog").count() == 0
    assert page.evaluate("document.activeElement.querySelector('.badge').textContent") == "chosen"
    page.evaluate("grid.show([])")
    assert page.locator(".gallery li").count() == 0
    assert page.locator(".gallery").bounding_box()["height"] == 0  # type: ignore[index]


@pytest.fixture(scope="module")
def thumbnails() -> Iterator[str]:
    """The address of a server of as many different thumbnails as anybody asks for."""
    files = [shrink(rendered(seed, (144, 144))) for seed in range(20)]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = Path(self.path).stem
            place = int(name) if name.isdigit() else None
            content = page.encode() if place is None else files[place % 20] + b"%d" % place
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if place is None else "image/jpeg")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    page = kit_page(pictures=1).replace("img-src data:", "img-src data: &#39;self&#39;")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_ten_thousand_pictures_scroll_and_take_less_than_200_mb(browser: "Browser", thumbnails: str) -> None:
    for other in browser.contexts:  # which may be larger
        other.close()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(thumbnails)
    page.evaluate(
        """many => {
          const picture = (_, place) => ({src: `${place}.jpg`, caption: `p ${place + 1}`});
          const pictures = Array.from({length: many}, picture);
          window.grid = new whatsit.PictureGrid(document.getElementById("gallery"), pictures);
        }""",
        MANY,
    )
    seen = set()
    for step in range(STEPS):
        page.evaluate(
            """async share => {
              scrollTo(0, share * document.documentElement.scrollHeight);
              await new Promise(requestAnimationFrame);
              const images = [...document.querySelectorAll(".gallery img")].filter(image => !image.complete);
              await Promise.all(images.map(image => new Promise(done => { image.onload = done })));
            }""",
            step / (STEPS - 1),
        )
        assert page.evaluate("grid.host.querySelectorAll('*').length") < 500
        middle = "[390, 400].map(y => document.elementFromPoint(600, y).closest('li')?.dataset.place)"
        seen.update(page.evaluate(middle))
    assert len(seen) >= STEPS - 2, "there is a picture wherever one scrolls"
    page.locator(".gallery button").last.focus()
    page.keyboard.press("End")
    assert focused(page) == f"p {MANY}"
    page.keyboard.press("Home")
    assert focused(page) == "p 1"
    assert page.locator(".gallery li").first.get_attribute("aria-setsize") == str(MANY)
    if Path("/proc/self/status").exists():
        assert memory_of_pages(browser) < 200e6
    context.close()


def memory_of_pages(browser: "Browser") -> int:
    """Bytes that belong to the process of the largest page alone: what Chromium's own task manager shows."""
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    status = [Path(f"/proc/{one['id']}/status").read_text() for one in found if one["type"] == "renderer"]
    return max(
        1024 * sum(int(size) for size in re.findall(r"^(?:RssAnon|VmSwap):\s+(\d+)", text, re.M))
        for text in status
    )
