"""What the axes of figures share: lines with their names beside them, percentages, where a scale begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from whatsit.i18n import say
from whatsit.palette import color
from whatsit.text import learning_rate

FEW = 3  # points: a line through so few shows less than their values
APART = 0.09  # of the height of a chart: the distance of two lines of text
DASHES = {"s1": (0, (5, 2.5))}  # as in the pages: lines differ by more than color


@dataclass(frozen=True)
class Line:
    """Points to draw in a color of the palette, perhaps with a name. `values` is a format, such as ".1%"."""

    xs: Sequence[float]
    ys: Sequence[float]
    tone: str
    values: str
    name: str = ""

    @property
    def known(self) -> list[tuple[float, float]]:
        """The points that are numbers."""
        return [point for point in zip(self.xs, self.ys, strict=True) if isfinite(point[1])]


def draw_lines(axis: Any, lines: Sequence[Line], least: float = 0.0) -> None:
    """Draw lines over a scale from 0 to the highest value, or to `least` where all are lower.

    Few points have their values beside them. A name stands at the end of its line, with the last value.
    """
    drawn = [line for line in lines if line.known]
    top = max([least, *(y for line in drawn for _, y in line.known)])
    axis.set_ylim(0, 1.12 * top or 1.0)
    axis.yaxis.set_major_locator(MaxNLocator(5))
    ends = _apart([line.known[-1][1] for line in drawn], APART * axis.get_ylim()[1])
    for line in (one for one in lines if not one.known):
        note = say("plots.not_numbers", name=line.name)
        axis.text(0.98, 0.94, note, transform=axis.transAxes, ha="right", va="top", color=color(line.tone))
    for line, height in zip(drawn, ends, strict=True):
        is_few = len(line.known) <= FEW
        marked = None if is_few else [len(line.xs) - 1]
        axis.plot(
            line.xs,
            line.ys,
            color=color(line.tone),
            linestyle=DASHES.get(line.tone, "-"),
            marker="o",
            markevery=marked,
        )
        if is_few:
            _write_values(axis, line, is_highest=height == max(ends))
        end, last = line.known[-1]
        text = line.name if is_few else f"{line.name} {last:{line.values}}".strip()
        axis.annotate(
            text,
            (end, height),
            (22 if len(line.known) == 1 else 10, 0),
            textcoords="offset points",
            va="center",
            color=color(line.tone),
            weight="bold",
            path_effects=outlined(),
        )


def _write_values(axis: Any, line: Line, is_highest: bool) -> None:
    """Above the line, or below it: beside a slope, which would run through them."""
    points, up = line.known, 1 if is_highest else -1
    for place, (x, y) in enumerate(points):
        (_, before), (_, after) = points[max(0, place - 1)], points[min(place + 1, len(points) - 1)]
        side = up * ((before > after) - (before < after))  # 1 is to the right
        axis.annotate(
            format(y, line.values),
            (x, y),
            (3 * side, 7 * up),
            textcoords="offset points",
            ha={-1: "right", 0: "center", 1: "left"}[side],
            va="bottom" if is_highest else "top",
            color=color(line.tone),
            path_effects=outlined(),
        )


def outlined() -> list[Any]:
    """Keeps text readable that stands on a line of the grid."""
    return [withStroke(linewidth=4, foreground=color("page"))]


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """The same heights, moved until no two are closer than `least`."""
    moved = list(heights)
    order = sorted(range(len(moved)), key=moved.__getitem__)
    for lower, upper in pairwise(order):
        missing = least - (moved[upper] - moved[lower])
        if missing > 0:
            moved[lower] -= missing / 2
            moved[upper] += missing / 2
    return moved


def count_epochs(axis: Any, numbers: Sequence[int]) -> None:
    """A horizontal axis of epochs, with whole numbers."""
    axis.set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axis.set_xlabel(say("plots.epoch"))


def in_percent(axis: Any) -> None:
    """The ticks of one axis as percentages."""
    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g}%"))


def of_rates(axis: Any) -> None:
    """A horizontal axis of learning rates."""
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: learning_rate(rate)))


def begin_at(axis: Any, low: float) -> None:
    """Let a vertical scale of shares begin at `low`, which is written there where it is not 0."""
    axis.set_ylim(bottom=low)
    if low > 0:
        note = say("plots.begins_at", low=low)
        axis.annotate(note, (0, 0), (6, 6), "axes fraction", "offset points", color=color("soft"), fontsize=9)
