"""Charts as SVG. `static/charts.js` draws the same, element by element: change both together."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from markupsafe import Markup, escape

from whatsit.web.charts.axes import Axis
from whatsit.web.charts.description import Bars, Chart, Lines, Matrix, Series

WIDTH, HEIGHT = 440, 270
LEFT, RIGHT, TOP, BOTTOM = 52, 24, 12, 42
COLORS = 4
ROW, THICK, NAME, NUMBER = 30, 16, 120, 56  # of bars: their distance and width, room for name and text
LONGEST = 14  # characters of a name that is shown
SIDE, TURNED = 52, 40  # of a matrix: a cell, room for turned names at the right
WIDE = 0x2E80  # from here on characters take two places
Shape = tuple[str, dict[str, str | float], str]


def svg(chart: Chart) -> Markup:
    """Draw a chart."""
    assert isinstance(chart, Lines | Bars | Matrix)
    if isinstance(chart, Lines):
        return _picture("chart", WIDTH, HEIGHT, chart.label, _lines(chart)) + _keys(chart.series)
    if isinstance(chart, Bars):
        return _picture("chart", WIDTH, ROW * len(chart.bars), chart.label, _bars(chart))
    side = _legend(chart) + SIDE * len(chart.names)
    return _picture("chart counts", side + TURNED, side, chart.label, _cells(chart))


def chart(series: Sequence[Series], x: Axis, y: Axis, label: str) -> Markup:
    """Draw lines and dots; `label` describes them for a screen reader."""
    return svg(Lines(label, x, y, series))


def dots(share: float, other: float, label: str, maybe: float = 0.0) -> Markup:
    """A hundred dots: a share of them filled, then shares called `maybe` and `other`, the rest empty.

    `label` describes them for a screen reader.
    """
    filled, open_, marked = (round(100 * one) for one in (share, maybe, other))
    if share < 1:  # only what is all of them looks like all of them
        filled = min(99, filled)
    kinds = ["right"] * filled + ["maybe"] * open_ + ["other"] * marked
    circles: list[Shape] = []
    for place in range(100):
        down, across = divmod(place, 10)
        kind = kinds[place] if place < len(kinds) else "rest"
        circles.append(("circle", {"class": kind, "cx": 10 * across + 5, "cy": 10 * down + 5, "r": 3.8}, ""))
    return _picture("dots", 100, 100, label, circles)


def _picture(kind: str, width: float, height: float, label: str, shapes: Iterable[Shape]) -> Markup:
    inside = "".join(map(_element, shapes))
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return Markup(f'<svg class="{kind}" {size} role="img" aria-label="{escape(label)}">{inside}</svg>')


def _element(shape: Shape) -> str:
    tag, attributes, text = shape
    head = " ".join([tag, *(f'{name}="{escape(_text(value))}"' for name, value in attributes.items())])
    return f"<{head}>{escape(text)}</{tag}>" if text else f"<{head}/>"


def _lines(chart: Lines) -> list[Shape]:
    x, y = chart.x, chart.y
    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT

    def at(across: float, up: float) -> tuple[float, float]:
        return _tenth(LEFT + x.share(across) * (right - LEFT)), _tenth(floor - y.share(up) * (floor - TOP))

    shapes: list[Shape] = []
    for value, text in y.ticks.items():
        _, height = at(x.low, value)
        shapes.append(("line", {"class": "grid", "x1": LEFT, "x2": right, "y1": height, "y2": height}, ""))
        shapes.append(("text", {"x": LEFT - 6, "y": _tenth(height + 4), "text-anchor": "end"}, text))
    for value, text in x.ticks.items():
        shapes.append(("text", {"x": at(value, y.low)[0], "y": floor + 16, "text-anchor": "middle"}, text))
    shapes += [
        ("line", {"class": "axis", "x1": LEFT, "x2": right, "y1": floor, "y2": floor}, ""),
        ("text", {"x": (LEFT + right) / 2, "y": HEIGHT - 6, "text-anchor": "middle"}, x.label),
        (
            "text",
            {"transform": f"translate(12 {_text((TOP + floor) / 2)}) rotate(-90)", "text-anchor": "middle"},
            y.label,
        ),
    ]
    for number, one in enumerate(chart.series):
        shapes += _drawn(one, f"s{number % COLORS}", at)
    return shapes


def _drawn(series: Series, color: str, at: Callable[[float, float], tuple[float, float]]) -> Iterator[Shape]:
    """A series, without the points that are not finite."""
    spans = series.span or [(y, y) for y in series.ys]
    points = [
        (at(x, y), at(x, low), at(x, high))
        for x, y, (low, high) in zip(series.xs, series.ys, spans, strict=True)
        if all(map(math.isfinite, (x, y, low, high)))
    ]
    as_dots = series.dots or len(points) == 1
    if series.span and not series.dots:
        edge = [low for _, low, _ in points] + [high for _, _, high in reversed(points)]
        yield "polygon", {"class": f"band {color}", "points": _path(edge)}, ""
    for (across, up), (_, low), (_, high) in points if as_dots else []:
        if series.span:
            yield "line", {"class": color, "x1": across, "x2": across, "y1": low, "y2": high}, ""
        yield "circle", {"class": color, "cx": across, "cy": up, "r": 4}, ""
    if not as_dots:
        yield "polyline", {"class": color, "points": _path([middle for middle, _, _ in points])}, ""


def _keys(series: Sequence[Series]) -> Markup:
    keys = [
        f'<li><span class="key s{number % COLORS}{" dot" if one.dots else ""}"></span>{escape(one.name)}</li>'
        for number, one in enumerate(series)
        if one.name
    ]
    return Markup("".join(['<ul class="keys">', *keys, "</ul>"] if keys else ""))


def _bars(chart: Bars) -> Iterator[Shape]:
    longest = WIDTH - NAME - NUMBER
    for place, one in enumerate(chart.bars):
        top, base = ROW * place + (ROW - THICK) / 2, ROW * place + ROW / 2 + 4
        long = _tenth(max(0.0, min(1.0, one.share)) * longest)
        size: dict[str, str | float] = {"y": top, "height": THICK, "rx": 3}
        yield "text", {"x": NAME - 8, "y": base, "text-anchor": "end"}, _short(one.name)
        yield "rect", {"class": "track", "x": NAME, "width": longest, **size}, ""
        yield "rect", {"class": f"s{one.series % COLORS}", "x": NAME, "width": long, **size}, ""
        yield "text", {"class": "number", "x": WIDTH, "y": base, "text-anchor": "end"}, one.text


def _cells(chart: Matrix) -> Iterator[Shape]:
    legend = _legend(chart)
    yield "text", {"x": legend, "y": 14}, f"{chart.predicted} →"
    yield "text", {"x": legend - 8, "y": legend - 8, "text-anchor": "end"}, f"{chart.actual} ↓"
    for place, name in enumerate(chart.names):
        middle = legend + SIDE * place + SIDE / 2
        turned = f"translate({_text(middle + 4)} {legend - 8}) rotate(-45)"
        yield "text", {"transform": turned}, _short(name)
        yield "text", {"x": legend - 8, "y": middle + 4, "text-anchor": "end"}, _short(name)
    for down, row in enumerate(chart.counts):
        for across, count in enumerate(row):
            share = math.floor(10 * count / (sum(row) or 1) + 0.5)
            kind = f"{'right' if down == across else 'wrong'} share-{share}" if count else "none"
            corner: dict[str, str | float] = {"x": legend + SIDE * across + 1, "y": legend + SIDE * down + 1}
            yield (
                "rect",
                {"class": f"cell {kind}", **corner, "width": SIDE - 2, "height": SIDE - 2, "rx": 4},
                "",
            )
            middle = legend + SIDE * across + SIDE / 2
            spot: dict[str, str | float] = {"x": middle, "y": legend + SIDE * down + SIDE / 2 + 4}
            if count:
                yield "text", {"class": "count", **spot, "text-anchor": "middle"}, f"{count:,}"


def _legend(chart: Matrix) -> int:
    """Room for the longest name, also for a turned one."""
    return 32 + 8 * max([_room(chart.actual) + 2, *(_room(_short(name)) for name in chart.names)])


def _room(name: str) -> int:
    return sum(2 if ord(one) >= WIDE else 1 for one in name)


def _short(name: str) -> str:
    """A name that is not longer than there is room for."""
    if _room(name) <= LONGEST:
        return name
    while _room(name) >= LONGEST:
        name = name[:-1]
    return f"{name}…"


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_text(across)},{_text(up)}" for across, up in points)


def _tenth(value: float) -> float:
    """Rounded as JavaScript does, which knows no rounding to even numbers."""
    return math.floor(10 * value + 0.5) / 10


def _text(value: str | float) -> str:
    """A number as JavaScript writes it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
