"""How a training went, and the section of the page that shows it: losses, errors, findings, a forecast."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whatsit.project import LOSSES, EpochRecord, FindingRecord
from whatsit.report.headline import Headline
from whatsit.report.sections import Section
from whatsit.report.words import Words
from whatsit.understand.learning_curve import LearningCurve
from whatsit.web import charts
from whatsit.web.page import percent


@dataclass(frozen=True, eq=False)
class Training:
    """How a training went: `epochs` as in history.json, and where they are known the doctor's `findings`.

    These are as in history.json too. `curve` shows whether more pictures would help.
    """

    epochs: Sequence[EpochRecord]
    findings: Sequence[FindingRecord] | None = None
    curve: LearningCurve | None = None


def training_section(training: Training, words: Words, headline: Headline | None = None) -> Section:
    """The curves of the losses and of the error rate, and the doctor's findings.

    The learning curve is left out where a `headline` has nothing to promise.
    """
    epochs, shows_curve = training.epochs, headline is None or headline.promises
    numbers = [float(epoch["epoch"]) for epoch in epochs]
    across = charts.number_axis(words("epoch"), numbers[0] - 0.5, numbers[-1] + 0.5, is_whole=True)
    losses = {
        name: [np.nan if (loss := epoch[name]) is None else loss for epoch in epochs] for name in LOSSES
    }
    top = max((loss for values in losses.values() for loss in values if np.isfinite(loss)), default=1.0)
    errors = [epoch["error_rate"] for epoch in epochs]
    lowest = percent(min(errors), 1)
    summary = words("went", epochs=len(epochs), error=percent(errors[-1], 1), lowest=lowest)
    lines = [
        charts.Series(words(name), numbers, np.nan_to_num(values, nan=top, posinf=top).tolist())
        for name, values in losses.items()
    ]
    findings, said = None, () if headline is None else ("few_validation_pictures",)  # its interval shows that
    if training.findings is not None:
        findings = [words.message(one) for sign, one, _ in training.findings if sign not in said]
        findings = findings or [words("healthy")]
    return {
        "summary": summary,
        "losses": charts.chart(
            lines, across, charts.number_axis(words("loss_axis"), 0.0, 1.05 * top), words("loss_axis")
        ),
        "errors": charts.chart(
            [charts.Series(words("valid_error"), numbers, errors)],
            across,
            charts.percent_axis(words("error_rate"), 0.0, min(1.0, 1.1 * max(*errors, 0.05))),
            summary,
        ),
        "findings": findings,
        "curve": _curve(training.curve, words, errors[-1]) if shows_curve and training.curve else None,
    }


def _curve(curve: LearningCurve, words: Words, own: float) -> Section:
    """What it shows; `own` is the error rate of the training itself, which is another."""
    _, *ahead_of_all = curve.messages()
    now = words(
        "curve_now",
        images=curve.images[-1],
        repeats=curve.wrong.shape[1],
        error=percent(curve.error_rates[-1], 1),
        own=percent(own, 1),
    )
    sentences = [now, *map(words.of, ahead_of_all)]
    tried = [
        (float(images), float(error))
        for place, images in enumerate(curve.images)
        for error in curve.wrong[place].mean(1)
    ]
    dots = charts.Series(
        words("tried"), [size for size, _ in tried], [error for _, error in tried], dots=True
    )
    ahead, farthest = [], curve.images[-1]
    if curve.can_tell:
        ahead, farthest = [_forecast(curve, words)], 2 * curve.images[-1]
    top = max([0.05, *(error for _, error in tried), *(high for one in ahead for _, high in one.span or [])])
    ticks = {float(images): f"{images:,}" for images in dict.fromkeys([*curve.images, farthest])}
    if not curve.error_rates[-1]:
        return {"said": words.of(ahead_of_all[0]), "chart": ""}
    chart = charts.chart(
        [*(ahead or [charts.Series("", [], [])]), dots],
        charts.Axis(words("curve_x"), curve.images[0] * 0.9, farthest * 1.05, ticks, is_log=True),
        charts.percent_axis(words("error_rate"), 0.0, min(1.0, 1.1 * top)),
        words.join(sentences),
    )
    return {"said": words.join(sentences), "chart": chart}


def _forecast(curve: LearningCurve, words: Words) -> charts.Series:
    """A line that leads to twice as many pictures."""
    sizes = [float(size) for size in np.geomspace(curve.images[0], 2 * curve.images[-1], 30)]
    ahead = [curve.forecast(round(size)) for size in sizes]
    return charts.Series(
        words("forecast"),
        sizes,
        [one.error_rate for one in ahead],
        span=[(one.low, one.high) for one in ahead],
    )
