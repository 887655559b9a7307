"""Figures of plain values: curves, a confusion matrix, pictures in rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from whatsit.catalog.pictures import draw_tiles, readable
from whatsit.figures import Plot, fonts
from whatsit.i18n import say
from whatsit.project import LOSSES, EpochRecord
from whatsit.text import printable


def draw_training(epochs: Sequence[EpochRecord]) -> Plot:
    """Draw both losses and the error rate over the epochs."""
    figure = Plot(figsize=(9, 3.5), layout="constrained")
    losses, errors = figure.subplots(1, 2)
    _draw_epochs(losses, errors, epochs)
    losses.set(xlabel=say("plots.epoch"), title=say("plots.loss"))
    errors.set(xlabel=say("plots.epoch"), title=say("plots.error_rate"), ylim=(0, None))
    return legible(figure)


def draw_experiments(experiments: Mapping[str, Sequence[EpochRecord]]) -> Plot:
    """Draw losses and error rates of several trainings side by side, by what was asked of each."""
    figure = Plot(figsize=(3.6 * len(experiments), 6), layout="constrained")
    columns = figure.subplots(2, len(experiments), squeeze=False).T
    for (question, epochs), (losses, errors) in zip(experiments.items(), columns, strict=True):
        _draw_epochs(losses, errors, epochs)
        losses.set(ylabel=say("plots.loss"), ylim=(0, None))
        losses.set_title(fill(question, 34), fontsize=10)
        errors.set(xlabel=say("plots.epoch"), ylabel=say("plots.error_rate"), ylim=(0, 1))
    return legible(figure)


def _draw_epochs(losses: Any, errors: Any, epochs: Sequence[EpochRecord]) -> None:
    numbers = [epoch["epoch"] for epoch in epochs]
    mark = "o" if len(epochs) == 1 else None  # a line needs two
    labels = {"train_loss": say("plots.training"), "valid_loss": say("plots.validation")}
    for name in LOSSES:
        values = [np.nan if epoch[name] is None else epoch[name] for epoch in epochs]
        losses.plot(numbers, values, marker=mark, label=labels[name])
    losses.legend()
    errors.plot(numbers, [epoch["error_rate"] for epoch in epochs], marker=mark, color="tab:red")
    for axis in (losses, errors):
        axis.margins(y=0.1)
        axis.set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
        axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def draw_lr_finder(
    lrs: Sequence[float],
    losses: Sequence[float],
    marks: Mapping[str, float],
    slope: tuple[int, int] | None = None,
) -> Plot:
    """Draw the loss over learning rates (logarithmic), with named marks and a slope in another colour."""
    figure = Plot(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    axis.plot(lrs, losses)
    if slope is not None:
        start, end = slope
        way_down = say("plots.steepest")
        axis.plot(lrs[start : end + 1], losses[start : end + 1], linewidth=3, label=way_down)
    for number, (name, rate) in enumerate(marks.items(), 1):
        loss = min(zip(lrs, losses, strict=True), key=lambda point: abs(point[0] - rate))[1]
        axis.plot([rate], [loss], "o", color=f"C{number + 1}", label=f"{name}: {rate:.1e}")
    axis.set(xscale="log", xlabel=say("plots.learning_rate"), ylabel=say("plots.training_loss"))
    axis.set_title(say("plots.lr_finder"))
    axis.legend()
    return legible(figure)


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
    labels = list(map(printable, names))
    side = max(4.0, 0.42 * len(labels) + 2)
    figure = Plot(figsize=(side, side), layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            text = f"{shares[row, column]:.2f}" if normalize else str(count)
            shade = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, text, ha="center", va="center", color=shade, fontsize=8)
    axis.set_xticks(
        range(len(labels)), labels, rotation=60, ha="right", rotation_mode="anchor", parse_math=False
    )
    axis.set_yticks(range(len(labels)), labels, parse_math=False)
    axis.set(xlabel=say("plots.predicted"), ylabel=say("plots.actual"))
    axis.set_title(title, fontsize=11)
    return legible(figure)


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
    figure = Plot(figsize=(5, 5), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], ":", color="tab:gray", label=say("plots.perfect"))
    low, high = np.array(intervals).reshape(-1, 2).T
    bars = np.maximum([np.subtract(accuracies, low), np.subtract(high, accuracies)], 0)
    axis.errorbar(confidences, accuracies, bars, fmt="o", capsize=3)
    for place, count in zip(zip(confidences, accuracies, strict=True), images, strict=True):
        axis.annotate(f"{count}", place, (6, -10), textcoords="offset points")
    axis.set(xlabel=say("plots.probability"), ylabel=say("plots.share_right"))
    axis.set(xlim=(0, 1), ylim=(0, 1.02))
    axis.set_title(title, fontsize=11)
    axis.legend(loc="upper left")
    return legible(figure)


def draw_selective(
    answered: NDArray[np.float64], accuracy: NDArray[np.float64], marks: Mapping[str, tuple[float, float]]
) -> Plot:
    """Draw the accuracy of the answers over the share of pictures that get one (n,), with named marks."""
    figure = Plot(figsize=(6, 4), layout="constrained")
    axis = figure.subplots()
    axis.plot(answered, accuracy)
    for name, (share, right) in marks.items():
        axis.plot([share], [right], "o", label=name)
    axis.set(xlabel=say("plots.share_answered"), ylabel=say("plots.answers_right"))
    axis.invert_xaxis()
    axis.legend()
    return legible(figure)


def legible(figure: Plot) -> Plot:
    """The figure, all of its text in fonts that know Chinese."""
    known = fonts()
    for text in figure.findobj(lambda one: hasattr(one, "set_fontfamily")):
        text.set_fontfamily(known)
    return figure


def draw_rows(rows: Sequence[tuple[str, Sequence[Path]]], heading: str) -> Plot:
    """Draw rows of pictures, each with its title; what can't be read is left white."""
    columns = max((len(paths) for _, paths in rows), default=2)
    tiles: list[tuple[Any, str]] = []
    for title, paths in rows:
        for column, path in enumerate(paths):
            caption = "" if column else title
            tiles += list(readable([(path, caption)])) or [(Image.new("RGB", (8, 8), "white"), caption)]
    return draw_tiles(tiles, max(1, len(rows)), columns, heading)
