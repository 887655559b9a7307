"""Pictures for people."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from whatsit.figures import Picture


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
    losses.plot(numbers, [epoch["train_loss"] for epoch in epochs], marker=mark, label="training")
    losses.plot(numbers, [epoch["valid_loss"] for epoch in epochs], marker=mark, label="validation")
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
