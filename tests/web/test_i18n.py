"""Scripts put messages into the same words as Python does."""

import json
import random
from string import Formatter
from typing import TYPE_CHECKING, Any

import pytest

from tests.web import opened
from whatsit.config import Language
from whatsit.i18n import Message, codes
from whatsit.text import of_any_size
from whatsit.web import render
from whatsit.web.page import for_script

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

INNER = Message("predict.no_pictures", folder="bears {x}")
NUMBERS = [
    0,
    1,
    2,
    1000,
    -3,
    1_234_567,
    0.5,
    1.5,
    2.5,
    0.125,
    0.285,
    2.675,
    1 / 3,
    0.945,
    0.99995,
    1e-5,
    7e-05,
    2e10,
]
WHOLE = [1, 2, 0, 1000]
TEXTS = ["x <b>&", 7, ["a", "é 码"], INNER, [INNER, "b"]]


def sample(spec: str, turn: int) -> Any:
    if "|" in spec:
        return WHOLE[turn % len(WHOLE)]
    if spec == "next":
        return INNER
    choice: list[Any] = (NUMBERS if spec.strip(",") else WHOLE) if spec else TEXTS
    return choice[turn % len(choice)]


def samples() -> list[Message]:
    """Every message of the catalogs, with values of each kind that its places take."""
    made = []
    for code, entry in codes("en").items():
        texts = [entry] if isinstance(entry, str) else entry.values()
        found = [(name, spec or "") for text in texts for _, name, spec, _ in Formatter().parse(text) if name]
        places = dict(
            sorted(found, key=lambda place: ("|" in place[1], place[1]))
        )  # those that choose words decide
        for turn in range(3):
            values = {name: sample(spec, turn + shift) for shift, (name, spec) in enumerate(places.items())}
            made.append(Message(code, **values))
    return made


def said(page: "Page", messages: list[Message]) -> list[str]:
    sent = json.loads(json.dumps([{"code": one.code, "values": one.values} for one in messages]))
    found: list[str] = page.evaluate("all => all.map(one => whatsit.say(one.code, one.values))", sent)
    return found


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_message_reads_the_same_in_the_browser(browser: "Browser", lang: Language) -> None:
    messages = samples()
    with opened(browser, render("base.html", lang, assets=["i18n.js"], messages=[""])) as page:
        assert said(page, messages) == [one.text(lang) for one in messages]


def test_numbers_are_written_the_same(browser: "Browser") -> None:
    dice = random.Random(21)
    numbers = [*NUMBERS, *(dice.randrange(-4000, 4000) / 2 ** dice.randrange(12) for _ in range(300))]
    numbers += [999.5, 999_499, 999_500]
    numbers += [dice.uniform(-1, 1) * 10 ** dice.randrange(-8, 9) for _ in range(300)]
    specs = ("g", ".0g", ".2g", ".0f", ".1f", ".3f", ",.2f", ".0%", ".1%", ".0e", ".1e")
    template = " ".join(f"{{x:{spec}}}" for spec in specs)
    text = render("base.html", "en", assets=["i18n.js"]).replace(
        json.dumps(codes("en")["web.close"]), json.dumps(f"{template} {{x:size}}")
    )
    with opened(browser, text) as page:
        found = page.evaluate("all => all.map(x => whatsit.say('web.close', {x}))", numbers)
        huge = [-2.45e41, 1e308, 3e-5, 1e-300]
        assert page.evaluate("all => all.map(whatsit.ofAnySize)", huge) == [of_any_size(one) for one in huge]
    assert found == [f"{template.format(x=number)} {of_any_size(number)}" for number in numbers]
    assert of_any_size(float("inf")) == "∞"


def test_page_carries_the_messages_that_it_asked_for_and_no_others(browser: "Browser") -> None:
    text = render("base.html", "en", assets=["i18n.js"], messages=["predict."])
    assert '"predict.no_pictures"' in text
    assert '"doctor.' not in text
    unknown = Message("doctor.nothing", x=1).to_dict()
    with opened(browser, text) as page:
        assert page.evaluate("one => whatsit.text(one)", INNER.to_dict()) == INNER.text("en")
        assert page.evaluate("one => whatsit.text(one)", {**unknown, "text": "In words."}) == "In words."


def test_nothing_in_a_message_can_end_its_element() -> None:
    text = for_script("x", {"name": "</script><b>&'码"})
    assert text.count("<") == 2
    assert json.loads(text[text.index(">") + 1 : text.rindex("<")]) == {"name": "</script><b>&'码"}
