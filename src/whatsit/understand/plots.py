"""Pictures for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from PIL import Image

from whatsit.catalog.pictures import draw_tiles, readable
from whatsit.figures import Picture, fonts
from whatsit.text import printable
from whatsit.understand.calibration import Reliability
from whatsit.understand.components import Component
from whatsit.understand.heat_maps import HeatMap
from whatsit.understand.interpretation import SPLITS, Answer
from whatsit.understand.metrics import Evaluation
from whatsit.understand.selective import Selective


def draw_training(epochs: Sequence[dict[str, Any]]) -> Picture:
    """Draw both losses and the error rate over the epochs."""
    figure = Picture(figsize=(9, 3.5), layout="constrained")
    losses, errors = figure.subplots(1, 2)
    _draw_epochs(losses, errors, epochs)
    losses.set(xlabel="epoch", title="loss")
    errors.set(xlabel="epoch", title="error rate (validation)", ylim=(0, None))
    return figure


def draw_experiments(experiments: Mapping[str, Sequence[dict[str, Any]]]) -> Picture:
    """Draw losses and error rates of several trainings side by side, by what was asked of each."""
    figure = Picture(figsize=(3.6 * len(experiments), 6), layout="constrained")
    columns = figure.subplots(2, len(experiments), squeeze=False).T
    for (question, epochs), (losses, errors) in zip(experiments.items(), columns, strict=True):
        _draw_epochs(losses, errors, epochs)
        losses.set(ylabel="loss", ylim=(0, None))
        losses.set_title(fill(question, 34), fontsize=10)
        errors.set(xlabel="epoch", ylabel="error rate (validation)", ylim=(0, 1))
    return figure


def _draw_epochs(losses: Any, errors: Any, epochs: Sequence[dict[str, Any]]) -> None:
    numbers = [epoch["epoch"] for epoch in epochs]
    mark = "o" if len(epochs) == 1 else None  # a line needs two
    for name, label in (("train_loss", "training"), ("valid_loss", "validation")):
        values = [np.nan if epoch[name] is None else epoch[name] for epoch in epochs]
        losses.plot(numbers, values, marker=mark, label=label)
    losses.legend()
    errors.plot(numbers, [epoch["error_rate"] for epoch in epochs], marker=mark, color="tab:red")
    for axis in (losses, errors):
        axis.margins(y=0.1)
        axis.set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
        axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def draw_rates(
    rates: Sequence[float],
    losses: Sequence[float],
    marks: Mapping[str, float],
    slope: tuple[int, int] | None = None,
) -> Picture:
    """Draw the loss over learning rates (logarithmic), with named marks and a slope in another colour."""
    figure = Picture(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    axis.plot(rates, losses)
    if slope is not None:
        start, end = slope
        axis.plot(rates[start : end + 1], losses[start : end + 1], linewidth=3, label="longest way down")
    for number, (name, rate) in enumerate(marks.items(), 1):
        loss = min(zip(rates, losses, strict=True), key=lambda point: abs(point[0] - rate))[1]
        axis.plot([rate], [loss], "o", color=f"C{number + 1}", label=f"{name}: {rate:.1e}")
    axis.set(xscale="log", xlabel="learning rate", ylabel="training loss", title="learning-rate finder")
    axis.legend()
    return figure


def draw_confusion(evaluation: Evaluation, split: str, normalize: bool = False) -> Picture:
    """Draw the confusion matrix, of the most confused classes if they are many."""
    places, left_out = evaluation.most_confused_classes()
    counts = evaluation.confusion[np.ix_(places, places)]
    totals = evaluation.confusion[places].sum(1, keepdims=True)
    shares = counts / np.maximum(1, totals)
    names = [printable(evaluation.classes[place]) for place in places]
    side = max(4.0, 0.42 * len(names) + 2)
    figure = Picture(figsize=(side, side), layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            text = f"{shares[row, column]:.2f}" if normalize else str(count)
            shade = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, text, ha="center", va="center", color=shade, fontsize=8)
    known = {"parse_math": False, "family": fonts()}
    axis.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor", **known)
    axis.set_yticks(range(len(names)), names, **known)
    axis.set(xlabel="predicted", ylabel="actual")
    told = f"{evaluation.images} {SPLITS.get(split, split)}"
    if left_out:
        told += f"\nthe {len(places)} most confused of {len(evaluation.classes)} classes"
    axis.set_title(told, fontsize=11)
    return figure


def draw_reliability(reliability: Reliability) -> Picture:
    """Draw how often it is right over how sure it is, with 95 % intervals."""
    figure = Picture(figsize=(5, 5), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], ":", color="tab:gray", label="perfect")
    bins = reliability.bins
    heights = [one.accuracy for one in bins]
    spans = [[one.accuracy - one.low for one in bins], [one.high - one.accuracy for one in bins]]
    axis.errorbar([one.confidence for one in bins], heights, np.maximum(spans, 0), fmt="o", capsize=3)
    for one in bins:
        axis.annotate(f"{one.images}", (one.confidence, one.accuracy), (6, -10), textcoords="offset points")
    mean, _ = reliability.chance
    axis.set(
        xlabel="probability of the prediction", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02)
    )
    axis.set_title(f"calibration error {reliability.ece:.3f}, by chance alone {mean:.3f}", fontsize=11)
    axis.legend(loc="upper left")
    return figure


def draw_selective(selective: Selective) -> Picture:
    """Draw the accuracy of the answers over the share of pictures that get one."""
    figure = Picture(figsize=(6, 4), layout="constrained")
    axis = figure.subplots()
    axis.plot(selective.answered, selective.accuracy)
    for minimum in (0.5, 0.7, 0.9):
        answered, accuracy = selective.at(minimum)
        axis.plot([answered], [accuracy], "o", label=f"min_probability={minimum}")
    axis.set(xlabel="share of pictures answered", ylabel="share of answers that are right")
    axis.invert_xaxis()
    axis.legend()
    return figure


def draw_answers(
    answers: Sequence[Answer], split: str, maps: Sequence[HeatMap] | None = None, columns: int = 3
) -> Picture:
    """Draw pictures with what was said of them, or their heat maps if these are given."""
    titles = [answer.title for answer in answers]
    rows = max(1, -(-len(answers) // columns))
    heading = f"prediction / actual / loss / probability of actual\n{SPLITS.get(split, split)}"
    if maps is not None:
        shown = [(found.overlay(), title) for found, title in zip(maps, titles, strict=True)]
        return draw_tiles(shown, rows, columns, heading)
    files = [(answer.path, title) for answer, title in zip(answers, titles, strict=True) if answer.path]
    return draw_tiles(readable(files), rows, columns, heading)


def draw_components(found: Sequence[Component], paths: Sequence[Path]) -> Picture:
    """Draw the pictures at both ends of each component, a row each; what can't be read is left white."""
    columns = max((len(one.low) + len(one.high) for one in found), default=2)
    tiles: list[tuple[Any, str]] = []
    for number, one in enumerate(found, 1):
        for column, place in enumerate([*one.low, *reversed(one.high)]):
            title = "" if column else f"{number}: {one.share:.0%}"
            shown = list(readable([(paths[place], title)]))
            tiles += shown or [(Image.new("RGB", (8, 8), "white"), title)]
    heading = "\n".join(f"{number}: {one}" for number, one in enumerate(found, 1))
    return draw_tiles(tiles, max(1, len(found)), columns, heading)
