"""Components do what their users expect, with a mouse, a keyboard and a screen reader."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.kit import kit
from whatsit.web.assets import STATIC

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    with kit(browser) as page:
        yield page


def test_arrow_keys_move_between_tabs(page: "Page") -> None:
    training, answers, classes = page.get_by_role("tab").all()
    training.focus()
    for key, chosen in (
        ("ArrowRight", answers),
        ("End", classes),
        ("ArrowRight", training),
        ("ArrowLeft", classes),
    ):
        page.keyboard.press(key)
        assert chosen.evaluate("tab => tab === document.activeElement && tab.ariaSelected === 'true'")
        panels = page.get_by_role("tabpanel")
        assert panels.count() == 1
        assert panels.get_attribute("id") == chosen.get_attribute("aria-controls")
    assert [tab.get_attribute("tabindex") for tab in page.get_by_role("tab").all()] == ["-1", "-1", "0"]
    page.get_by_role("tab", name="Answers").click()
    assert page.get_by_role("tabpanel", name="Answers").is_visible()


def test_dialog_holds_the_focus_and_gives_it_back(page: "Page") -> None:
    opener = page.get_by_role("button", name="Move to the trash")
    dialog = page.get_by_role("dialog", name="Move to the trash")
    for leave in (
        lambda: page.keyboard.press("Escape"),
        lambda: dialog.get_by_role("button", name="Close").click(),
        lambda: page.mouse.click(5, 5),
    ):
        opener.focus()
        page.keyboard.press("Enter")
        assert dialog.is_visible()
        assert dialog.evaluate("dialog => dialog.contains(document.activeElement)")
        leave()
        assert not dialog.is_visible()
        assert opener.evaluate("button => button === document.activeElement")
    opener.click()
    dialog.get_by_text("You can undo this").click()
    assert dialog.is_visible(), "a click inside is none beside it"


def test_toast_is_read_aloud_lies_above_a_dialog_and_goes_unless_it_is_bad(browser: "Browser") -> None:
    with kit(browser, screen={"width": 1280, "height": 800}) as page:  # a tab of its own, as the clock stays
        page.clock.install()
        page.get_by_role("button", name="Move to the trash").click()
        page.evaluate("whatsit.toast('Saved <b>.', 'good'); whatsit.toast('The disk is full.', 'bad')")
        assert page.get_by_role("alert").inner_text().startswith("The disk is full.")
        assert page.get_by_role("status").inner_text().startswith("Saved <b>.")
        page.locator(".toast").first.click()  # nothing lies above it
        page.clock.run_for(10_000)
        assert page.locator(".toast").all_inner_texts() == ["The disk is full.\n\n×"]
        page.keyboard.press("Escape")
        page.get_by_role("alert").get_by_role("button", name="Close").click()
        assert page.locator(".toast").count() == 0


def test_pictures_are_chosen_dropped_or_pasted(page: "Page", tmp_path: Path) -> None:
    zone = page.locator("#drop")
    for name in ("one.png", "two.jpg"):
        (tmp_path / name).write_bytes(b"x")
    field = page.get_by_label("Choose pictures")
    field.focus()
    assert zone.locator("label").evaluate("label => getComputedStyle(label).outlineStyle") == "solid"
    for _ in range(2):  # the same again
        field.set_input_files([tmp_path / "one.png", tmp_path / "two.jpg"])
    assert page.evaluate("taken.splice(0)") == ["one.png", "two.jpg"] * 2

    carried = """() => { const carried = new DataTransfer();
        carried.items.add(new File(["x"], "three.webp", {type: "image/webp"}));
        carried.items.add(new File(["x"], "four.heic"));
        carried.items.add(new File(["x"], "a.txt", {type: "text/plain"}));
        return carried }"""
    transfer = page.evaluate_handle(carried)
    missed = """dataTransfer => !document.body.dispatchEvent(
        new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}))"""
    assert page.evaluate(missed, transfer), "a picture beside the zone does not replace the page"
    zone.dispatch_event("dragover", {"dataTransfer": transfer})
    assert "over" in (zone.get_attribute("class") or "")
    zone.dispatch_event("drop", {"dataTransfer": transfer})
    assert "over" not in (zone.get_attribute("class") or "")
    page.evaluate(
        "carried => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: carried}))", transfer
    )
    assert page.evaluate("taken") == ["three.webp", "four.heic"] * 2
    assert page.get_by_role("alert").first.inner_text().startswith("a.txt is not a picture.")


def test_nothing_moves_for_those_who_asked_for_that(browser: "Browser") -> None:
    with kit(browser, reduced_motion="reduce") as page:
        durations = "[...document.querySelectorAll('*')].map(one => getComputedStyle(one).transitionDuration)"
        assert set(page.evaluate(durations)) == {"0s"}


def test_print_shows_all_panels_and_no_buttons(page: "Page") -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".panel:visible").count() == 3
    assert page.locator("button:visible:not(.gallery button)").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_high_contrast_has_no_gray(browser: "Browser") -> None:
    with kit(browser, contrast="more") as page:
        soft, ink = (
            page.locator(one).first.evaluate("one => getComputedStyle(one).color") for one in (".soft", "h1")
        )
        assert soft == ink


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_page_is_as_wide_as_its_screen(browser: "Browser", width: int) -> None:
    with kit(browser, "zh", width) as page:
        for tab in page.get_by_role("tab").all():
            tab.click()
            assert page.evaluate("document.documentElement.scrollWidth") == width


def test_no_template_and_no_script_has_styles_or_handlers_inside() -> None:
    for file in [*STATIC.iterdir(), *(STATIC.parent / "templates").iterdir()]:
        text = file.read_text()
        assert not re.search(r"""\sstyle=|\son[a-z]+=["{]|setAttribute\("style|javascript:""", text), file
