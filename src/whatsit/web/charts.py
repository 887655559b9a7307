"""Charts as SVG, which a page can color by itself, light or dark."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

WIDTH, HEIGHT = 440, 270
LEFT, RIGHT, TOP, BOTTOM = 52, 24, 12, 42


@dataclass(frozen=True)
class Series:
    """Points to draw: a line, or dots; around them a `band` or bars of (low, high) where given."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    dots: bool = False
    span: Sequence[tuple[float, float]] | None = None


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with text at `ticks` by their value."""

    label: str
    low: float
    high: float
    ticks: dict[float, str] = field(default_factory=dict)
    is_log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies, 0..1 within the axis."""
        low, high, value = (
            (math.log(one) for one in (self.low, self.high, value))
            if self.is_log
            else (self.low, self.high, value)
        )
        return (value - low) / (high - low) if high > low else 0.5


def percent_axis(label: str, low: float = 0.0, high: float = 1.0) -> Axis:
    """An axis of shares."""
    step = next(
        step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if (high - low) / step <= 5 or step == 0.25
    )
    first = math.ceil(low / step - 1e-9)
    ticks = {number * step: f"{number * step:.0%}" for number in range(first, int(high / step + 1e-9) + 1)}
    return Axis(label, low, high, ticks)


def number_axis(label: str, low: float, high: float, is_whole: bool = False) -> Axis:
    """An axis of numbers, with about five ticks."""
    span = max(high - low, 1e-9)
    step = 10 ** math.floor(math.log10(span / 4))
    step *= next(times for times in (1, 2, 5, 10) if span / (step * times) <= 6)
    step = max(1.0, step) if is_whole else step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return Axis(label, low, high, {number * step: f"{number * step:g}" for number in range(first, last + 1)})


def chart(series: Sequence[Series], x: Axis, y: Axis, label: str) -> Markup:
    """Draw the series; `label` describes the chart for a screen reader."""

    def at(horizontal: float, vertical: float) -> tuple[float, float]:
        return (
            round(LEFT + x.share(horizontal) * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - y.share(vertical) * (HEIGHT - TOP - BOTTOM), 1),
        )

    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">']
    for value, text in y.ticks.items():
        _, height = at(x.low, value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{height}" y2="{height}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{height + 4}" text-anchor="end">{escape(text)}</text>')
    for value, text in x.ticks.items():
        place, _ = at(value, y.low)
        parts.append(f'<text x="{place}" y="{floor + 16}" text-anchor="middle">{escape(text)}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{floor}" y2="{floor}"/>')
    parts.append(
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x.label)}</text>'
        f'<text transform="translate(12 {(TOP + floor) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y.label)}</text>"
    )
    for number, one in enumerate(series):
        points = [at(*point) for point in zip(one.xs, one.ys, strict=True)]
        if one.span and not one.dots:
            low = [at(place, edges[0]) for place, edges in zip(one.xs, one.span, strict=True)]
            high = [at(place, edges[1]) for place, edges in zip(one.xs, one.span, strict=True)]
            parts.append(f'<polygon class="band s{number}" points="{_path([*low, *reversed(high)])}"/>')
        if one.dots or len(points) == 1:
            for place, (across, up) in enumerate(points):
                if one.span:
                    (_, low_end), (_, high_end) = (at(one.xs[place], edge) for edge in one.span[place])
                    ends = f'x1="{across}" x2="{across}" y1="{low_end}" y2="{high_end}"'
                    parts.append(f'<line class="s{number}" {ends}/>')
                parts.append(f'<circle class="s{number}" cx="{across}" cy="{up}" r="4"/>')
        else:
            parts.append(f'<polyline class="s{number}" points="{_path(points)}"/>')
    parts.append("</svg>")
    keys = [
        f'<li><span class="key s{number}{" dot" if one.dots else ""}"></span>{escape(one.name)}</li>'
        for number, one in enumerate(series)
        if one.name
    ]
    if keys:
        parts += ['<ul class="keys">', *keys, "</ul>"]
    return Markup("".join(parts))


def dots(share: float, other: float, label: str) -> Markup:
    """A hundred dots: a share of them filled, then an `other` share marked, the rest empty.

    `label` describes them for a screen reader.
    """
    filled, marked = (round(100 * one) for one in (share, other))
    if share < 1:  # only what is all of them looks like all of them
        filled = min(99, filled)
    circles = []
    for place in range(100):
        down, across = divmod(place, 10)
        kind = "right" if place < filled else "other" if place < filled + marked else "rest"
        circles.append(f'<circle class="{kind}" cx="{10 * across + 5}" cy="{10 * down + 5}" r="3.8"/>')
    head = f'<svg class="dots" viewBox="0 0 100 100" role="img" aria-label="{escape(label)}">'
    return Markup("".join([head, *circles, "</svg>"]))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{across},{up}" for across, up in points)
