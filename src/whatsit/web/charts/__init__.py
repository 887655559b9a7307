"""Charts: described once, drawn as SVG here or by `charts.js` in a browser, where a page colors them."""

from whatsit.web.charts.axes import Axis, number_axis, percent_axis
from whatsit.web.charts.description import Bar, Bars, Chart, Lines, Matrix, Series, reliability
from whatsit.web.charts.svg import chart, dots, svg

__all__ = [
    "Axis",
    "Bar",
    "Bars",
    "Chart",
    "Lines",
    "Matrix",
    "Series",
    "chart",
    "dots",
    "number_axis",
    "percent_axis",
    "reliability",
    "svg",
]
