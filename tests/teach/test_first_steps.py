"""Steps 1 to 4 of the course as a reader goes through them, in a real browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.conftest import _chromium
from tests.web import opened
from tests.web.test_accessibility import faults

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

# What sticks out, other than what scrolls on its own.
WIDER = """() => [...document.querySelectorAll("main *")]
  .filter((one) => !one.closest(".code, .scroll, .formula, .visually-hidden"))
  .filter((one) => one.getBoundingClientRect().right > 321)
  .map((one) => one.outerHTML.slice(0, 90))"""
pytestmark = pytest.mark.usefixtures("browser")  # which stays open for the page of the module
TOO_HIGH = "The learning rate was too high: the loss went from"


@pytest.fixture(scope="module")
def page(written: Path) -> "Iterator[Page]":
    """One for all tests, each of which has its own part of it; what moves comes to its end at once."""
    with opened(_chromium.open(), written, reduced_motion="reduce") as page:
        yield page


@pytest.fixture(scope="module")
def points(written: Path) -> tuple[Any, Any]:
    found = re.search(r'id="course">(.*?)</script>', written.read_text(encoding="utf-8"))
    assert found
    line = json.loads(found[1])["line"]
    return np.array(line["x"]), np.array(line["y"])


def beat(page: "Page", key: str, choice: int = 0) -> "Locator":
    """A part of a step, once its question is answered."""
    if page.locator(f"[data-beat={key}].closed").count():
        page.locator(f"[data-beat={key}] .choices button").nth(choice).click()
    return page.locator(f"[data-beat={key}]")


def value(part: "Locator", key: str) -> float:
    return float(part.locator(f"[data-out={key}]").inner_text().replace("−", "-").removeprefix("≈"))


def mse(points: tuple[Any, Any], slope: float, intercept: float) -> float:
    x, y = points
    return float(((slope * x + intercept - y) ** 2).mean())


def gradient(points: tuple[Any, Any], slope: float, intercept: float) -> tuple[float, float]:
    x, y = points
    errors = slope * x + intercept - y
    return float(2 * (errors * x).mean()), float(2 * errors.mean())


def test_figure_opens_when_its_question_is_answered(browser: "Browser", written: Path) -> None:
    with opened(browser, written, reduced_motion="reduce") as page:
        opens_when_answered(page)


def opens_when_answered(page: "Page") -> None:
    part = page.locator("[data-beat=grid]")
    cell = part.locator(".pixels button").first
    expect(cell).not_to_be_visible()
    assert part.locator(".inside").get_attribute("inert") is not None
    part.get_by_role("button", name="Two loops").click()
    expect(cell).to_be_visible()
    expect(part.locator("[data-see]")).to_be_hidden()
    cell.click()
    expect(part.locator(".verdict")).to_have_text(
        "You predicted “Two loops, one above the other”. It is “64 numbers”."
    )
    part = page.locator("[data-beat=rank]")
    part.get_by_role("button", name="Open it without a prediction").click()
    part.get_by_label("4", exact=True).check()
    expect(part.locator("[data-see]")).to_be_visible()
    expect(part.locator(".verdict")).to_be_hidden()
    expect(part.locator(".code")).to_contain_text("torch.Size([64, 480, 640, 3])")


def test_digit_is_drawn_with_the_mouse_and_with_keys(page: "Page") -> None:
    part = beat(page, "grid", 1)
    cells = part.locator(".pixels button")
    first, second = cells.nth(0).bounding_box(), cells.nth(1).bounding_box()
    assert first
    assert second
    page.mouse.move(first["x"] + 9, first["y"] + 9)
    page.mouse.down()
    page.mouse.move(second["x"] + 9, second["y"] + 9)
    page.mouse.up()
    assert [cells.nth(place).inner_text() for place in (0, 1)] == ["16", "16"]
    cells.nth(1).focus()
    page.keyboard.press("ArrowDown")
    before = part.get_by_role("status").inner_text()
    assert before.startswith("row 2, column 2: ")
    page.keyboard.press("Enter")
    assert part.get_by_role("status").inner_text() == "row 2, column 2: 16"


def test_jagged_arrays_are_found(page: "Page") -> None:
    part = beat(page, "jagged")
    part.get_by_role("button", name="3 tables of 4 × 6").click()
    expect(part.locator(".answer").nth(3)).to_have_text("No, this is a tensor of rank 3.")
    part.get_by_role("button", name="rows of 2, 3 and 1").click()
    part.get_by_role("button", name="two photos").click()
    expect(part.locator("[data-see]")).to_be_visible()


def test_an_integer_cannot_take_a_small_step(page: "Page") -> None:
    part = beat(page, "float", 2)
    said, news = part.locator("[data-float-says]"), part.locator("[data-float-news]")
    expect(said).to_contain_text("tensor([-1., 1.])")
    part.get_by_role("button", name="Ten steps").click()
    expect(news).to_have_text("Ten small steps brought it from −1.0 to −2.0.")
    for _ in range(2):  # to the end of the number line, and once more
        part.get_by_role("button", name="Ten steps").click()
    expect(news).to_have_text("Ten small steps brought it from −3.0 to −4.0.")
    part.get_by_role("button", name="Ten steps").click()
    expect(news).to_have_text("Ten small steps brought it from −1.0 to −2.0.")
    part.locator("input").fill("-1, 1")
    expect(said).to_contain_text("int64")
    part.get_by_role("button", name="Ten steps").click()
    expect(news).to_contain_text("−1 − 0.1 is not an integer")
    part.locator("input").fill("one, two")
    expect(news).to_contain_text("Numbers with commas")
    for text, words in (
        ("100., 1", "between −3 and 3"),
        ("1e3", "Numbers with commas"),
        ("nan", "Numbers with"),
    ):
        part.locator("input").fill(text)
        expect(said).to_be_empty()  # not what PyTorch said of the numbers before
        part.get_by_role("button", name="Ten steps").click()
        expect(news).to_contain_text(words)
    part.get_by_role("button", name="Start again").click()
    expect(said).to_contain_text("tensor([-1., 1.])")


def test_error_rate_is_of_the_readers_own_answers(page: "Page") -> None:
    part = beat(page, "answer", 2)
    cards = part.locator(".digit")
    for place in range(5):  # the first class is right for some, and wrong for others
        cards.nth(place).locator(".choice label").first.click()
    right = part.get_by_text("✓ right").count()
    chain = part.locator("[data-chain]")
    expect(chain).to_contain_text(f"accuracy    {right / 5:g}")
    expect(chain).to_contain_text(f"error_rate  {1 - right / 5:g}")
    before = chain.inner_text().splitlines()
    cards.nth(4).locator("input[type=range]").fill("99")
    after = chain.inner_text().splitlines()
    assert before[0] != after[0], "the probabilities"
    assert before[1:] == after[1:], "the error rate"
    expect(part.locator("[data-see]")).to_be_visible()


def test_matrix_product_follows_its_numbers(page: "Page") -> None:
    part = beat(page, "product", 2)
    part.get_by_role("button", name="Next row").click()
    expect(part.get_by_role("status")).to_have_text("Row 1: 0.5 × 3 + 1 × 2 = 3.5")
    part.get_by_role("button", name="All rows").click()
    numbers = part.locator(".cells .result")
    expect(numbers).to_have_text(["3.5", "−1", "4.4", "1.4", "2"])
    part.get_by_label("a, number 1").fill("-2")
    expect(numbers).to_have_text(["1", "4", "0.4", "2.4", "2"])
    expect(part.locator(".code")).to_contain_text("a = tensor([-2., 2.])")
    part.get_by_label("a, number 1").fill("1e10")
    expect(part.get_by_role("status")).to_have_text("Row 5: 0 × 1e10 + 1 × 2 = 2")
    expect(numbers.nth(0)).to_have_text("5e9")
    part.get_by_label("x, row 3, column 1").fill("warm")
    expect(part.get_by_role("status")).to_have_text("“warm” is not a number.")
    expect(part.locator(".verdict")).to_have_text("You predicted “10”. That is right.")


def test_loop_and_product_are_timed(page: "Page") -> None:
    part = beat(page, "speed", 2)
    part.get_by_role("button", name="Show both times").click()
    expect(part.locator(".time")).to_have_count(2)
    expect(part.locator("[data-times]")).to_contain_text("100,000 rows in Python. The product is")


def test_line_is_dragged_with_the_mouse_and_with_keys(page: "Page", points: tuple[Any, Any]) -> None:
    part = beat(page, "fit", 2)
    assert value(part, "fit-mse") == pytest.approx(mse(points, -1, 1), abs=6e-4)
    middle, end = part.get_by_role("slider").all()
    box = middle.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] - 40, steps=3)
    page.mouse.up()
    assert value(part, "fit-a1") == -1
    assert value(part, "fit-a2") > 1.3
    part.get_by_role("button", name="Back to the first guess").click()
    middle.focus()
    for key, end_of_axis in (("Home", "aria-valuemin"), ("End", "aria-valuemax")):
        page.keyboard.press(key)
        assert value(part, "fit-a2") == float(middle.get_attribute(end_of_axis) or "nan")
    for _ in range(6):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowDown")
    expect(part.locator("[data-see]")).to_be_hidden()  # many moves are not yet a low loss
    part.get_by_role("button", name="Back to the first guess").click()
    middle.focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowUp")
    end.focus()
    for _ in range(8):
        page.keyboard.press("Shift+ArrowUp")
    assert (value(part, "fit-a1"), value(part, "fit-a2")) == (3, 2.5)
    assert value(part, "fit-mse") == pytest.approx(mse(points, 3, 2.5), abs=6e-4)
    assert value(part, "fit-rmse") == pytest.approx(mse(points, 3, 2.5) ** 0.5, abs=6e-4)
    expect(part.locator("[data-line='1']")).to_contain_text(f"{mse(points, 3, 2.5):.4f}")
    expect(part.locator(".verdict")).to_be_visible()
    name = part.get_by_role("img").first.get_attribute("aria-label")
    assert name
    assert "slope 3.00 and intercept 2.50" in name
    expect(part.get_by_role("status")).to_have_text(name)


def test_best_of_four_nudges_leads_to_the_bottom(page: "Page", points: tuple[Any, Any]) -> None:
    part = beat(page, "nudge")
    tries = {"steeper": (-0.9, 1), "flatter": (-1.1, 1), "up": (-1, 1.1), "down": (-1, 0.9)}
    losses = {name: mse(points, *place) for name, place in tries.items()}
    for name, loss in losses.items():
        assert float(part.locator(f"[data-out=nudge-{name}]").inner_text()[2:]) == pytest.approx(
            loss, abs=6e-4
        )
    best = min(losses, key=lambda name: losses[name])
    expect(part.locator("button.best")).to_have_class(re.compile(f"nudge-{best}"))
    part.get_by_role("button", name="until no nudge helps").click()
    assert value(part, "nudge-losses") == 4 * value(part, "nudge-count")
    lowest = np.polyfit(*points, 1)
    assert value(part, "nudge-loss") <= mse(points, *lowest) + 0.01
    expect(part.locator("button.best")).to_have_count(0)
    expect(part.locator("[data-see]")).to_be_visible()


def test_derivative_is_what_nudges_measure(page: "Page", points: tuple[Any, Any]) -> None:
    part = beat(page, "slope")
    place = (-1.0, 1.0)
    for _ in range(3):
        for number, slope in enumerate(gradient(points, *place), 1):
            shown = [
                float(part.locator(f"[data-out={key}-{number}]").inner_text().replace("−", "-"))
                for key in ("grad", "nudged")
            ]
            assert shown == pytest.approx([slope, slope], abs=6e-5)
        part.get_by_role("button", name="One step downhill").click()
        left, right = gradient(points, *place)
        place = (place[0] - 0.1 * left, place[1] - 0.1 * right)


def test_race_is_blind_and_ends_after_ten_moves(page: "Page") -> None:
    part = beat(page, "race", 0)
    expect(part.get_by_role("img").first).to_have_accessible_name(re.compile("covered"))
    for _ in range(10):
        part.get_by_role("button", name="Make this move").click()
    expect(part.get_by_role("button", name="Make this move")).to_be_disabled()
    expect(part.get_by_role("img").first).to_have_accessible_name(re.compile("line of the derivative"))
    assert value(part, "race-its") < value(part, "race-mine")
    expect(part.locator(".verdict")).to_have_text("You predicted “I do”. It is “The derivative”.")


def test_loop_prints_every_tenth_loss(page: "Page", points: tuple[Any, Any]) -> None:
    part = beat(page, "loop", 1)
    for line in ("loss = mse(x @ a, y)", "print(loss.item())", "loss.backward()"):
        for _ in range(5):
            if line in (part.locator(".lit").text_content() or ""):
                break
            part.get_by_role("button", name="Next line").click()
        expect(part.locator(".lit")).to_contain_text(line)
    left, right = gradient(points, -1, 1)
    expect(part.locator("[data-loop-says]")).to_contain_text(f"{left:.3f} for the slope".replace("-", "−"))
    part.get_by_role("button", name="Run 100 steps").click()
    place, losses = (-1.0, 1.0), []
    for _ in range(100):
        losses.append(mse(points, *place))
        left, right = gradient(points, *place)
        place = (place[0] - 0.1 * left, place[1] - 0.1 * right)
    printed = (part.locator("[data-printed]").text_content() or "").split()
    assert [float(one) for one in printed] == pytest.approx(losses[::10], abs=6e-5)
    assert 6 < losses[0] < 10
    assert losses[-1] < 0.1
    part.get_by_label("with a.grad.zero_()").uncheck()
    part.get_by_role("button", name="Run 100 steps").click()
    assert max(float(one) for one in (part.locator("[data-printed]").text_content() or "").split()[5:]) > 1
    expect(part.locator(".verdict")).to_contain_text("That is right.")


def test_three_balls_take_their_steps(page: "Page") -> None:
    part = beat(page, "bowl", 2)
    part.get_by_role("button", name="20 steps").click()
    said = [part.locator(f"[data-out=bowl-{key}]").inner_text() for key in ("small", "good", "large")]
    for text, factor in zip(said, (0.94, 0.4, -1.1), strict=True):
        assert text.startswith(
            f"step 20: x = {-2 * factor**20:.3g}".replace("-2.2e-08", "−2.2e-8")[:14].replace("-", "−")
        )
    assert float(said[2].rpartition(" ")[2]) > 100
    part.locator("[data-slider=rate-small]").fill("0.5")
    part.locator("[data-slider=rate-good]").fill("1.2")
    assert part.locator("h4").all_inner_texts() == ["About right", "Far too large", "Far too large"]
    expect(part.locator(".verdict")).to_contain_text("That is right.")


def steps_to_bottom(points: tuple[Any, Any], lr: float) -> int | None:
    goal, place = 1.01 * mse(points, *np.polyfit(*points, 1)), (-1.0, 1.0)
    for step in range(10_001):
        if mse(points, *place) <= goal:
            return step
        left, right = gradient(points, *place)
        place = (place[0] - lr * left, place[1] - lr * right)
    return None


def test_rates_are_measured_and_the_best_is_found(page: "Page", points: tuple[Any, Any]) -> None:
    part = beat(page, "rate", 2)
    part.get_by_role("button", name="Measure 60 rates now").click()
    said = part.locator("[data-sweep-says]").inner_text()
    found = re.search(r"Fewest: (\d+) steps at ([\d.]+)\.$", said)
    assert found, said
    assert steps_to_bottom(points, float(found[2])) == int(found[1])
    expect(part.locator(".verdict")).to_contain_text("That is right.")
    x = np.stack([points[0], np.ones(len(points[0]))], 1)
    edge = 2 / np.linalg.eigvalsh(2 * x.T @ x / len(x))[-1]
    expect(part.locator("[data-edge]")).to_contain_text(f"Here that is {edge:.3f}.")


@pytest.mark.parametrize(
    ("typed", "words", "last"),
    [
        ("0", "A rate of 0 changes nothing", "7.1"),
        ("-0.1", "A negative rate walks uphill", ""),
        ("abc", "“abc” is not a number. Type a rate such as 0.1.", "–"),
        (
            "1",
            "in 100 steps the loss first fell from 7.1 to 1.79, and then rose to 4.51.",
            "4.51",
        ),
        (
            "1.3",
            f"{TOO_HIGH} 7.10 to 2.45 × 10⁴¹ in 100 steps.",
            "2.45 × 10⁴¹",
        ),
        ("50000", f"{TOO_HIGH} 7.10 to infinity in 62 steps.", ""),
    ],
)
def test_bad_rates_are_explained(page: "Page", typed: str, words: str, last: str) -> None:
    part = beat(page, "rate", 2)
    part.get_by_label("or type it").fill(typed)
    expect(part.locator("[data-doctor]")).to_contain_text(words)
    expect(part.locator("[data-out=run-steps]")).to_have_text("–" if typed == "abc" else "never")
    if last:
        expect(part.locator("[data-out=run-last]")).to_have_text(last)
    part.get_by_label("or type it").fill("0.1")
    expect(part.locator("[data-doctor]")).to_be_hidden()


def test_four_trainings_that_went_wrong_are_diagnosed(page: "Page") -> None:
    part = beat(page, "four")
    for place, (wrong, right) in enumerate(
        [("high", "few"), ("many", "high"), ("few", "many"), ("few", "low")]
    ):
        card = part.locator(f"[data-case='{place}']")
        card.locator("select").select_option(wrong)
        expect(card.get_by_role("status")).to_have_text("Look again.")
        card.locator("select").select_option(right)
        expect(card.get_by_role("status")).to_contain_text("Right.")
    expect(part.locator("[data-see]")).to_be_visible()


def test_settings_are_in_the_address(browser: "Browser", written: Path) -> None:
    with opened(browser, written, reduced_motion="reduce") as page:
        beat(page, "fit").get_by_role("slider").first.focus()
        page.keyboard.press("ArrowUp")
        page.wait_for_url("**#*a2=1.05*")
        page.goto("about:blank")
        page.goto(f"{written.as_uri()}#step=3&a1=2&a2=1.5&squares=0&lr=5&race1=2.5&race2=-1")
        part = beat(page, "fit")
        assert (value(part, "fit-a1"), value(part, "fit-a2")) == (2, 1.5)
        assert not part.get_by_label("Show the squares").is_checked()
        for key, shown in (("lr", "5"), ("race1", "2.5"), ("race2", "−1.0")):
            expect(page.locator(f"[data-slider={key}]")).to_have_attribute("aria-valuetext", shown)
        assert page.locator("[data-typed]").input_value() == "5"
        assert page.evaluate("document.activeElement.closest('section').id") == "step-3"
        expect(page.locator(".step-head [role=alert]")).to_have_count(0)
        page.goto("about:blank")
        page.goto(f"{written.as_uri()}#step=3&open=fit&a1=2.97&a2=2.51")
        expect(part.locator("[data-see]")).to_be_hidden()  # who fitted it was somebody else
        part.get_by_role("slider").first.press("ArrowUp")
        expect(part.locator("[data-see]")).to_be_visible()


def test_what_the_address_asks_for_in_vain_is_answered_in_words(browser: "Browser", written: Path) -> None:
    address = f"{written.as_uri()}#lr=NaN&a1=12&view=upside-down&rate-small=-3"
    with opened(browser, written, reduced_motion="reduce") as page:
        page.goto("about:blank")
        page.goto(address)
        for step, words in (
            (1, "view=upside-down, which is not one of the choices: the page takes both."),
            (3, "a1=12, which must be a number from -9 to 9: the page takes 9."),
            (4, "rate-small=-3, which must be a number from 0.01 to 1.2: the page takes 0.01."),
            (4, "lr=NaN, which is not a number: the page takes 0.1."),
        ):
            head = page.locator(f"#step-{step} .step-head")
            expect(head.get_by_text(f"The address says {words}")).to_be_visible()
        page.wait_for_url("**#lr=0.1&a1=9&view=both&rate-small=0.01")


def test_own_run_is_explained_after_three_tries(page: "Page") -> None:
    part = beat(page, "own", 1)
    sliders = part.get_by_role("slider")
    for place, key in ((0, "ArrowLeft"), (1, "End")):
        expect(part.locator("[data-see]")).to_be_hidden()
        sliders.nth(place).press(key)
    sliders.nth(1).press("Home")
    expect(part.locator(".verdict")).to_have_text("You predicted “About 25”. That is right.")
    expect(part.get_by_role("status").last).to_contain_text("Training and validation loss over 2 epochs")


def test_answered_choices_are_no_stops_of_the_tab_key(page: "Page") -> None:
    part = beat(page, "rate", 2)
    part.locator(".choices button").nth(2).focus()
    page.keyboard.press("Tab")
    expect(part.get_by_role("button", name="Measure 60 rates now")).to_be_focused()


@pytest.mark.parametrize(("name", "scheme"), [("index.html", "light"), ("index.zh.html", "dark")])
def test_axe_finds_no_fault_and_nothing_is_wider_than_a_small_screen(
    browser: "Browser", written: Path, name: str, scheme: Any
) -> None:
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    with opened(browser, written.with_name(name), 320, **options) as page:
        page.evaluate("document.querySelectorAll('#step-4 ~ *').forEach((one) => one.remove())")
        page.locator("[data-open-all]").click()
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert page.evaluate(WIDER) == []
