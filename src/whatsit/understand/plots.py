"""Figures of plain values: curves, a confusion matrix, pictures in rows."""

from collections.abc import Iterable, Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from whatsit.catalog.pictures import Marked, draw_labeled, draw_tiles, readable
from whatsit.figures import Plot, styled
from whatsit.i18n import Message, say
from whatsit.model import Prediction
from whatsit.palette import color, mixed
from whatsit.project import EpochRecord
from whatsit.text import learning_rate, printable
from whatsit.typefaces import fitted, width
from whatsit.understand.axes import Line, begin_at, count_epochs, draw_lines, in_percent, of_rates, outlined

LOWEST_TOP = 0.05  # error rate: a scale that ends below it makes a mountain of one mistake
FEW_CLASSES = 5  # so many names stand upright below a matrix
LONGEST = 22.0  # em, of the name of a class
EM = 10 / 72  # inches


class Tried(NamedTuple):
    """A training that tried something: the question, its epochs, and what it showed."""

    question: str
    epochs: Sequence[EpochRecord]
    answer: str


@styled()
def draw_training(epochs: Sequence[EpochRecord]) -> Plot:
    """Draw both losses and the error rate over the epochs."""
    figure = Plot(figsize=(10, 3.6), layout="constrained")
    losses, errors = figure.subplots(1, 2)
    _draw_epochs(losses, errors, epochs, LOWEST_TOP)
    losses.set_title(say("plots.loss"))
    errors.set_title(say("plots.error_rate"))
    return figure


@styled()
def draw_experiments(experiments: Sequence[Tried]) -> Plot:
    """Draw losses and error rates of several trainings below each other, each with question and answer."""
    figure = Plot(figsize=(10, 3.4 * len(experiments)), layout="constrained")
    parts = np.atleast_1d(figure.subfigures(len(experiments), 1, hspace=0.06))
    for part, (question, epochs, answer) in zip(parts, experiments, strict=True):
        part.suptitle(fitted(question, 58, 2), x=0.01, ha="left", linespacing=1.4)
        losses, errors = part.subplots(1, 2)
        _draw_epochs(losses, errors, epochs, 1.0)
        for axis, title in ((losses, say("plots.loss")), (errors, say("plots.error_rate"))):
            axis.set_title(title, fontsize=10, weight="normal", color=color("soft"))
        part.supxlabel(fitted(answer, 70, 4), x=0.01, ha="left", fontsize=10, linespacing=1.4)
    return figure


def _draw_epochs(losses: Any, errors: Any, epochs: Sequence[EpochRecord], least: float) -> None:
    numbers = [epoch["epoch"] for epoch in epochs]

    def line(values: Sequence[float | None], tone: str, name: str) -> Line:
        return Line(numbers, [nan if one is None else one for one in values], tone, ".2f", name)

    trained = line([epoch["train_loss"] for epoch in epochs], "s0", say("plots.training"))
    validated = line([epoch["valid_loss"] for epoch in epochs], "s1", say("plots.validation"))
    draw_lines(losses, [trained, validated])
    draw_lines(errors, [Line(numbers, [epoch["error_rate"] for epoch in epochs], "s1", ".1%")], least)
    in_percent(errors.yaxis)
    for axis in (losses, errors):
        count_epochs(axis, numbers)


@styled()
def draw_lr_finder(
    lrs: Sequence[float],
    losses: Sequence[float],
    marks: Mapping[str, float],
    slope: tuple[int, int] | None = None,
    recommended: float | None = None,
) -> Plot:
    """Draw the loss over learning rates (logarithmic), with named marks, a slope, and the rate to take."""
    figure = Plot(figsize=(8, 4.6), layout="constrained")
    axis = figure.subplots()
    if slope is not None:
        start, end = slope
        way_down = say("plots.slope")
        part = lrs[start : end + 1], losses[start : end + 1]
        axis.plot(*part, linewidth=9, color=mixed("s0", 0.3), label=way_down)
    axis.plot(lrs, losses, color=color("s0"))
    for tone, (name, rate) in zip(("s1", "s2"), marks.items(), strict=False):
        loss = min(zip(lrs, losses, strict=True), key=lambda point: abs(point[0] - rate))[1]
        axis.plot([rate], [loss], "o", color=color(tone), label=f"{name}: {learning_rate(rate)}")
    of_rates(axis)
    axis.set(xlabel=say("plots.learning_rate"), ylabel=say("plots.training_loss"))
    axis.set_ylim(0, 1.08 * max(losses, default=1.0) or 1.0)
    if recommended is not None:
        text = say("plots.recommended", lr=recommended)
        axis.axvline(recommended, color=color("good"), linewidth=1.5)
        place = {"xycoords": axis.get_xaxis_transform(), "textcoords": "offset points"}
        axis.annotate(
            text,
            (recommended, 0),
            (8, 8),
            color=color("good"),
            weight="bold",
            path_effects=outlined(),
            **place,
        )
        axis.legend(loc="upper left", bbox_to_anchor=(0, -0.16), borderaxespad=0, ncols=3)
    else:
        axis.set_title(say("plots.not_recommended"), loc="right", fontsize=10, color=color("warn"))
    return figure


@styled()
def draw_confusion(
    names: Sequence[str],
    counts: NDArray[np.int64],
    totals: NDArray[np.int64],
    title: str,
    normalize: bool = False,
) -> Plot:
    """Draw a confusion matrix: `counts` (n, n) by actual class (row) and predicted class (column).

    `names` (n,) are those of the classes, `totals` (n,) count the pictures of each actual class: with
    `normalize` the counts are drawn as shares of these.
    """
    shares = counts / np.maximum(1, totals)[:, None]
    is_few = len(names) <= FEW_CLASSES
    cell = 1.2 if is_few else 0.5
    labels = [fitted(printable(name), LONGEST) for name in names]
    below = [fitted(printable(name), cell / EM - 1, 3) for name in names] if is_few else labels
    is_upright = is_few or max(map(width, labels)) < cell / EM - 1
    room = max(map(width, labels)) * EM
    inches = len(names) * cell
    figure = Plot(
        figsize=(inches + room + 0.8, inches + (0.8 if is_upright else 0.7 * room) + 1), layout="constrained"
    )
    axis = figure.subplots()
    axis.imshow(_colored(counts, shares), aspect="equal")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            text = f"{shares[row, column]:.2f}" if normalize else f"{count:,}"
            axis.text(column, row, text, ha="center", va="center", fontsize=13 if is_few else 10)
    slanted = {} if is_upright else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axis.set_xticks(range(len(names)), below, color=color("ink"), **slanted)
    axis.set_yticks(range(len(names)), labels, color=color("ink"))
    axis.set_xticks(np.arange(1, len(names)) - 0.5, minor=True)
    axis.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
    axis.grid(False)
    axis.grid(True, which="minor", axis="both", color=color("page"), linewidth=2)
    axis.set_axisbelow(False)
    axis.spines[:].set_visible(False)
    axis.set_xlabel(say("plots.predicted"))
    axis.set_ylabel(say("plots.actual"), labelpad=12)
    axis.set_title(title)
    return figure


def _colored(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cells as in the report: what is right in one color, mistakes in another, and nothing pale."""
    cells = np.empty((*counts.shape, 3))
    for (row, column), share in np.ndenumerate(shares):
        tone, least, more = ("accent", 0.1, 0.45) if row == column else ("warn", 0.14, 0.26)
        cells[row, column] = mixed(tone, least + more * share) if counts[row, column] else mixed("panel", 1)
    return cells


@styled()
def draw_reliability(
    confidences: Sequence[float],
    accuracies: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    images: Sequence[int],
    title: str,
) -> Plot:
    """Draw how often it is right over how sure it is, a dot per bin.

    Beside each dot stands its number of `images`; a bar through it is its interval (low, high).
    """
    figure = Plot(figsize=(5.6, 5.4), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], ":", color=color("soft"), linewidth=1.5)
    axis.annotate(say("plots.perfect"), (0.1, 0.1), (6, -12), textcoords="offset points", color=color("soft"))
    low, high = np.array(intervals).reshape(-1, 2).T
    bars = np.maximum([np.subtract(accuracies, low), np.subtract(high, accuracies)], 0)
    axis.errorbar(confidences, accuracies, bars, fmt="o", elinewidth=1.5, clip_on=False)
    for place, count in zip(zip(confidences, accuracies, strict=True), images, strict=True):
        axis.annotate(
            f"{count:,}", place, (-8, -4), textcoords="offset points", ha="right", path_effects=outlined()
        )
    axis.set(xlabel=say("plots.probability"), ylabel=say("plots.share_right"))
    axis.set(xlim=(0, 1), ylim=(0, 1.02))
    in_percent(axis.xaxis)
    in_percent(axis.yaxis)
    axis.set_title(title, fontsize=11)
    return figure


@styled()
def draw_selective(
    answered: NDArray[np.float64], accuracy: NDArray[np.float64], marks: Mapping[str, tuple[float, float]]
) -> Plot:
    """Draw the accuracy of the answers over the share of pictures that get one (n,), with named marks."""
    figure = Plot(figsize=(7, 4.4), layout="constrained")
    axis = figure.subplots()
    axis.plot(answered, accuracy, color=color("s0"))
    for tone, (name, (share, right)) in zip(("s1", "s2", "s3"), marks.items(), strict=True):
        axis.plot([share], [right], "o", color=color(tone), label=f"{name}: {right:.1%}", clip_on=False)
    axis.set(xlabel=say("plots.share_answered"), ylim=(None, 1.005))
    axis.set_title(say("plots.answers_right"))
    known = accuracy[np.isfinite(accuracy)]
    begin_at(axis, max(0.0, np.floor(20 * known.min(initial=1.0) - 0.4) / 20))
    in_percent(axis.xaxis)
    in_percent(axis.yaxis)
    axis.invert_xaxis()
    figure.legend(loc="outside lower left", ncols=3)
    return figure


def draw_predictions(
    answers: Iterable[tuple[Path, str, Prediction]], rows: int = 3, columns: int = 5
) -> Plot:
    """Draw pictures, each with its label and the answer for it: what is right, wrong, and not answered."""
    return draw_labeled(
        ((path, _marked(label, prediction)) for path, label, prediction in answers), rows, columns
    )


def _marked(label: str, prediction: Prediction) -> Marked:
    answer = Message("plots.answer", label=prediction.label, probability=prediction.probability)
    if prediction.verdict != "known":
        code = "plots.novel" if prediction.verdict == "novel" else "plots.unsure"
        return Marked(say(code, answer=answer), "warn")
    if prediction.label == label:
        return Marked(str(answer), "good")
    return Marked(say("plots.wrong", answer=answer, label=label), "bad")


def draw_rows(rows: Sequence[tuple[str, Sequence[Path]]], heading: str) -> Plot:
    """Draw rows of pictures, each with its title; what can't be read is left white."""
    columns = max((len(paths) for _, paths in rows), default=2)
    tiles: list[tuple[Any, str]] = []
    for title, paths in rows:
        for column, path in enumerate(paths):
            caption = "" if column else title
            tiles += list(readable([(path, caption)])) or [(Image.new("RGB", (8, 8), "white"), caption)]
    return draw_tiles(tiles, max(1, len(rows)), columns, heading)


@styled()
def draw_learning_curve(
    images: Sequence[int],
    errors: NDArray[np.float64],
    ahead: Sequence[tuple[float, float, float, float]],
    title: str,
) -> Plot:
    """Draw the error rates (k, repeats) with so many training `images` (k,), and those to be expected.

    `ahead` has a number of images each, with the error rate there and its interval (low, high).
    """
    figure = Plot(figsize=(8, 4.6), layout="constrained")
    axis = figure.subplots()
    ticks = list(images)
    if ahead:
        ticks.append(2 * images[-1])
        sizes, expected, low, high = zip(*ahead, strict=True)
        axis.fill_between(sizes, low, high, color=mixed("s0", 0.18), linewidth=0)
        axis.plot(sizes, expected, color=color("s0"), label=say("plots.power_law"))
    for repeat in errors.T:
        axis.plot(images, repeat, "o", color=color("soft"), markersize=5)
    axis.axvline(images[-1], color=color("soft"), linestyle=":", linewidth=1.5, label=say("plots.at_hand"))
    axis.set(xscale="log", xlabel=say("plots.training_pictures"))
    axis.set_ylim(0, max(LOWEST_TOP, 1.1 * float(errors.max()), *(1.05 * high for *_, high in ahead)))
    axis.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.set_xticks([], minor=True)
    in_percent(axis.yaxis)
    axis.set_title(fitted(title, 48, 3))
    figure.legend(loc="outside lower left", ncols=2)
    return figure
