"""What a chart shows, as plain data: a page may ask for it as JSON and draw it anew while numbers arrive."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from whatsit.web.charts.axes import Axis


class Chart:
    """A kind of chart; its `label` describes it for a screen reader."""

    label: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON, as `charts.js` draws it. What is not finite becomes None, and is not drawn."""
        return {"kind": type(self).__name__.lower(), **_plain(self)}


@dataclass(frozen=True)
class Series:
    """Points to draw: a line, or dots; around them a `band` or bars of (low, high) where given."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    dots: bool = False
    span: Sequence[tuple[float, float]] | None = None


@dataclass(frozen=True)
class Lines(Chart):
    """Lines and dots over two axes."""

    label: str
    x: Axis
    y: Axis
    series: Sequence[Series]


@dataclass(frozen=True)
class Bar:
    """A bar of length `share`, 0..1, with a `text` at its end, in the color of a series."""

    name: str
    share: float
    text: str
    series: int = 0


@dataclass(frozen=True)
class Bars(Chart):
    """Bars from the left, one below the other, such as the probabilities of classes."""

    label: str
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Matrix(Chart):
    """How many pictures of each class (`actual`, down) were classified as which (`predicted`, across).

    `names` are those of the classes. A page with something behind the cells, such as pictures to open,
    shows a table instead.
    """

    label: str
    names: Sequence[str]
    counts: Sequence[Sequence[int]]
    actual: str
    predicted: str


def reliability(measured: Series, perfect: str, said: Axis, was_right: Axis, label: str) -> Lines:
    """How often answers of a probability are right, beside the line on which all of them should lie."""
    return Lines(label, said, was_right, [measured, Series(perfect, [0, 1], [0, 1])])


def _plain(value: Any) -> Any:
    if isinstance(value, Axis):  # as pairs: the keys of a JSON object are text
        return {**_fields(value), "ticks": [[place, text] for place, text in value.ticks.items()]}
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _fields(value: Any) -> Mapping[str, Any]:
    return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.name != "ticks"}
