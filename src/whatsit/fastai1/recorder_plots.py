"""The figures of a recorder, over the batches of a training."""

from collections.abc import Mapping, Sequence
from typing import Any

from whatsit.figures import Plot, styled
from whatsit.i18n import say
from whatsit.understand.axes import Line, draw_lines

SMOOTH = 0.98  # of the running mean of the losses, as in the lesson's library


@styled()
def draw_losses(losses: Sequence[float], ends: Sequence[int], val_losses: Sequence[float]) -> Plot:
    """Draw the smoothed training loss of each batch, and validation losses after so many batches each."""
    figure, axis = _over_batches(len(losses))
    smoothed = say("lesson_learner.smoothed")
    trained = Line(range(1, len(losses) + 1), _smoothed(losses), "s0", ".2f", smoothed)
    draw_lines(axis, [trained, Line(ends, val_losses, "s1", ".2f", say("plots.validation"))])
    axis.set_title(say("plots.loss"))
    return figure


@styled()
def draw_schedule(lrs: Sequence[float], moms: Sequence[float] | None = None) -> Plot:
    """Draw the learning rate of each batch, and beside it the momentum."""
    figure = Plot(figsize=(7 if moms is None else 10, 3.6), layout="constrained")
    titled = {say("plots.learning_rate"): lrs}
    if moms is not None:
        titled[say("lesson_learner.momentum")] = moms
    for axis, (title, values) in zip(
        figure.subplots(1, len(titled), squeeze=False)[0], titled.items(), strict=True
    ):
        axis.plot(range(1, len(values) + 1), values)
        axis.set(xlabel=say("lesson_learner.batches"))
        axis.set_title(title)
    return figure


@styled()
def draw_metrics(metrics: Mapping[str, Sequence[float]], ends: Sequence[int]) -> Plot:
    """Draw each metric below the other, after so many batches each."""
    figure = Plot(figsize=(7, 3.2 * len(metrics)), layout="constrained")
    axes = figure.subplots(len(metrics), 1, squeeze=False)[:, 0]
    for axis, (name, values) in zip(axes, metrics.items(), strict=True):
        draw_lines(axis, [Line(ends, values, "s1", ".3f")])
        axis.set(xlabel=say("lesson_learner.batches"), xlim=(0, ends[-1] + 1))
        axis.set_title(name)
    return figure


def limit(figure: Plot, xs: Sequence[float], ys: Sequence[float], part: slice) -> None:
    """Show only a part of the points of a curve, as high as that is; all of it where the part has no two."""
    if len(set(xs[part])) > 1:
        figure.axes[0].set(xlim=(xs[part][0], xs[part][-1]), ylim=(0, 1.08 * max(ys[part]) or 1))


def _over_batches(count: int) -> tuple[Plot, Any]:
    figure = Plot(figsize=(7, 3.6), layout="constrained")
    axis = figure.subplots()
    axis.set(xlabel=say("lesson_learner.batches"), xlim=(0, count + 1))
    return figure, axis


def _smoothed(losses: Sequence[float]) -> list[float]:
    mean, smoothed = 0.0, list[float]()
    for number, loss in enumerate(losses, 1):
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        smoothed.append(mean / (1 - SMOOTH**number))
    return smoothed
