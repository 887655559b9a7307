"""What a report holds, and the page made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from whatsit.catalog.summary import Summary
from whatsit.errors import WhatsitError
from whatsit.project import write_whole
from whatsit.text import printable
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.learning_curve import LearningCurve
from whatsit.understand.novelty import Novelty
from whatsit.understand.report import charts
from whatsit.understand.report.album import Album, cells_of
from whatsit.understand.report.thumbnails import LARGE, encode, thumbnails
from whatsit.understand.report.words import Words

WORST, ENDS, STRANGEST = 12, 5, 6
MANY_CLASSES = 30
TARGETS = (0.95, 0.98)
MINIMA = (0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Training:
    """How a training went: `epochs` as in history.json, the doctor's `findings` as (sign, text), if known."""

    epochs: Sequence[Mapping[str, Any]]
    findings: Sequence[tuple[str, str]] | None = None
    curve: LearningCurve | None = None


@dataclass(frozen=True)
class Report:
    """All that is known of a classifier called `name`.

    `interpretations` are of one split each, the one that is to be judged by first. `facts` say how it was
    made, under names that words.py knows; `temperature` and `novelty` are what the bundle carries, and
    `is_body_tuned` says that held-out pictures were known to the body.
    """

    name: str
    interpretations: Sequence[Interpretation]
    facts: Mapping[str, str] = field(default_factory=dict)
    training: Training | None = None
    summary: Summary | None = None
    temperature: float | None = None
    novelty: Novelty | None = None
    is_body_tuned: bool = False

    def __post_init__(self) -> None:
        if not self.interpretations:
            raise WhatsitError("There is nothing to report.", "Give at least one interpretation.")

    def headline(self, lang: str = "en") -> list[str]:
        """How good it is, in a sentence or two."""
        said: list[str] = _headline(self.interpretations, Words(lang))["said"]
        return said

    def render(self, lang: str = "en") -> str:
        """The whole page, in "en" or "zh". Raises WhatsitError for another language."""
        words = Words(lang)
        album, main = Album(words), self.interpretations[0]
        return _template().render(
            w=words,
            name=printable(self.name),
            headline=_headline(self.interpretations, words),
            matrices=[_matrix(one, album, words) for one in self.interpretations],
            worst=_worst(main),
            classes=_classes(main),
            components=_components(main, words),
            calibration=_calibration(main, words),
            temperature=self.temperature,
            is_body_tuned=self.is_body_tuned,
            selective=_selective(main, words),
            strange=_strange(main, self.novelty),
            training=self.training and _training(self.training, words),
            data=self.summary and _data(self.summary, words),
            facts=self.facts,
            album=album.to_json(),
        )

    def write(self, path: str | Path, lang: str = "en") -> None:
        """Write the page, whole or not at all. Raises WhatsitError."""
        write_whole(Path(path), self.render(lang).encode("utf-8", "backslashreplace"))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("whatsit.understand", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=_percent, printable=printable)
    return environment.get_template("page.html")


def _percent(share: float, digits: int = 0) -> str:
    return f"{share:.{digits}%}"


def _hundred(share: float) -> str:
    return f"{100 * share:.0f}"


def _headline(interpretations: Sequence[Interpretation], words: Words) -> dict[str, Any]:
    main = interpretations[0]
    found, (low, high) = main.evaluation, main.evaluation.interval
    confused = main.most_confused(2)[:1]
    shares = {"share": _hundred(found.accuracy), "low": _hundred(low), "high": _hundred(high)}
    said = [words("headline" if main.split in ("valid", "test") else "headline_these", **shares)]
    if main.split == "train":
        said.append(words("headline_learnt"))
    elif main.split not in ("valid", "test"):
        said.append(words("headline_unknown"))
    return {
        "said": said,
        "why": words("headline_why", images=found.images, split=words.split(main.split), right=found.right),
        "confused": [
            words(
                "most_confused",
                actual=printable(actual),
                predicted=printable(predicted),
                count=count,
                images=found.per_class()[actual]["images"],
            )
            for actual, predicted, count in confused
        ],
        "is_perfect": found.right == found.images,
        "splits": [
            {
                "name": one.split,
                "images": one.evaluation.images,
                "right": one.evaluation.right,
                "accuracy": one.evaluation.accuracy,
                "interval": one.evaluation.interval,
            }
            for one in interpretations
        ],
    }


def _matrix(interpretation: Interpretation, album: Album, words: Words) -> dict[str, Any]:
    evaluation = interpretation.evaluation
    shown, left_out = evaluation.most_confused_classes()
    names = [printable(name) for name in evaluation.classes]
    rows = []
    for actual in shown:
        cells = []
        total = int(evaluation.confusion[actual].sum())
        for predicted in shown:
            count = int(evaluation.confusion[actual, predicted])
            key = f"{interpretation.split}-{actual}-{predicted}"
            said = words(
                "cell_right" if actual == predicted else "cell",
                count=count,
                actual=names[actual],
                predicted=names[predicted],
            )
            if count:
                album.add(key, said, interpretation, cells_of(interpretation, actual, predicted))
            share = count / total if total else 0.0
            cells.append({"count": count, "key": key, "said": said, "share": share})
        rows.append({"name": names[actual], "cells": cells})
    return {
        "split": interpretation.split,
        "images": evaluation.images,
        "names": [names[place] for place in shown],
        "rows": rows,
        "classes": len(names) if left_out else 0,
        "has_pictures": interpretation.paths is not None,
    }


def _worst(interpretation: Interpretation) -> dict[str, Any]:
    _, places = interpretation.top_losses()
    wrong = [
        place for place in places.tolist() if interpretation.predicted[place] != interpretation.labels[place]
    ][:WORST]
    paths = interpretation.paths
    if paths is None:
        return {"has_heat": False, "rows": []}
    files = [paths[place] for place in wrong]
    heat = []
    if interpretation.explain is not None and files:
        try:
            heat = interpretation.explain(files, interpretation.predicted[wrong].tolist())
        except WhatsitError:  # a picture that is gone, or a backbone that gives no maps: without them, then
            heat = []
    plain = thumbnails(files, LARGE)
    rows = []
    for number, place in enumerate(wrong):
        answer = interpretation[place]
        if files[number] in plain:
            rows.append(
                {
                    "answer": answer,
                    "file": printable(files[number].name),
                    "own": float(np.exp(-answer.loss)),
                    "picture": plain[files[number]],
                    "heat": encode(heat[number].overlay(), LARGE) if heat else "",
                }
            )
    return {"has_heat": bool(heat), "rows": rows}


def _classes(interpretation: Interpretation) -> dict[str, Any]:
    rows = sorted(interpretation.evaluation.per_class().items(), key=lambda pair: pair[1]["f1"])
    return {"rows": [(printable(name), row) for name, row in rows], "are_many": len(rows) > MANY_CLASSES}


def _components(interpretation: Interpretation, words: Words) -> list[dict[str, Any]]:
    if interpretation.features is None or interpretation.paths is None or len(interpretation) < 4:
        return []
    found = interpretation.components(4, ENDS)
    places = {place for one in found for place in (*one.low, *one.high)}
    uris = thumbnails([interpretation.paths[place] for place in sorted(places)])

    def ends(side: Sequence[int]) -> list[dict[str, str]]:
        assert interpretation.paths is not None
        return [
            {
                "uri": uris[path],
                "label": interpretation.classes[interpretation.labels[place]],
                "file": printable(path.name),
            }
            for place in side
            if (path := interpretation.paths[place]) in uris
        ]

    def named(labels: Sequence[str]) -> str:
        first, *other = map(printable, labels)
        return words("and", one=first, other=other[0]) if other else first

    return [
        {
            "title": words(
                "component" if set(one.low_labels) != set(one.high_labels) else "component_mixed",
                number=number,
                low=named(one.low_labels),
                high=named(one.high_labels),
                share=_percent(one.share),
            ),
            "low": ends(one.low),
            "high": ends(one.high[::-1]),
        }
        for number, one in enumerate(found, 1)
    ]


def _calibration(interpretation: Interpretation, words: Words) -> dict[str, Any]:
    found = interpretation.reliability
    said = words(
        {True: "believable", False: "not_believable", None: "few_to_believe"}[found.is_believable],
        ece=f"{found.ece:.3f}",
        chance=f"{found.chance[0]:.3f}",
    )
    bins = found.bins
    chart = charts.chart(
        [
            charts.Series(
                words("measured"),
                [one.confidence for one in bins],
                [one.accuracy for one in bins],
                dots=True,
                span=[(one.low, one.high) for one in bins],
            ),
            charts.Series(words("perfect"), [0, 1], [0, 1]),
        ],
        charts.percent_axis(words("said")),
        charts.percent_axis(words("was_right")),
        said,
    )
    return {"said": said, "chart": chart}


def _selective(interpretation: Interpretation, words: Words) -> dict[str, Any]:
    found = interpretation.selective
    is_answered = found.answered > 0
    lowest = float(np.nanmin(found.accuracy[is_answered]))
    tips = []
    for target in TARGETS:
        minimum = found.minimum_for(target)
        if minimum and found.accuracy[0] < target:
            answered, accuracy = found.at(minimum)
            tips.append(
                words(
                    "selective_for",
                    minimum=f"{minimum:.2f}",
                    accuracy=_percent(accuracy, 1),
                    answered=_percent(answered),
                )
            )
    chart = charts.chart(
        [charts.Series("", found.answered[is_answered].tolist(), found.accuracy[is_answered].tolist())],
        charts.percent_axis(words("answered")),
        charts.percent_axis(words("answers_right"), max(0.0, 0.1 * int(10 * lowest - 0.5))),
        words("selective_how"),
    )
    rows = [(minimum, *found.at(minimum), found.interval(minimum)) for minimum in (0.0, *MINIMA)]
    return {"chart": chart, "rows": rows, "tips": tips}


def _strange(interpretation: Interpretation, novelty: Novelty | None) -> dict[str, Any] | None:
    if novelty is None or interpretation.features is None:
        return None
    scores = novelty.score(interpretation.features)
    alarms = int((scores > novelty.threshold).sum())
    order = np.argsort(-scores, kind="stable")[:STRANGEST].tolist()
    paths = interpretation.paths
    uris = thumbnails([paths[place] for place in order]) if paths is not None else {}
    return {
        "stated": novelty.false_alarms,
        "count": alarms,
        "images": len(scores),
        "rows": [
            {
                "uri": uris[paths[place]],
                "score": float(scores[place]),
                "label": interpretation.classes[interpretation.labels[place]],
                "file": printable(paths[place].name),
            }
            for place in order
            if paths is not None and paths[place] in uris
        ],
    }


def _training(training: Training, words: Words) -> dict[str, Any]:
    epochs = training.epochs
    numbers = [float(epoch["epoch"]) for epoch in epochs]
    across = charts.number_axis(words("epoch"), numbers[0] - 0.5, numbers[-1] + 0.5, is_whole=True)
    losses = {name: [epoch[name] for epoch in epochs] for name in ("train_loss", "valid_loss")}
    errors = [epoch["error_rate"] for epoch in epochs]
    told = words(
        "went",
        epochs=len(epochs),
        error=_percent(errors[-1], 1),
        lowest=_percent(min(errors), 1),
    )
    finite = [loss for values in losses.values() for loss in values if np.isfinite(loss)]
    top = max(finite, default=1.0)
    return {
        "told": told,
        "losses": charts.chart(
            [
                charts.Series(
                    words(name), numbers, [float(loss) if np.isfinite(loss) else top for loss in values]
                )
                for name, values in losses.items()
            ],
            across,
            charts.number_axis(words("loss_axis"), 0.0, 1.05 * top),
            told,
        ),
        "errors": charts.chart(
            [charts.Series(words("valid_error"), numbers, errors)],
            across,
            charts.percent_axis(words("error_rate"), 0.0, min(1.0, 1.1 * max(*errors, 0.05))),
            told,
        ),
        "findings": None
        if training.findings is None
        else [words.finding(*finding) for finding in training.findings] or [words("healthy")],
        "curve": training.curve and _curve(training.curve, words),
    }


def _curve(curve: LearningCurve, words: Words) -> dict[str, Any]:
    doubled = curve.doubled()
    told = words(
        "curve_now",
        images=f"{curve.images[-1]:,}",
        now=_percent(curve.error_rates[-1], 1),
        then=_percent(doubled.error_rate, 1),
        low=_percent(doubled.low, 1),
        high=_percent(doubled.high, 1),
    )
    sizes = [float(size) for size in np.geomspace(curve.images[0], 2 * curve.images[-1], 30)]
    ahead = [curve.forecast(round(size)) for size in sizes]
    tried = [
        (float(images), float(error))
        for place, images in enumerate(curve.images)
        for error in curve.wrong[place].mean(1)
    ]
    top = max(*(one.high for one in ahead), *(error for _, error in tried), 0.05)
    ticks = {float(images): f"{images:,}" for images in (*curve.images, 2 * curve.images[-1])}
    chart = charts.chart(
        [
            charts.Series(
                words("forecast"),
                sizes,
                [one.error_rate for one in ahead],
                span=[(one.low, one.high) for one in ahead],
            ),
            charts.Series(
                words("tried"), [size for size, _ in tried], [error for _, error in tried], dots=True
            ),
        ],
        charts.Axis(words("curve_x"), sizes[0] * 0.9, sizes[-1] * 1.05, ticks, is_log=True),
        charts.percent_axis(words("error_rate"), 0.0, min(1.0, 1.1 * top)),
        told,
    )
    return {"told": told, "advice": words("curve_helps" if curve.helps else "curve_flat"), "chart": chart}


def _data(summary: Summary, words: Words) -> dict[str, Any]:
    low, median, high = summary.shorter_sides
    exact, near = (
        sum(len(group) - 1 for group in groups)
        for groups in (summary.exact_duplicates, summary.near_duplicates)
    )
    splits = [
        split for split in ("train", "valid", "test") if any(row[split] for row in summary.counts.values())
    ]
    lines = [
        words("data_all", images=f"{summary.images:,}", classes=len(summary.counts)),
        words("data_sides" if low < high else "data_side", low=low, high=high, median=median),
        words("data_copies" if exact + near else "data_no_copies", exact=exact, near=near),
    ]
    if summary.astride:
        lines.append(words("data_astride", count=summary.astride))
    if summary.unreadable:
        names = ", ".join(printable(path.name) for path, _ in summary.unreadable[:5])
        lines.append(words("data_unreadable", count=len(summary.unreadable), names=names))
    rows = [(printable(label), [row[split] for split in splits]) for label, row in summary.counts.items()]
    totals = [sum(row[split] for row in summary.counts.values()) for split in splits]
    return {"lines": lines, "splits": splits, "rows": rows, "totals": totals}
