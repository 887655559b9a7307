"""The page as its visitors use it, in a real browser."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving.conftest import SMALL
from tests.serving.served import Served
from tests.site import Site, respond
from tests.web import tab
from tests.web.test_accessibility import faults, looks
from whatsit.classifier import Classifier
from whatsit.i18n import speaking
from whatsit.serving.door import Rules
from whatsit.serving.page import CONFIDENT, MOST_BARS
from whatsit.web import render

Serve = Callable[..., Served]
Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Open a page of a server; nothing may be logged as an error, nor leave for another site."""
    wrong: list[str] = []
    on: dict[str, Callable[[Any], object]] = {
        "pageerror": lambda error: wrong.append(str(error)),
        "console": lambda line: wrong.append(line.text) if "ontent Security" in line.text else None,
    }
    with ExitStack() as tabs:

        def visit(url: str, **options: Any) -> Page:
            page = tabs.enter_context(tab(browser, on, **options))
            page.goto(url)
            return page

        yield visit
    assert wrong == []


def renamed(names: list[str]) -> Classifier:
    """The small classifier, whose classes are called otherwise."""
    classifier = Classifier(SMALL)
    classifier.classes = list(names)
    classifier.model = replace(classifier.model, classes=names)
    return classifier


@pytest.fixture
def file(tmp_path: Path, picture: bytes) -> Path:
    path = tmp_path / "x.jpg"
    path.write_bytes(picture)
    return path


def test_chosen_picture_is_answered_on_the_page(serve: Serve, visit: Open, file: Path) -> None:
    served = serve()
    label = served.ask("/classify", file.read_bytes()).json["label"]
    page = visit(served.url())
    page.set_input_files("input[name=file]", file)
    verdict = page.locator("#verdict")
    expect(verdict).to_be_visible()
    assert page.locator(".bars li").count() == 4
    assert page.locator(".bars .label").first.inner_text() == label
    assert page.evaluate("document.activeElement.id") == "answer"
    heat = page.locator(".heat")
    page.get_by_role("slider").fill("0")
    assert heat.evaluate("one => getComputedStyle(one).opacity") == "0"
    page.get_by_role("slider").press("ArrowRight")
    assert float(heat.evaluate("one => getComputedStyle(one).opacity")) > 0


def test_page_speaks_the_browsers_language_or_the_chosen_one(serve: Serve, visit: Open, file: Path) -> None:
    page = visit(serve().url(), locale="zh-CN")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.set_input_files("input[name=file]", file)
    expect(page.locator(".said")).to_contain_text("陌生度")
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.set_input_files("input[name=file]", file)
    expect(page.locator(".said")).to_contain_text("Novelty")


def answer_page(*shares: float, verdict: str = "known") -> str:
    """What the page says of an answer with these probabilities."""
    pairs = [[name, share] for name, share in zip("abcd", shares, strict=False)]
    found = {"predictions": pairs, "label": "a", "verdict": verdict, "novelty": None}
    values = {"most": MOST_BARS, "confident": CONFIDENT, "has_inbox": False, "problem": None}
    return render("serve_answer.html", found=found, **values)


def test_only_a_probable_answer_is_called_confident() -> None:
    assert "The classifier is confident that this is “a”." in answer_page(0.9, 0.1)
    with speaking("zh"):
        assert "很可能是“a”。" in answer_page(0.626, 0.374)
    likely = answer_page(0.899, 0.101)
    assert "Probably “a”." in likely
    assert "confident" not in likely + answer_page(0.95, 0.05, verdict="unsure")


def test_shares_near_all_and_nothing_have_a_decimal_as_predict_prints_them() -> None:
    numbers = re.findall(r'class="number">([^<]*)<', answer_page(0.998, 0.0014, 0.0004))
    assert numbers == ["99.8%", "0.1%", "0.0%"]


def test_picture_is_pasted_or_dropped(serve: Serve, visit: Open, picture: bytes) -> None:
    page = visit(serve().url())
    for kind, transfer in [("paste", "clipboardData"), ("drop", "dataTransfer")]:
        page.evaluate(
            """([kind, transfer, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], "x.jpg", { type: "image/jpeg" }));
                const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
                document.querySelector("#answer").replaceChildren();
                const place = kind === "paste" ? document : document.querySelector("#drop");
                place.dispatchEvent(new Kind(kind, { [transfer]: data, bubbles: true, cancelable: true }));
            }""",
            [kind, transfer, list(picture)],
        )
        expect(page.locator("#verdict")).to_be_visible()


def test_file_that_is_no_picture_is_refused_and_the_old_answer_goes(
    serve: Serve, visit: Open, file: Path, tmp_path: Path
) -> None:
    page = visit(serve(urls=True).url())
    table = tmp_path / "table.csv"
    table.write_text("a,b")
    for _ in range(2):  # the same file again, too
        page.set_input_files("input[name=file]", file)
        expect(page.locator("#verdict")).to_be_visible()
        page.set_input_files("input[name=file]", table)
        expect(page.get_by_role("alert")).to_have_text("table.csv is not a picture.")
        assert page.locator("#verdict").count() == 0
    page.get_by_role("button", name="Classify", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Enter an address first.")


def test_address_is_classified(serve: Serve, visit: Open, site: Site, picture: bytes) -> None:
    site.pages["/bear.jpg"] = respond(picture)
    page = visit(serve(allow_private=True).url())
    page.get_by_label("Or its address").fill(site.url("/bear.jpg"))
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_be_visible()
    page.get_by_label("Or its address").fill(site.url("/none.jpg"))
    page.get_by_role("button", name="Classify", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("No picture can be fetched from this address.")


def test_page_works_without_javascript(serve: Serve, visit: Open, file: Path, site: Site) -> None:
    site.pages["/bear.jpg"] = respond(file.read_bytes())
    page = visit(serve(allow_private=True).url(), java_script_enabled=False)
    page.set_input_files("input[name=file]", file)
    page.get_by_role("button", name="Classify", exact=True).click()
    assert page.locator("#verdict").is_visible()
    assert page.locator(".heat").is_visible()
    page.get_by_label("Or its address").fill(site.url("/bear.jpg"))
    page.get_by_role("button", name="Classify", exact=True).click()
    assert page.locator("#verdict").is_visible()
    page.get_by_role("button", name="Classify", exact=True).click()
    assert "Choose a picture first." in page.get_by_role("alert").inner_text()


def test_page_works_with_the_keyboard_alone(serve: Serve, visit: Open, file: Path, tmp_path: Path) -> None:
    served = serve(inbox=tmp_path / "inbox")
    page = visit(served.url(), locale="en-GB")  # a tab of its own: once, no chooser opened in a shared one
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    chooser.value.set_files(file)
    expect(page.locator("#verdict")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"
    page.keyboard.press("Tab")
    page.keyboard.type("dog")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".wrong")).to_contain_text("Thank you.")
    assert [one.parent.name for one in (tmp_path / "inbox").rglob("*.jpg")] == ["dog"]


def test_camera_shows_and_classifies_what_it_sees(serve: Serve, visit: Open) -> None:
    page = visit(serve().url(host="localhost"), permissions=["camera"])
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("video")).to_have_js_property("videoWidth", 640)
    page.get_by_role("button", name="Classify this view").click()
    expect(page.locator("#verdict")).to_be_visible()
    page.get_by_role("button", name="Stop the camera").click()
    assert page.locator("video").is_hidden()


def test_page_without_a_secure_address_says_why_there_is_no_camera(serve: Serve, visit: Open) -> None:
    page = visit(serve().url(host="bears.test"))
    assert page.get_by_role("button", name="Use the camera").is_hidden()
    assert "The live camera needs HTTPS" in page.inner_text("#no-live")
    assert page.get_by_text("Take a photo", exact=True).is_visible()


def test_page_says_what_happens_to_a_picture(serve: Serve, visit: Open, tmp_path: Path) -> None:
    assert "Your picture is only used for the answer, and not kept." in visit(serve().url()).inner_text(
        "body"
    )
    served = serve(inbox=tmp_path)
    kept = "It is kept if you send a correction."
    footer = visit(served.url()).inner_text("footer")
    assert kept in footer
    assert "not kept" not in footer
    plain = visit(served.url(), java_script_enabled=False).inner_text("footer")
    assert "not kept" in plain, "there is nothing to correct with"
    assert kept not in plain


def test_busy_server_is_asked_again(serve: Serve, visit: Open, file: Path) -> None:
    served = serve()
    page = visit(served.url())
    pool, times = served.app.state.shared.pool, []
    places, pool.places = pool.places, 0
    page.on("response", lambda response: times.append(response.status))

    def freed(response: object) -> None:
        pool.places = places

    page.on("response", freed)
    page.set_input_files("input[name=file]", file)
    expect(page.locator("#verdict")).to_be_visible()
    assert times == [503, 200]


def test_server_that_has_gone_is_reported(serve: Serve, visit: Open, file: Path) -> None:
    page = visit(serve().url())
    page.route("**/*", lambda route: route.abort())
    page.set_input_files("input[name=file]", file)
    expect(page.get_by_role("alert")).to_contain_text("The server can't be reached.")


def test_what_a_proxy_answers_is_not_shown_as_an_answer(serve: Serve, visit: Open, file: Path) -> None:
    page = visit(serve().url())
    page.route(
        "**/*part=answer", lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Bad")
    )
    page.set_input_files("input[name=file]", file)
    expect(page.get_by_role("alert")).to_contain_text("The server can't be reached.")
    assert page.locator("#answer h1").count() == 0


def test_visitor_without_the_key_reads_what_is_missing(serve: Serve, visit: Open, file: Path) -> None:
    served = serve(rules=Rules("correct-horse"))
    page = visit(served.url(), locale="zh-CN")
    expect(page.locator(".problem")).to_contain_text("使用这个服务器需要密钥。")
    assert page.locator(".problem").evaluate("one => getComputedStyle(one).borderStyle") == "solid"
    page.goto(served.url("/?key=correct-horse"))
    page.context.clear_cookies()
    page.set_input_files("input[name=file]", file)
    expect(page.get_by_role("alert")).to_have_text(
        "使用这个服务器需要密钥。请打开您收到的链接，或以 bearer token 的形式发送密钥。"
    )


def test_correction_names_a_class_that_the_visitor_chose(
    serve: Serve, visit: Open, file: Path, tmp_path: Path
) -> None:
    page = visit(serve(inbox=tmp_path / "inbox").url())
    page.set_input_files("input[name=file]", file)
    page.get_by_role("button", name="Send the correction").click()
    assert page.get_by_label("Wrong? It is").evaluate("one => one.validity.valueMissing")
    assert list((tmp_path / "inbox").iterdir()) == []


def test_picture_that_is_none_is_reported(serve: Serve, visit: Open, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"<html>")
    page = visit(serve().url(), locale="zh-CN")
    page.set_input_files("input[name=file]", tmp_path / "x.jpg")
    expect(page.get_by_role("alert")).to_contain_text("这张图片无法使用")


def test_class_names_of_a_stranger_are_shown_as_text(
    serve: Serve, visit: Open, file: Path, cache: Path
) -> None:
    names = ["<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "bee\u202e", "dog"]
    page = visit(serve(renamed(names)).url())
    page.set_input_files("input[name=file]", file)
    expect(page.locator("#verdict")).to_be_visible()
    assert page.locator(".bars img").count() == page.locator(".bars script").count() == 0
    assert "\u202e" not in page.inner_text("body")


def test_commands_to_copy_quote_the_names_of_a_stranger(serve: Serve, tmp_path: Path) -> None:
    names = ["a; rm -rf $HOME", "it's", "c", "d"]
    shown = serve(renamed(names), inbox=tmp_path).ask("/docs").text
    assert "-F &#39;label=a; rm -rf $HOME&#39; http" in shown


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_of_the_page(
    serve: Serve, visit: Open, file: Path, width: int, tmp_path: Path
) -> None:
    many = renamed([f"a class with a name of some length {number}" for number in range(3)] + ["W" * 200])
    many.classes.extend(f"class {number}" for number in range(196))
    served = serve(many, inbox=tmp_path)
    page = visit(served.url(), viewport={"width": width, "height": 800})
    page.set_input_files("input[name=file]", file)
    expect(page.locator("#verdict")).to_be_visible()
    for place in ("/", "/docs", "/nowhere/at/all"):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto(served.url(place))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1280])
def test_page_leads_to_the_model_card(serve: Serve, visit: Open, width: int) -> None:
    page = visit(serve().url(), viewport={"width": width, "height": 800})
    page.get_by_role("link", name="About this classifier").click()
    assert page.get_by_role("heading").all_inner_texts()[1:4] == [
        *("Image classifier", "Accuracy", "What it does not know")
    ]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="Back to the page").click()
    expect(page.locator("#ask")).to_be_visible()


@looks
def test_axe_finds_no_fault(
    serve: Serve, visit: Open, file: Path, tmp_path: Path, lang: str, scheme: str, width: int
) -> None:
    served = serve(inbox=tmp_path / "inbox")
    size = {"width": width, "height": 800}
    page = visit(served.url(f"/?lang={lang}"), viewport=size, color_scheme=scheme, reduced_motion="reduce")
    found = faults(page)
    page.set_input_files("input[name=file]", file)
    expect(page.locator("#verdict")).to_be_visible()
    found += faults(page)
    for place in ("docs", "card"):
        page.goto(served.url(f"/{place}?lang={lang}"))
        found += faults(page)
    assert found == []
