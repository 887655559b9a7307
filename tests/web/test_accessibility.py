"""Pages for everybody: axe finds no fault, a keyboard reaches all, a screen reader makes sense of it."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.conftest import rendered
from tests.web import opened
from tests.web.kit import kit
from whatsit.config import Language
from whatsit.project import EpochRecord
from whatsit.report import Report, Training
from whatsit.report.suspects import Suspect
from whatsit.understand.interpretation import Interpretation

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

looks = pytest.mark.parametrize(
    ("lang", "scheme", "width"),
    [("en", "light", 390), ("zh", "light", 1280), ("en", "dark", 1280), ("zh", "dark", 390)],
)
STOP = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  return one === document.body ? null : {
    name: one.ariaLabel || one.innerText || one.id, tag: one.tagName, top: box.top + scrollY, left: box.left,
    isIn: box.bottom > 0 && box.top < innerHeight,
    hasOutline: getComputedStyle(one).outlineStyle !== "none" || one.type === "file",
  };
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of 45 pictures of three classes, with everything that a report can show but what needs a backbone."""
    folder, classes = tmp_path_factory.mktemp("pictures"), ["black", "grizzly", "teddy"]
    paths = [folder / f"{place}.jpg" for place in range(45)]
    for place, path in enumerate(paths):
        rendered(place).save(path)
    dice = np.random.default_rng(3)
    labels = np.arange(45) % 3
    features = np.eye(3)[labels] * 3 + dice.normal(size=(45, 3))
    likely = np.exp(features) / np.exp(features).sum(1, keepdims=True)
    epochs = [
        EpochRecord(epoch=n, train_loss=1 / n, valid_loss=1.1 / n, error_rate=0.3 / n, seconds=1.0)
        for n in (1, 2, 3)
    ]
    return Report(
        "bears",
        [Interpretation(classes, labels, likely, "valid", paths, features)],
        facts={"backbone": "lite0"},
        training=Training(epochs, []),
        temperature=1.2,
        suspects=[Suspect(paths[0], "black", "teddy", 0.93)],
    )


@cache
def axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def faults(page: "Page", within: str = "html") -> list[str]:
    """What axe finds: the rule, the element, and what is wrong with it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe())
    options = {"resultTypes": ["violations"]}
    found = page.evaluate("([within, options]) => axe.run(within, options)", [within, options])
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@looks
def test_axe_finds_no_fault_in_any_component(
    browser: "Browser", lang: Language, scheme: Any, width: int
) -> None:
    with kit(browser, lang, width, color_scheme=scheme, reduced_motion="reduce") as page:
        page.evaluate("document.querySelectorAll('.panel').forEach(panel => { panel.hidden = false })")
        page.evaluate("whatsit.toast('x', 'good'); whatsit.toast('y', 'bad')")
        found = faults(page)
        page.locator("[data-opens]").click()
        found += faults(page, "dialog[open]")
        page.keyboard.press("Escape")
        page.locator(".gallery button").first.click()
        assert found + faults(page, "dialog[open]") == []


@looks
def test_axe_finds_no_fault_in_the_report(
    browser: "Browser", report: Report, lang: Language, scheme: Any, width: int
) -> None:
    with opened(browser, report.render(lang), width, color_scheme=scheme, reduced_motion="reduce") as page:
        found = faults(page)
        page.locator("details[open] button[data-cell]").first.click()
        assert found + faults(page, "dialog[open]") == []


@pytest.fixture(params=["kit", "report"])
def page(browser: "Browser", report: Report, request: pytest.FixtureRequest) -> Iterator["Page"]:
    made = kit(browser) if request.param == "kit" else opened(browser, report.render("en"))
    with made as page:
        yield page


def test_tab_key_goes_through_the_page_as_it_is_read(page: "Page") -> None:
    page.keyboard.press("Tab")
    skip = page.evaluate(STOP)
    assert skip["name"] == "Skip to the content"
    assert skip["isIn"]
    stops = []
    while (stop := page.evaluate(STOP)) and len(stops) < 300:
        stops.append(stop)
        page.keyboard.press("Tab")
    assert 10 < len(stops) < 300
    assert [stop for stop in stops if not (stop["hasOutline"] and stop["isIn"])] == []
    seen = [stop for stop in stops if stop["tag"] not in ("A", "INPUT")]  # others are sticky, or hidden
    for before, after in pairwise(seen):
        assert after["top"] > before["top"] - 40 or after["left"] > before["left"], "up only to a next column"


def test_skip_link_leads_to_the_content(page: "Page") -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_screen_reader_finds_headings_in_order_and_a_name_for_everything(page: "Page") -> None:
    headings = page.get_by_role("heading").all()
    levels = [int(one.evaluate("one => one.tagName[1]")) for one in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper <= level + 1 for level, deeper in pairwise(levels))
    assert page.get_by_role("main").count() == 1
    for role in ("button", "img", "link", "region", "tab", "tabpanel", "navigation", "meter", "progressbar"):
        for one in page.get_by_role(role).all():
            assert name_of(one), one.evaluate("one => one.outerHTML.slice(0, 200)")


def name_of(one: "Locator") -> str:
    """Its name as a screen reader gets it: the first text in quotes of its snapshot."""
    _, quote, rest = one.aria_snapshot().partition("\n")[0].partition('"')
    return rest.partition('"')[0] if quote else ""
