"""Steps 5 to 7 of the course, as a reader goes through them: predict, act, see."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web import opened
from whatsit.teach.data import course
from whatsit.teach.digits import TRAIN, load_digits, split
from whatsit.teach.page import write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


# A page takes a second to begin, so that a test goes through several parts of it.
@pytest.fixture
def page(browser: "Browser", written: Path) -> Iterator["Page"]:
    with opened(browser, written, reduced_motion="reduce") as page:
        yield page


def beat(page: "Page", key: str, choice: int | None = None) -> "Locator":
    """A part of a step, after its question was answered."""
    found = page.locator(f'[data-beat="{key}"]')
    if choice is None:
        found.locator("[data-skip]").click()
    else:
        found.locator(".choices button").nth(choice).click()
    return found


def said(page: "Page", key: str) -> str:
    return page.locator(f'[data-said="{key}"]').inner_text()


def numbers(text: str) -> list[float]:
    return [float(one.rstrip(".").replace(",", "")) for one in re.findall(r"\d[\d,.]*", text)]


def slide(within: "Locator", key: str, value: float) -> None:
    within.locator(f'[data-slider="{key}"]').fill(str(value))


def drawn(canvas: "Locator") -> str:
    return str(canvas.evaluate("one => one.toDataURL()"))


def test_surface_turns_by_keys_drag_and_buttons(page: "Page") -> None:
    bowl = beat(page, "5.bowl", 0)
    canvas = bowl.get_by_role("application")
    home = drawn(canvas)
    seen = {home}
    canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
        seen.add(drawn(canvas))
    page.keyboard.press("Home")
    assert drawn(canvas) == home
    for name in ("Turn left", "Look from higher up", "Turn right", "Look from lower down"):
        bowl.get_by_role("button", name=name).click()
        seen.add(drawn(canvas))
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 100, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 220)
    page.mouse.up()
    seen.add(drawn(canvas))
    assert len(seen) >= 8  # the way back from a turn shows an old picture


def test_walk_ends_at_the_bottom_and_a_rate_that_is_too_high_is_explained(page: "Page") -> None:
    bowl = beat(page, "5.bowl", 0)
    assert not bowl.locator("[data-see]").is_visible()
    bowl.get_by_role("button", name="One step").click()
    assert said(page, "5.bowl").startswith("Step 1:")
    bowl.get_by_role("button", name="Walk downhill").click()
    *_, loss, lowest = numbers(said(page, "5.bowl"))
    assert loss == pytest.approx(lowest, abs=2e-3)
    assert bowl.locator(".verdict").inner_text().endswith("That is right.")
    spoken = bowl.get_by_role("status").filter(has_text=said(page, "5.bowl"))
    spoken.wait_for(state="attached")  # once, where the walk stops
    bowl.locator('[data-canvas="5.map"]').click(position={"x": 60, "y": 60})
    assert said(page, "5.bowl").startswith("Step 0:")
    slide(bowl, "5.slope", -1.5)  # what a click on the map does, for a keyboard
    slide(bowl, "5.intercept", 4)
    assert said(page, "5.bowl").startswith("Step 0: slope −1.50, intercept 4.00")
    assert bowl.locator(".doctor").is_hidden()
    slide(bowl, "5.lr", 0.17)  # of the exponent: 1.5
    bowl.get_by_role("button", name="Walk downhill").click()
    doctor = bowl.get_by_role("status").filter(has_text="The learning rate was too high").inner_text()
    assert "the loss went from" in doctor
    assert "guessing" not in doctor  # nobody guesses a class here
    slide(bowl, "5.lr", -1)
    bowl.get_by_role("button", name="Start elsewhere").click()
    assert bowl.locator(".doctor").is_hidden()
    address = page.url.partition("#")[0]
    page.goto("about:blank")
    page.goto(f"{address}#all=1&5.lr=0.999")
    bowl.get_by_role("button", name="Walk downhill").click()
    expect(bowl.locator(".doctor")).to_contain_text("in 200 steps the loss first fell from 7.1 to")


def test_batches_momentum_one_cycle_and_newton(page: "Page") -> None:
    batch = beat(page, "5.batch", 2)
    slide(batch, "5.size", 1)
    assert said(page, "5.batch").startswith("1 point a step, 100 steps an epoch, 300 steps in all.")
    assert "That is right." in batch.locator(".verdict").inner_text()
    ends = re.findall(r"\d\.\d+", said(page, "5.batch-seen"))
    whole, some, one = map(float, ends[1:])
    assert whole > 10 * some > 10 * one
    low_rate = numbers(said(page, "5.batch"))[-1]
    slide(batch, "5.rate", -0.3011)  # of the exponent: 0.5
    assert numbers(said(page, "5.batch"))[-1] > 1.2 * low_rate
    whole, some, one = numbers(said(page, "5.batch-rate"))[1:4]
    assert some < one < whole
    slide(batch, "5.size", 100)
    slide(batch, "5.epochs", 2)
    assert said(page, "5.batch").startswith("100 points a step, 1 step an epoch, 2 steps in all.")

    momentum = beat(page, "5.momentum", 0)
    slide(momentum, "5.momentum", 0.7)
    _, with_it, without = numbers(said(page, "5.momentum"))
    assert with_it < without / 3
    assert not momentum.locator("[data-see]").is_visible()  # 0.95 comes out differently
    slide(momentum, "5.momentum", 0.95)
    assert "It is “0.7”" in momentum.locator(".verdict").inner_text()

    cycle = beat(page, "5.cycle", 1)
    assert len(numbers(said(page, "5.cycle"))) == 2  # of the one schedule that is chosen
    assert cycle.get_by_role("img", name="The learning rate and momentum stay the same").is_visible()
    cycle.get_by_role("radio", name="One cycle").check()
    assert not cycle.locator("[data-see]").is_visible()
    cycle.get_by_role("radio", name="Tiny rate").check()
    constant, tiny, one = numbers(said(page, "5.cycle"))[1:]
    assert 100 * one < constant < tiny
    assert cycle.locator("[data-see]").is_visible()

    page.locator("#step-5 .aside summary").click()
    page.get_by_role("button", name="Take Newton's step").click()
    first, last, slope, intercept = numbers(said(page, "5.newton"))
    assert first > 50 * last
    assert (slope, intercept) == pytest.approx((3, 2.5), abs=0.15)


def test_same_loop_fits_a_line_two_digits_and_ten_as_well_as_whatsit_train(page: "Page") -> None:
    loop = beat(page, "6.loop", 1)
    run = loop.get_by_role("button", name="Run the loop")

    def out(key: str) -> str:
        return page.locator(f'[data-out="6.{key}"]').inner_text()

    run.click()
    assert (out("parameters"), out("step")) == ("2", "100")
    assert numbers(said(page, "6.line"))[-2:] == pytest.approx([3, 2.5], abs=0.15)
    assert "mse" in loop.locator(".code").inner_text()
    loop.get_by_role("status").filter(has_text="in 100 steps.").wait_for(state="attached")
    assert not loop.locator("[data-see]").is_visible()  # it is about the next job
    course = page.evaluate("JSON.parse(document.getElementById('course').textContent)")
    for name, job, tiles in (("3 or 8", course["pair"], 2), ("All 10", course["head"]["plain"], 10)):
        loop.get_by_role("radio", name=name).check()
        code = loop.locator(".code").inner_text()
        assert "y_hat = x @ a" in code
        assert "cross_entropy(y_hat, y)" in code  # which has the softmax in it
        assert "softmax" not in code
        run.click()
        assert out("parameters") == str(job["parameters"])
        assert out("step") == str(job["steps"])
        assert out("loss") == f"{job['path'][-1]:.3f}"
        assert out("accuracy") == f"{job['accuracy']:.1%}"
        assert loop.locator('[data-tiles="6.weights"] li').count() == tiles
        assert loop.locator('[data-tiles="6.answers"] li').count() == 12
    assert loop.locator("[data-see]").is_visible()

    head = beat(page, "6.head", 1)
    head.get_by_role("button", name="Train", exact=True).click()
    plain, whatsit = (numbers(one)[0] for one in head.locator(".meter b").all_inner_texts())
    assert plain == pytest.approx(whatsit, abs=3)
    assert head.locator("meter").first.evaluate("one => one.value") == pytest.approx(plain / 100, abs=1e-3)
    assert "That is right." in head.locator(".verdict").inner_text()
    assert "they are about the same" in said(page, "6.head-seen")

    run = beat(page, "6.run", 2)
    slide(run, "6.share", 0.25)
    assert said(page, "6.run").startswith("After 25% of the training")
    line = course["line"]["path"]
    way = (line[0][2] - line[25][2]) / (line[0][2] - line[-1][2])
    assert not run.locator("[data-see]").is_visible()
    slide(run, "6.share", 1)
    assert f"{way:.0%} of the way down" in said(page, "6.run-seen")
    assert "That is right." in run.locator(".verdict").inner_text()


@pytest.mark.parametrize(
    ("accuracy", "verdict"), [(0.2, "here the plain loop is ahead"), (1.0, "here the head is ahead")]
)
def test_verdict_on_the_loop_and_the_head_follows_from_their_accuracies(
    browser: "Browser", tmp_path: Path, accuracy: float, verdict: str
) -> None:
    found = course()
    found["head"]["accuracy"] = accuracy
    if accuracy == 1:
        found["head"]["plain"]["steps"] = 1
    written = write(found, tmp_path / "page")
    with opened(browser, written, reduced_motion="reduce") as page:
        head = beat(page, "6.head", 1)
        head.get_by_role("button", name="Train", exact=True).click()
        assert verdict in said(page, "6.head-seen")
        assert "That is right." not in head.locator(".verdict").inner_text()


def test_degree_15_with_decay_is_as_good_as_degree_3(page: "Page") -> None:
    fit = beat(page, "7.fit", 1)
    for degree in ("3", "15"):
        fit.get_by_role("radio", name=degree, exact=True).check()
    assert not fit.locator("[data-see]").is_visible()  # its words are about decay too
    slide(fit, "7.decay", -2.5)
    rows = [row.locator("td").all_inner_texts() for row in fit.locator("tbody tr").all()]
    (_, stiff_other), (three, three_other), (wild, wild_other), (_, decayed) = [
        map(float, row) for row in rows
    ]
    assert wild < three
    assert wild_other > 10 * three_other
    assert stiff_other > 2 * three_other
    assert decayed == pytest.approx(three_other, rel=0.1)
    assert "That is right." in fit.locator(".verdict").inner_text()
    fit.get_by_role("radio", name="3", exact=True).check()  # which the table has no decay for
    assert fit.locator('[data-slider="7.decay"]').is_disabled()
    assert fit.locator(".now").first.get_attribute("data-out") == "7.own-3"
    assert fit.locator('[data-out="7.own-3"]').inner_text() == f"{three:.3f}"
    fit.get_by_role("button", name="Other points").click()
    others = [row.locator("td").all_inner_texts() for row in fit.locator("tbody tr").all()]
    # All of them are measured again, as the words beside them are.
    assert all("?" not in row and row != before for row, before in zip(others, rows, strict=True))
    fit.get_by_label("Show the points it has not seen").check()
    page.wait_for_url(re.compile("7.seed=6.*7.others=1"))


def test_what_a_validation_set_own_pictures_and_the_loss_show(page: "Page") -> None:
    gap = beat(page, "7.gap", 0)
    gap.get_by_role("button", name="Train on 60 digits").click()
    assert said(page, "7.gap").startswith("Training loss 0.0")
    assert not gap.locator("[data-see]").is_visible()
    gap.get_by_role("radio", name="10 of them wrong").check()
    gap.get_by_role("button", name="Train on 60 digits").click()
    _, lowest, _, end, _ = numbers(said(page, "7.gap-wrong"))
    assert end > lowest + 5  # here it does overfit
    epoch, train, valid, first, last = numbers(said(page, "7.gap-seen"))[:5]
    assert epoch == 1
    assert train < valid / 3
    assert (first, last < 20) == (90, True)
    assert "gets worse" in gap.locator(".verdict").inner_text()

    seller = beat(page, "7.seller", 2)
    widths = []
    for size in (10, 200):
        slide(seller, "7.size", size)
        seller.get_by_role("button", name="Test it").click()
        right, images, share, _, low, high = numbers(said(page, "7.seller"))
        assert images == size
        assert low <= share <= high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2
    assert right < 190
    assert f"{right:.0f} right" in str(seller.get_by_role("img").get_attribute("aria-label"))
    assert "That is right." in seller.locator(".verdict").inner_text()

    entropy = beat(page, "7.entropy", 2)
    handle = entropy.get_by_role("slider")
    assert numbers(said(page, "7.entropy")) == [90, 0.11]
    handle.focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    assert numbers(said(page, "7.entropy")) == [50, 0.69]
    expect(handle).to_have_attribute("aria-valuetext", said(page, "7.entropy"))
    assert entropy.locator("[data-see]").is_visible()


def test_own_photos_stand_beside_the_answers_and_the_last_training_beside_the_line(
    browser: "Browser", tmp_path: Path
) -> None:
    found = course()
    train, valid = (
        {"features": rows.inputs.round(4).tolist(), "labels": (rows.labels % 2).tolist()}
        for rows in split(load_digits(), TRAIN)
    )
    photo = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    shown = {**valid, "photos": [photo, None] * (len(valid["labels"]) // 2)}
    found["pair"] |= {"classes": ["`even`", "*odd*"], **train, "valid": shown, "lr": 0.002, "steps": 40}
    found["head"] |= {"classes": ["`even`", "*odd*"], **train, "valid": valid}
    found["run"] = {"name": "0007", "train": [1.0, 0.4], "valid": [0.8, 0.5], "accuracy": 0.9}
    written = write({**found, "folder": "numbers"}, tmp_path / "page")
    with opened(browser, written, reduced_motion="reduce") as page:
        loop = beat(page, "6.loop", 1)
        loop.get_by_role("radio", name="`even` or *odd*").check()
        assert "“`even`” or “*odd*”?" in loop.inner_text()  # names are not marks
        loop.get_by_role("button", name="Run the loop").click()
        assert loop.locator('[data-tiles="6.answers"] img').count() == 12
        assert loop.locator('[data-part="6.weights"]').is_hidden()  # they are not pixels
        assert float(page.locator('[data-out="6.accuracy"]').inner_text().rstrip("%")) > 75
        head = beat(page, "6.head", 1)
        head.get_by_role("button", name="Train", exact=True).click()
        yours = head.locator(".meter").last.inner_text()
        assert re.sub(r"\s+", " ", yours) == "Your last training, 0007 90.0%"
        seller = page.locator('[data-beat="7.seller"] .words').inner_text()
        assert "digits that it has not seen play" in seller
        run = beat(page, "6.run", 2)
        assert "your own last training, 0007" in run.inner_text()
        label = "Training loss from 1.00 to 0.40 and validation loss from 0.80 to 0.50."
        assert run.get_by_role("img", name=label).is_visible()


def test_settings_of_an_address_are_taken_over_and_kept_within_bounds(
    browser: "Browser", written: Path
) -> None:
    settings = "all=1&5.size=1000&5.momentum=NaN&5.lr=-1&5.slope=6.5&5.cycle=cycle&7.degree=15&7.p=0"
    settings += "&5.epochs=1.5&7.size=33.3"
    with opened(browser, "", reduced_motion="reduce") as page:
        page.goto(f"{written.as_uri()}#{settings}&7.others=1")
        assert said(page, "5.batch").startswith("100 points a step, 1 step an epoch, 2 steps in all")
        assert (
            "7.size=33.3, which is between" in page.locator("#step-7").get_by_role("alert").first.inner_text()
        )
        assert page.locator('[data-slider="7.size"]').get_attribute("aria-valuetext") == "30"
        refused = page.locator("#step-5").get_by_role("alert").all_inner_texts()
        assert [text.split(",")[0] for text in refused] == [
            f"The address says {one}" for one in ("5.lr=-1", "5.size=1000", "5.epochs=1.5", "5.momentum=NaN")
        ]
        assert said(page, "5.momentum").startswith("With momentum 0.00")
        assert page.get_by_role("radio", name="One cycle").is_checked()
        assert said(page, "5.bowl").startswith("Step 0: slope 6.50")
        assert page.get_by_label("Show the points it has not seen").is_checked()
        assert page.locator('[data-out="7.others-15"]').inner_text() != "?"
        assert said(page, "7.entropy").startswith("0.3% for the right class")
