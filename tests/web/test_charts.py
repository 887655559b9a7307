"""Charts are the same whether Python draws them or a browser."""

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from tests.web import opened
from whatsit.web import render
from whatsit.web.charts import (
    Axis,
    Bar,
    Bars,
    Chart,
    Lines,
    Matrix,
    Series,
    number_axis,
    percent_axis,
    reliability,
    svg,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EPOCHS = [1.0, 2.0, 3.0, 4.0]
CHARTS: dict[str, Chart] = {
    "losses": Lines(
        "Loss falls from 1.2 to 0.3",
        number_axis("Epoch", 0.5, 4.5, is_whole=True),
        number_axis("Loss", 0, 1.26),
        [
            Series("Training", EPOCHS, [1.2, 0.5, 0.31, 1 / 3]),
            Series("验证 <&>\"'", EPOCHS, [1.1, math.nan, math.inf, 0.4]),
        ],
    ),
    "one epoch": Lines("One", number_axis("x", 1, 1), percent_axis("y"), [Series("Error", [1], [0.25])]),
    "learning curve": Lines(
        "Twice as many pictures",
        Axis("Pictures", 9, 840, {10.0: "10", 100.0: "100", 800.0: "800"}, is_log=True),
        percent_axis("Error rate", 0, 0.37),
        [
            Series(
                "Forecast", [10, 100, 800], [0.3, 0.2, 0.1], span=[(0.2, 0.36), (0.15, 0.25), (0.05, 0.2)]
            ),
            Series("Tried", [10, 10, 100], [0.31, 0.29, 0.21], dots=True),
        ],
    ),
    "reliability": reliability(
        Series("Measured", [0.55, 0.95], [0.5, 0.97], dots=True, span=[(0.3, 0.7), (0.9, 1.0)]),
        "Perfect",
        percent_axis("Probability"),
        percent_axis("Right"),
        "Its probabilities can be trusted",
    ),
    "bars": Bars(
        "Probabilities",
        [
            Bar("grizzly", 0.9345, "93%"),
            Bar("a very long name of a bear", 0.05, "5%", 1),
            Bar("", 1.2, "x"),
        ],
    ),
    "matrix": Matrix(
        "Confusion",
        ["black", "一个很长的类别名称", "teddy"],
        [[1234, 0, 1], [3, 7, 0], [0, 0, 0]],
        "Label",
        "Answer",
    ),
    "nothing": Bars("Nothing", []),
}
PARTS = """host => [...host.querySelectorAll("*")].map(one => [one.namespaceURI, one.tagName,
    Object.fromEntries([...one.attributes].map(each => [each.name, each.value])),
    one.childElementCount ? "" : one.textContent])"""


@pytest.mark.parametrize("name", CHARTS)
def test_chart_is_drawn_the_same_by_python_and_by_the_browser(browser: "Browser", name: str) -> None:
    chart = CHARTS[name]
    with opened(browser, render("base.html", "en", assets=["charts.js"])) as page:
        page.evaluate("document.body.innerHTML = '<div id=ours></div><div id=theirs></div>'")
        page.evaluate("text => { document.getElementById('ours').innerHTML = text }", svg(chart))
        description = json.loads(json.dumps(chart.to_dict(), allow_nan=False))
        page.evaluate("chart => whatsit.drawChart(document.getElementById('theirs'), chart)", description)
        ours, theirs = (page.locator(f"#{id}").evaluate(PARTS) for id in ("ours", "theirs"))
        assert ours == theirs
        assert ours[0][2]["aria-label"] == chart.label


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 0.013), (0, 5), (1, 40), (-3, 3), (0, 12_345), (0.02, 0.021), (3, 3)]
)
def test_ticks_are_the_same_too(browser: "Browser", low: float, high: float) -> None:
    with opened(browser, render("base.html", "en", assets=["charts.js"])) as page:

        def ticks(call: str) -> Any:
            return page.evaluate(f"([low, high]) => whatsit.{call}.ticks", [low, high])

        for axis, call in (
            (number_axis("x", low, high), "numberAxis('x', low, high)"),
            (number_axis("x", low, high, is_whole=True), "numberAxis('x', low, high, true)"),
            (percent_axis("x", low / 50_000, high / 50_000), "percentAxis('x', low / 50000, high / 50000)"),
        ):
            assert ticks(call) == [[pytest.approx(value), text] for value, text in axis.ticks.items()]


def test_ticks_are_few_and_line_up() -> None:
    assert list(number_axis("loss", 0, 1.26).ticks.values()) == ["0.0", "0.5", "1.0"]
    assert list(number_axis("pictures", 0, 12_345).ticks.values())[-1] == "10,000"
    assert list(percent_axis("share", 0, 0.1).ticks.values()) == ["0%", "2%", "4%", "6%", "8%", "10%"]


def test_point_that_is_not_a_number_is_left_out() -> None:
    drawn = svg(CHARTS["losses"])
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert drawn.count("<polyline") == 2
