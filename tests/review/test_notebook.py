"""The review in a real JupyterLab and a real Notebook 7: a browser, a server, a kernel."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.review.jupyter import Jupyter

BEGIN = """import whatsit as wi
review = wi.Review(wi.Learner(wi.Catalog.from_folder("digits"), size=64))
review.widget()"""
GO_ON = """from whatsit.i18n import speak
speak("zh")
review.widget()"""
READY = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
CELLS = ".jp-Notebook .jp-CodeCell"
DARK = "rgb(21, 24, 28)"
WAIT = 60_000  # milliseconds, for a kernel on a busy computer
TRIES = 4  # a kernel that looks idle may still be starting, and then Jupyter runs nothing
Open = Callable[[str], Page]


@pytest.fixture
def jupyter(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with Jupyter(tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("settings")) as server:
        yield server


@pytest.fixture
def visit(browser: Browser, jupyter: Jupyter) -> Iterator[Open]:
    """Open a page of the server. Nothing may be asked of another site, nor refused by the review's policy."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme="null")
    asked, refused = set(), []
    context.on("request", lambda request: asked.add(request.url.partition("?")[0]))
    context.on("console", lambda line: refused.append(line.text) if "ontent Security" in line.text else None)

    def visit(path: str) -> Page:
        page = context.new_page()
        page.goto(jupyter.url(path))
        return page

    yield visit
    context.close()
    own = (jupyter.address, "data:", "blob:", "about:srcdoc")
    assert [url for url in asked if not url.startswith(own)] == []
    assert refused == []


def run(page: Page, number: int) -> FrameLocator:
    """Run a cell, as its writer does; the review below it."""
    page.locator(READY).first.wait_for(timeout=WAIT)  # before, Jupyter asks for a kernel, and runs nothing
    cell = page.locator(CELLS).nth(number)
    for _ in range(TRIES):
        cell.locator(".jp-InputArea .cm-content").click()
        page.keyboard.press("Shift+Enter")
        with suppress(AssertionError):
            expect(cell.locator(".jp-InputPrompt")).not_to_have_text("[ ]:", timeout=WAIT / TRIES)
            break
    review = cell.frame_locator(".whatsit-review iframe")
    expect(review.locator(".gallery img").first).to_have_js_property("complete", True, timeout=WAIT)
    return review


def background(review: FrameLocator) -> str:
    return str(review.locator("body").evaluate("body => getComputedStyle(body).backgroundColor"))


def has_the_keyboard(page: Page) -> bool:
    return bool(page.evaluate("document.activeElement.tagName === 'IFRAME'"))


def test_review_begins_in_jupyterlab_and_goes_on_in_notebook_7(
    jupyter: Jupyter, visit: Open, digits: Path
) -> None:
    folder = jupyter.folder / "digits"
    shutil.move(digits, folder)
    shutil.copy(min((folder / "7").iterdir()), folder / "1" / "copy.png")
    before = {path: path.read_bytes() for path in folder.rglob("*.png")}
    jupyter.notebook("review.ipynb", BEGIN, GO_ON)

    lab = visit("lab/tree/review.ipynb")
    review = run(lab, 0)
    width = "image => image.decode().then(() => image.naturalWidth)"
    assert review.locator(".gallery img").first.evaluate(width) > 0
    assert background(review) == DARK, "as Jupyter's theme, though the system's is light"
    assert not has_the_keyboard(lab), "who writes the next cell would decide about pictures"
    review.locator(".gallery button").first.click()
    shown = review.locator(".gallery button").first.get_attribute("title")
    assert shown
    first = folder / shown
    lab.keyboard.press("x")
    expect(review.locator(".news")).to_have_text("1 picture moved to the trash.", timeout=WAIT)
    assert not first.exists()
    assert lab.locator(CELLS).count() == 2, "x cuts a cell, where it is not for the review alone"

    notebook = visit("notebooks/review.ipynb")
    review = run(notebook, 1)
    expect(review.get_by_role("heading", level=1)).to_have_text("复查 digits", timeout=WAIT)
    expect(review.locator(".done")).to_contain_text("已处理 1 ")
    review.locator(".gallery button").first.click()
    notebook.keyboard.press("z")
    expect(review.locator(".news")).to_contain_text("撤销", timeout=WAIT)
    assert {path: path.read_bytes() for path in folder.rglob("*.png")} == before
