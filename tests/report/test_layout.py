"""The report fits its screen and its paper, whatever the classes are called."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.conftest import rendered
from tests.web import opened
from whatsit.report import Report, sections
from whatsit.report.suspects import Suspect
from whatsit.report.words import Words
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.novelty import fit_novelty

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ["long-sleeves", "outerwear and coats", "连衣裙", "sweatshirts1"]
SHORT = """() => [...document.querySelectorAll("details[open] .scroll, section > .scroll, .halves .scroll")]
  .map(box => [box.ariaLabel, box.scrollWidth - box.clientWidth]).filter(([, cut]) => cut > 0)"""
CUT = """() => [...document.querySelectorAll(".matrix th span, .matrix tbody th, .scores th, .ends p")]
  .filter(one => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1).map(one => one.innerText)"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layout") / "long-sleeves"
    folder.mkdir()
    for place in range(4):
        rendered(place).save(folder / f"a-name-that-is-longer-than-two-lines-of-a-tile-{place}.jpg")
    return folder


def report_of(count: int, folder: Path) -> Report:
    """Of 60 pictures of so many classes, most of them right."""
    labels = np.arange(60) % count
    likeliest = np.where(np.arange(60) < 6, (labels + 1) % count, labels)
    sure = np.full((60, count), 0.3 / (count - 1))
    sure[np.arange(60), likeliest] = np.linspace(0.65, 0.7, 60)
    sure /= sure.sum(1, keepdims=True)
    paths = (sorted(folder.iterdir()) * 15)[:60]
    found = Interpretation(
        (NAMES * 3)[:count] if count < 5 else list("abcdefghijkl")[:count], labels, sure, "valid", paths
    )
    return Report("clothes", [found], suspects=[Suspect(paths[0], NAMES[0], NAMES[1], 0.93)])


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("count", [3, 4, 8])
def test_no_table_is_cut_off_at_any_width(browser: "Browser", folder: Path, count: int, lang: str) -> None:
    with opened(browser, report_of(count, folder).render(lang), 1280) as page:
        for width in (390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate(SHORT) == []
            assert page.evaluate(CUT) == []
            lines = "[...document.querySelectorAll('.scores small')].map(one => one.getClientRects().length)"
            assert set(page.evaluate(lines)) == {1}, "an interval is on one line"


def test_what_is_wider_than_a_phone_fades_where_it_goes_on(browser: "Browser", folder: Path) -> None:
    with opened(browser, report_of(12, folder).render("en"), 390) as page:
        box = page.locator(".scroll:has(.matrix)")
        expect(box).to_have_class("scroll more-after")
        assert "linear-gradient" in box.evaluate("box => getComputedStyle(box).maskImage")
        box.evaluate("box => { box.scrollLeft = 10_000 }")
        expect(box).to_have_class("scroll more-before")


def test_paper_shows_the_numbers_of_the_matrix(browser: "Browser", folder: Path) -> None:
    with opened(browser, report_of(3, folder).render("en"), 768) as page:
        page.emulate_media(media="print")
        cells = page.locator("details[open] .matrix button")
        assert cells.count() == 6
        for cell in cells.all():
            assert cell.is_visible()
            assert int(cell.inner_text()) > 0
            assert cell.evaluate("cell => getComputedStyle(cell).textDecorationLine") == "none"
        assert page.locator("button:visible").count() == 6


def test_dialog_of_a_few_pictures_shows_them_large_with_names_and_copies_a_path(
    browser: "Browser", folder: Path, tmp_path: Path
) -> None:
    report_of(3, folder).write(tmp_path / "report.html", "en")
    with opened(browser, tmp_path / "report.html", 1280) as page:
        page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text }")
        page.locator("button[data-cell].wrong").first.click()
        tile = page.locator("dialog li").first
        assert tile.bounding_box()["width"] > 200  # type: ignore[index]
        name = tile.locator("span")
        assert name.evaluate("name => name.scrollHeight <= name.clientHeight")
        tile.locator("button").click()
        page.get_by_role("button", name="Copy the path").click()
        assert page.get_by_role("status").last.is_visible()
        assert str(page.evaluate("copied")).startswith("long-sleeves/a-name-that-is")


def test_mistakes_and_suspects_are_named_with_their_folder(folder: Path) -> None:
    page = report_of(3, folder).render("en")
    assert page.count("long-sleeves/a-name-that-is-longer-than-two-lines-of-a-tile-0.jpg</span>") == 1
    assert "<br>long-sleeves/a-name" in page
    assert str(folder) not in page, "a page that is passed on does not show where its owner lives"


def test_counts_of_novel_pictures_are_words_where_there_are_none() -> None:
    novelty = fit_novelty(np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 2, 2)
    labels = np.arange(24) % 2
    for called, said in (
        (0, "here it was none of 24 pictures."),
        (1, "here it was 4.2% (1 of 24 pictures)."),
    ):
        answers = Interpretation(["a", "b"], labels, np.eye(2)[labels], is_novel=np.arange(24) < called)
        found = sections.strange(replace(answers, features=np.zeros((24, 4))), novelty, Words("en"))
        assert found
        assert found["said"].endswith(said)
