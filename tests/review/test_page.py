"""The page of a review as somebody uses it who knows bears, in a real browser."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.review.reviewed import LABELS, PLAN, bears, many, paged, suspects
from tests.web.test_accessibility import faults, looks
from whatsit.heat_map import HeatMap
from whatsit.project import Project
from whatsit.review.session import Session

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

MANY = 10_000


def explain(content: str, path: Path, label: str) -> HeatMap:
    evidence = np.eye(7, dtype=np.float32)
    return HeatMap(label, np.full((224, 224, 3), 99, np.uint8), evidence, evidence)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    catalog = bears(tmp_path / "bears")
    return Session(catalog, suspects(catalog), explain)


@pytest.fixture
def page(browser: "Browser", session: Session) -> "Iterator[Page]":
    with paged(browser, session) as page:
        yield page


def tile(page: "Page", place: int) -> "Locator":
    return page.locator(f".board li[data-place='{place - 1}'] button")


def here(page: "Page") -> int:
    """The place of the picture that keys are for."""
    return 1 + int(page.locator(".board li.here").get_attribute("data-place") or 0)


def files(session: Session) -> dict[str, set[str]]:
    """The training pictures of each class."""
    root = session.catalog.root / "train"
    return {label: {path.name for path in (root / label).iterdir()} for label in LABELS}


def news(page: "Page", text: str) -> None:
    expect(page.locator(".news")).to_contain_text(text)


def test_label_answer_and_confidence_stand_under_every_picture(page: "Page") -> None:
    assert page.locator(".board li").count() == len(PLAN)
    text = " ".join(tile(page, 1).inner_text().split())
    assert text == "black, looks like grizzly (90%) Wrong label? 99%"
    expect(page.locator(".board img").first).to_have_js_property("naturalWidth", 160)
    assert page.locator(".about").inner_text() == "Reason 1. train/black/black_00.jpg"
    assert "0 of 20 decided." in page.locator(".done").inner_text()
    assert page.title() == "Review"
    assert page.get_by_role("heading", level=1).inner_text() == "Review of bears"


def test_one_key_decides_and_goes_on(page: "Page", session: Session) -> None:
    for place, key, badge, said in [
        (1, "s", "→ grizzly", "1 picture relabeled to grizzly."),
        (2, "x", "✗ removed", "1 picture moved to the trash."),
        (3, "k", "✓ kept", "1 picture kept."),
        (4, "n", "? not sure", "1 picture marked as not sure."),
        (5, "3", "→ teddy", "1 picture relabeled to teddy."),
    ]:
        assert here(page) == place
        page.keyboard.press(key)
        news(page, said)
        expect(tile(page, place)).to_contain_text(badge)
    assert here(page) == 6
    expect(page.locator(".done")).to_contain_text("5 of 20 decided.")
    found = files(session)
    assert {"black_00.jpg"} < found["grizzly"]
    assert {"black_02.jpg"} < found["teddy"]
    assert not {"black_00.jpg", "black_02.jpg"} & found["black"]
    assert not {"grizzly_00.jpg"} & found["grizzly"]
    for place in (5, 4, 3, 2, 1):
        page.keyboard.press("z")
        news(page, "Undone: 1 picture is as before.")
        expect(page.locator(".board .decided")).to_have_count(place - 1)
        assert here(page) == place
    assert files(session) == {
        label: {f"{label}_{n:02}.jpg" for n in range(count)} for label, count in LABELS.items()
    }
    page.keyboard.press("z")
    expect(page.get_by_role("alert")).to_contain_text("There is nothing to undo.")


def test_keys_typed_faster_than_files_move_all_count(page: "Page", session: Session) -> None:
    page.keyboard.type("xxxxx")
    expect(page.locator(".board .decided")).to_have_count(5)
    expect(page.locator(".done")).to_contain_text("5 of 20 decided.")
    assert sum(map(len, files(session).values())) == sum(LABELS.values()) - 5


def test_everything_is_done_by_keyboard(page: "Page", session: Session) -> None:
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert here(page) == 3
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator(".about").inner_text().startswith("3 pictures are selected.")
    page.keyboard.press("Escape")
    assert page.locator(".board [aria-pressed=true]").count() == 0
    page.keyboard.press("Home")
    page.keyboard.press("l")
    dialog = page.get_by_role("dialog", name="Relabel to")
    page.keyboard.type("griz")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("l")
    page.keyboard.type("ted")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    news(page, "1 picture relabeled to teddy.")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Remove: move to the trash")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator(".large")).to_contain_text("2 of 20")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".large")).to_contain_text("3 of 20")
    page.keyboard.press("Escape")
    assert here(page) == 3
    page.keyboard.press("Control+z")
    news(page, "Undone")
    page.keyboard.press("Control+a")
    assert page.locator(".about").inner_text().startswith("20 pictures are selected.")
    page.keyboard.press("x")
    news(page, "20 pictures moved to the trash.")
    expect(page.locator(".advice")).to_contain_text("Now end the review and train again")
    page.keyboard.press("u")
    news(page, "Undone: 20 pictures are as before.")


def test_several_are_selected_with_the_mouse(page: "Page") -> None:
    tile(page, 2).click()
    tile(page, 5).click(modifiers=["Shift"])
    selected = page.locator(".board [aria-pressed=true]")
    expect(selected).to_have_count(4)
    tile(page, 3).click(modifiers=["Control"])
    expect(selected).to_have_count(3)
    tile(page, 1).click()
    expect(selected).to_have_count(0)
    expect(page.locator(".large")).to_be_hidden()
    start, end = tile(page, 1).bounding_box(), tile(page, 3).bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 20, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(end["x"] + 20, end["y"] + 60, steps=4)
    expect(page.locator(".band")).to_be_visible()
    page.mouse.up()
    expect(page.locator(".band")).to_have_count(0)
    expect(selected).to_have_count(3)
    page.get_by_role("button", name="Remove").click()
    news(page, "3 pictures moved to the trash.")
    expect(selected).to_have_count(0)


def test_all_like_one_are_selected_and_relabeled_at_once(page: "Page", session: Session) -> None:
    page.get_by_role("button", name="All like this one").click()
    selected = page.locator(".board li:has([aria-pressed=true])")
    expect(selected).to_have_count(2)
    assert [one.get_attribute("data-place") for one in selected.all()] == ["0", "4"]
    expect(page.locator(".deciding .main")).to_contain_text("grizzly")
    page.keyboard.press("s")
    news(page, "2 pictures relabeled to grizzly.")
    assert {"black_00.jpg", "black_02.jpg"} < files(session)["grizzly"]
    page.keyboard.press("z")
    news(page, "Undone: 2 pictures are as before.")
    page.keyboard.press("Control+a")
    page.keyboard.press("s")
    news(page, "14 pictures kept.")
    news(page, "4 pictures moved to the trash.")
    tile(page, 1).click()
    page.keyboard.press("z")
    news(page, "Undone: 20 pictures are as before.")
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    page.keyboard.press("a")
    expect(selected).to_have_count(13)


def test_near_duplicates_are_side_by_side_and_one_of_them_stays(page: "Page", session: Session) -> None:
    tile(page, 2).click()
    tile(page, 2).click()
    figures = page.locator(".figures figure")
    expect(figures).to_have_count(2)
    assert "160 × 120 pixels" in figures.first.inner_text()
    assert "grizzly" in figures.nth(0).inner_text()
    assert "teddy" in figures.nth(1).inner_text()
    figures.nth(1).click()
    expect(page.locator(".about")).to_contain_text("train/teddy/teddy_00.jpg")
    page.get_by_role("button", name="Keep only this").click()
    news(page, "1 picture moved to the trash. 1 picture kept.")
    assert "grizzly_00.jpg" not in files(session)["grizzly"]
    expect(page.locator(".large")).to_contain_text("4 of 20")
    page.keyboard.press("z")
    news(page, "Undone: 2 pictures are as before.")
    assert "grizzly_00.jpg" in files(session)["grizzly"]


def test_only_one_is_kept_also_where_the_list_lacks_the_others(page: "Page", session: Session) -> None:
    page.get_by_role("button", name="All classes").click()
    page.get_by_role("dialog").get_by_role("button", name="teddy").click()
    expect(page.locator(".board li")).to_have_count(14)
    page.keyboard.press("o")
    news(page, "1 picture moved to the trash. 1 picture kept.")
    assert "grizzly_00.jpg" not in files(session)["grizzly"]
    page.keyboard.press("Home")
    expect(page.locator(".about")).to_contain_text("You decided to keep this picture.")
    page.keyboard.press("o")
    news(page, "1 picture kept.")


def test_large_view_shows_what_speaks_for_the_label_and_for_the_answer(page: "Page") -> None:
    page.get_by_role("button", name="Heat map").click()
    figures = page.locator(".figures figure")
    expect(figures).to_have_count(2)
    assert figures.all_inner_texts() == ["What speaks for black", "What speaks for grizzly"]
    expect(figures.first.locator("img")).to_have_js_property("naturalWidth", 224)
    page.keyboard.press("h")
    expect(figures).to_have_count(1)
    expect(page.locator(".figures img")).to_have_attribute("alt", "train/black/black_00.jpg")
    page.keyboard.press("k")
    expect(page.locator(".large")).to_contain_text("2 of 20")
    page.get_by_role("button", name="All pictures").click()
    expect(page.locator(".board")).to_be_visible()


def test_list_can_be_of_one_reason_or_class(page: "Page") -> None:
    page.get_by_role("button", name="Out of place? 2").click()
    expect(page.locator(".board li")).to_have_count(2)
    page.keyboard.type("kk")
    expect(page.locator(".advice")).to_have_text("Nothing is left here.")
    page.keyboard.press("]")
    expect(page.locator(".board li")).to_have_count(1)
    page.get_by_role("button", name="All 20").click()
    expect(page.locator(".board li")).to_have_count(20)
    expect(page.locator(".done")).to_contain_text("2 of 20 decided.")
    page.get_by_role("button", name="All classes").click()
    page.get_by_role("dialog").get_by_role("button", name="teddy").click()
    expect(page.locator(".board li")).to_have_count(14)
    assert page.locator(".board b").all_inner_texts() == ["teddy"] * 14


def test_progress_says_when_to_stop(page: "Page") -> None:
    page.keyboard.type("sxk")
    page.keyboard.type("k" * 12)
    expect(page.locator(".advice")).to_have_text(
        "Of the 15 most suspicious you kept the last 13: you can stop."
    )


def test_changes_show_each_class_before_and_after(page: "Page") -> None:
    page.keyboard.type("sxk")
    news(page, "1 picture kept.")
    page.get_by_role("button", name="Overview").click()
    dialog = page.get_by_role("dialog", name="Overview")
    assert "So far 1 kept, 1 removed, 1 relabeled, 0 not sure." in dialog.inner_text()
    rows = [row.locator("th, td").all_inner_texts() for row in dialog.locator("tbody tr").all()]
    assert rows == [["black", "5", "", "-1", "", "4"], ["grizzly", "5", "-1", "", "+1", "5"]]
    assert "whatsit train" in dialog.locator("code").inner_text()


def test_fingers_select_swipe_and_decide(browser: "Browser", session: Session) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with paged(browser, session, **phone) as page:
        tile(page, 2).tap()
        assert here(page) == 2
        touch = page.context.new_cdp_session(page)

        def finger(kind: str, *points: tuple[float, float]) -> None:
            touch.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]},
            )

        def middle(place: int) -> tuple[float, float]:
            box = tile(page, place).bounding_box()
            assert box
            return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        selected = page.locator(".board [aria-pressed=true]")
        finger("touchStart", middle(1))
        expect(selected).to_have_count(1)
        finger("touchMove", middle(2))
        finger("touchMove", middle(4))
        finger("touchEnd")
        expect(selected).to_have_count(4)
        tile(page, 2).tap()
        expect(selected).to_have_count(3)
        page.get_by_role("button", name="Remove").tap()
        news(page, "3 pictures moved to the trash.")
        page.get_by_role("button", name="Undo").tap()
        expect(page.locator(".board .decided")).to_have_count(0)
        tile(page, 4).tap()
        tile(page, 4).tap()
        large = page.locator(".large")
        expect(large).to_contain_text("4 of 20")
        for start, end, place in ((300, 100, 5), (100, 300, 4)):
            finger("touchStart", (start, 400))
            finger("touchMove", ((start + end) / 2, 400))
            finger("touchMove", (end, 400))
            finger("touchEnd")
            expect(large).to_contain_text(f"{place} of 20")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_pictures_have_most_of_the_page_on_every_screen(page: "Page") -> None:
    for width, height in ((390, 844), (820, 1180), (844, 390), (640, 640), (2560, 1440)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("width => innerWidth === width", arg=width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.documentElement.scrollHeight") <= height
        board = page.locator(".board").bounding_box()
        assert board
        assert board["height"] > 0.4 * height


def test_page_in_chinese(browser: "Browser", session: Session) -> None:
    with paged(browser, session, "zh") as page:
        assert page.get_by_role("heading", level=1).inner_text() == "复查 bears"
        assert " ".join(tile(page, 1).inner_text().split()) == "black，看起来像grizzly（90%） 标签错误？ 99%"
        page.keyboard.press("x")
        news(page, "已将 1 张图片移到回收站。")
        page.keyboard.press("z")
        page.keyboard.press("z")
        expect(page.get_by_role("alert")).to_contain_text("没有可撤销的操作。")
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Review of bears")


def test_what_goes_wrong_is_a_sentence_and_nothing_is_lost(page: "Page", session: Session) -> None:
    first = session.catalog.root / "train/black/black_00.jpg"
    data = first.read_bytes()
    first.unlink()
    page.keyboard.press("x")
    expect(page.get_by_role("alert")).to_contain_text("black_00.jpg")
    expect(page.locator(".board .decided")).to_have_count(0)
    first.write_bytes(data)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("x")
    news(page, "1 picture moved to the trash.")
    page.context.set_offline(True)
    page.keyboard.press("x")
    expect(page.get_by_role("alert").last).to_contain_text("The review can't be reached.")
    expect(page.locator(".board .decided")).to_have_count(1)


def test_reloaded_page_goes_on_where_the_reviewer_was(page: "Page") -> None:
    page.keyboard.type("sx")
    expect(page.locator(".done")).to_contain_text("2 of 20 decided.")
    page.reload()
    expect(page.locator(".board .decided")).to_have_count(2)
    assert here(page) == 3
    page.keyboard.press("z")
    news(page, "Undone")
    expect(page.locator(".board .decided")).to_have_count(1)


def test_picture_that_another_reviewer_removed_is_named(page: "Page", session: Session) -> None:
    other = Session(session.catalog, session.found)
    keys = [one["key"] for one in other.answer("list", {"count": 2})["items"]]
    other.answer("decide", {"choices": [{"keys": keys, "choice": "remove"}]})
    page.keyboard.press("s")
    expect(page.get_by_role("alert")).to_contain_text("black_00.jpg")
    expect(page.locator(".board .decided")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.get_by_role("alert").last).to_contain_text("was not done in this review")
    other.answer("undo", {})
    page.keyboard.press("Home")
    page.keyboard.press("s")
    news(page, "1 picture relabeled to grizzly.")


def test_folder_without_suspects_or_that_can_not_be_written(browser: "Browser", tmp_path: Path) -> None:
    catalog = bears(tmp_path / "bears")
    catalog = replace(catalog, project=Project.passing(catalog.root))
    with paged(browser, Session(catalog, suspects(catalog, []))) as page:
        expect(page.locator(".empty")).to_have_text("Nothing looks suspicious.")
        assert page.get_by_role("button", name="Keep").is_disabled()
    with paged(browser, Session(catalog, suspects(catalog))) as page:
        page.keyboard.press("x")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator(".board .decided")).to_have_count(0)
    assert (catalog.root / "train/black/black_00.jpg").is_file()


@looks
def test_axe_finds_no_fault(browser: "Browser", session: Session, lang: str, scheme: Any, width: int) -> None:
    options = {"viewport": {"width": width, "height": 800}, "bypass_csp": True}
    with paged(browser, session, lang, color_scheme=scheme, reduced_motion="reduce", **options) as page:
        page.keyboard.type("sxkn")
        page.keyboard.press("Space")
        page.keyboard.press("l")
        found = faults(page)  # with a dialog
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        found += faults(page, "dialog[open]")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.locator(".figures figure").nth(1).wait_for()
        assert found + faults(page) == []


def test_ten_thousand_suspects_take_few_elements(browser: "Browser", session: Session) -> None:
    with paged(browser, Session(session.catalog, many(session.catalog, MANY))) as page:
        seen = set()
        for share in (0, 0.3, 0.7, 1):
            page.evaluate(
                """async share => {
                  const board = document.querySelector(".board");
                  board.scrollTop = share * board.scrollHeight;
                  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
                }""",
                share,
            )
            expect(page.locator(".board li:not(:has(b))")).to_have_count(0)
            assert page.evaluate("document.querySelectorAll('*').length") <= 500
            seen.add(page.locator(".board li").first.get_attribute("data-place"))
        assert len(seen) == 4
        page.locator(".board button").last.focus()
        page.keyboard.press("End")
        assert here(page) == MANY
        page.keyboard.press("Control+a")
        assert page.locator(".about").inner_text().startswith("10,000 pictures are selected.")
