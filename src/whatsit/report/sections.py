"""What each section of the page shows: plain values for the template."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from whatsit.catalog.summary import Summary
from whatsit.errors import WhatsitError
from whatsit.novelty import Novelty
from whatsit.report.album import Album, places_of
from whatsit.report.thumbnails import LARGE, SMALL, data_uri, shrink, thumbnails
from whatsit.report.words import Words
from whatsit.text import printable
from whatsit.understand.clusters import LEAST
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.metrics import MOST_SHOWN, Evaluation, pictures_of
from whatsit.web import charts
from whatsit.web.page import percent

WORST, ENDS, STRANGEST = 12, 5, 6
TARGETS = (0.9, 0.95, 0.98)
MINIMA = (0.5, 0.7, 0.9)
Section = dict[str, Any]


def headline(interpretations: Sequence[Interpretation], words: Words, left_out: int | None = 0) -> Section:
    """How good it is in a sentence or two, its commonest mistake, and the accuracy of each split."""
    main = interpretations[0]
    found = main.evaluation
    key = "headline" if main.split in ("valid", "test") else "headline_these"
    sentences = [words(key, share=_hundred(found.accuracy), range=_range(found, words))]
    if found.interval is None:
        sentences.append(words("headline_few_groups", groups=found.groups, least=LEAST))
    if main.split == "train":
        sentences.append(words("headline_learnt"))
    elif main.split not in ("valid", "test"):
        sentences.append(words("headline_unknown"))
    if left_out:
        sentences.append(words("headline_left_out", count=left_out))
    return {
        "said": sentences,
        "dots": charts.dots(found.accuracy, sentences[0]),
        "why": words(
            "headline_why" if found.groups is None else "headline_why_groups",
            pictures=pictures_of(main.split, found.images),
            right=found.right,
            groups=found.groups,
        ),
        "confused": [
            words(
                "most_confused",
                actual=printable(actual),
                predicted=printable(predicted),
                count=count,
                images=found.per_class()[actual]["images"],
            )
            for actual, predicted, count in main.most_confused(2)[:1]
        ],
        "is_perfect": found.right == found.images,
        "splits": [
            {
                "name": words.split(one.split),
                "is_training": one is not main and one.split == "train",
                "what": words.what(one.split),
                "images": one.evaluation.images,
                "right": one.evaluation.right,
                "accuracy": one.evaluation.accuracy,
                "interval": one.evaluation.interval,
            }
            for one in interpretations
        ],
    }


def _range(found: Evaluation, words: Words) -> str:
    if found.interval is None:
        return ""
    low, high = found.interval
    return words("headline_range", low=_hundred(low), high=_hundred(high))


def own(interpretations: Sequence[Interpretation], words: Words) -> str:
    """How many of the pictures that it was trained on it gets right; "" if these are not among them."""
    found = next((one.evaluation for one in interpretations[1:] if one.split == "train"), None)
    return "" if found is None else words("trained_right", right=found.right, images=found.images)


def matrix(interpretation: Interpretation, album: Album, words: Words) -> Section:
    """The confusion matrix of one split, whose cells are put into the album."""
    evaluation = interpretation.evaluation
    chosen, left_out = evaluation.most_confused_classes()
    names = [printable(name) for name in evaluation.classes]
    rows = []
    for actual in chosen:
        cells = []
        total = int(evaluation.confusion[actual].sum())
        for predicted in chosen:
            count = int(evaluation.confusion[actual, predicted])
            key = f"{interpretation.split}-{actual}-{predicted}"
            caption = words(
                "cell_right" if actual == predicted else "cell",
                count=count,
                actual=names[actual],
                predicted=names[predicted],
            )
            if count and interpretation.paths is not None:
                album.add(key, caption, interpretation, places_of(interpretation, actual, predicted))
            kind = "wrong" if actual != predicted else "deep" if count > 0.4 * total else ""
            cells.append(
                {"count": count, "key": key, "said": caption, "kind": kind, "share": count / max(1, total)}
            )
        rows.append({"name": names[actual], "cells": cells})
    return {
        "title": words.of(pictures_of(interpretation.split, evaluation.images)),
        "names": [names[place] for place in chosen],
        "rows": rows,
        "classes": len(names) if left_out else 0,
        "has_pictures": interpretation.paths is not None,
    }


def worst(interpretation: Interpretation) -> Section | None:
    """The mistakes with the largest losses, with heat maps where there are any; None without mistakes."""
    _, places = interpretation.top_losses()
    wrong = interpretation.predicted[places] != interpretation.labels[places]
    chosen = places[wrong][:WORST].tolist()
    maps = {}
    if interpretation.explain is not None and interpretation.paths is not None and chosen:
        try:
            for place in chosen:
                label = interpretation[place].prediction
                maps[place] = interpretation.explain(interpretation.paths[place], label)
        except WhatsitError:  # a picture that is gone, or a backbone that gives no maps: without them, then
            maps = {}
    rows = [
        {
            **tile,
            "answer": (answer := interpretation[place]),
            "own": float(np.exp(-answer.loss)),
            "heat": data_uri(shrink(maps[place].overlay(), LARGE)) if maps else "",
        }
        for place, tile in _tiles(interpretation, chosen, LARGE).items()
    ]
    return {"has_heat": bool(maps), "rows": rows} if rows else None


def classes(interpretation: Interpretation) -> Section:
    """Precision, recall and F1, the worst class first, those without pictures last."""
    rows = sorted(
        interpretation.evaluation.per_class().items(), key=lambda pair: (not pair[1]["images"], pair[1]["f1"])
    )
    return {
        "rows": [(printable(name), row) for name, row in rows],
        "are_many": len(rows) > MOST_SHOWN,
        "least_groups": LEAST if interpretation.groups is not None else None,
    }


def components(interpretation: Interpretation, words: Words) -> list[Section]:
    """The main directions with the pictures at their ends."""
    if interpretation.features is None or interpretation.paths is None or len(interpretation) < 4:
        return []
    found = interpretation.components(4, ENDS)
    tiles = _tiles(interpretation, sorted({place for one in found for place in (*one.low, *one.high)}))

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
                share=percent(one.share),
            ),
            "low_name": named(one.low_labels),
            "low": [tiles[place] for place in one.low if place in tiles],
            "high_name": named(one.high_labels),
            "high": [tiles[place] for place in reversed(one.high) if place in tiles],
        }
        for number, one in enumerate(found, 1)
    ]


def calibration(interpretation: Interpretation, words: Words) -> Section:
    """The reliability diagram and what to think of it."""
    found = interpretation.reliability
    is_too_sure = found.confidence.mean() > found.right.mean()
    verdict = words(
        {True: "believable", False: "not_believable", None: "few_to_believe"}[found.is_believable],
        ece=f"{found.ece:.3f}",
        chance=f"{found.chance[0]:.3f}",
        how=words("too_sure" if is_too_sure else "not_sure_enough"),
    )
    bins = found.bins
    measured = charts.Series(
        words("measured"),
        [one.confidence for one in bins],
        [one.accuracy for one in bins],
        dots=True,
        span=[(one.low, one.high) for one in bins],
    )
    chart = charts.chart(
        [measured, charts.Series(words("perfect"), [0, 1], [0, 1])],
        charts.percent_axis(words("said")),
        charts.percent_axis(words("was_right")),
        verdict,
    )
    return {"said": verdict, "chart": chart}


def selective(interpretation: Interpretation, words: Words) -> Section:
    """What keeping silent brings, and the minima from which on the answers are surely good enough."""
    found = interpretation.selective
    is_answered = found.answered > 0
    lowest = float(np.nanmin(found.accuracy[is_answered]))
    tips = []
    for minimum in sorted({minimum for target in TARGETS if (minimum := found.minimum_for(target))}):
        answered, accuracy = found.at(minimum)
        low, high = found.interval(minimum) or (0.0, 1.0)
        tips.append(
            words(
                "selective_for",
                minimum=f"{minimum:.2f}",
                answered=percent(answered),
                accuracy=percent(accuracy, 1),
                low=percent(low, 1),
                high=percent(high, 1),
            )
        )
    rows = [(minimum, *found.at(minimum), found.interval(minimum)) for minimum in (0.0, *MINIMA)]
    chart = charts.chart(
        [charts.Series("", found.answered[is_answered].tolist(), found.accuracy[is_answered].tolist())],
        charts.percent_axis(words("answered")),
        charts.percent_axis(words("answers_right"), max(0.0, 0.1 * int(10 * lowest - 0.5))),
        words.join(tips) or words("selective_how"),
    )
    return {"chart": chart, "rows": rows, "tips": tips}


def strange(
    interpretation: Interpretation, novelty: Novelty | None, false_alarms: tuple[int, int] | None = None
) -> Section | None:
    """How many known pictures are called novel, of how many, and which are the strangest."""
    if novelty is None or interpretation.features is None:
        return None
    scores = novelty.score(interpretation.features)
    order = np.argsort(-scores, kind="stable")[:STRANGEST].tolist()
    tiles = _tiles(interpretation, order)
    count, images = false_alarms or (int((scores > novelty.threshold).sum()), len(scores))
    return {
        "stated": novelty.false_alarms,
        "count": count,
        "images": images,
        "rows": [{**tile, "score": float(scores[place])} for place, tile in tiles.items()],
    }


def data(summary: Summary, words: Words, has_splits: bool) -> Section:
    """How many pictures of each class, in each split if these mean anything, and what else to know."""
    low, median, high = summary.shorter_sides
    exact, near = (
        sum(len(group) - 1 for group in groups)
        for groups in (summary.exact_duplicates, summary.near_duplicates)
    )
    counts = summary.counts
    if not has_splits:
        counts = {label: {"all": sum(row.values())} for label, row in counts.items()}
    names_of_splits = ("train", "valid", "test") if has_splits else ("all",)
    splits = [split for split in names_of_splits if any(row[split] for row in counts.values())]
    lines = [
        words("data_all", images=summary.images, classes=len(summary.counts)),
        words("data_sides" if low < high else "data_side", low=low, high=high, median=median),
        words("data_copies" if exact + near else "data_no_copies", exact=exact, near=near),
    ]
    if summary.astride and has_splits:
        lines.append(words("data_astride", count=summary.astride))
    if summary.unreadable:
        names = [printable(path.name) for path, _ in summary.unreadable[:5]]
        lines.append(words("data_unreadable", count=len(summary.unreadable), names=names))
    rows = [(printable(label), [row[split] for split in splits]) for label, row in counts.items()]
    totals = [sum(row[split] for row in counts.values()) for split in splits]
    names_of = [words.split(split) for split in splits]
    return {
        "lines": lines,
        "splits": names_of,
        "rows": rows,
        "totals": totals,
        "are_many": len(rows) > MOST_SHOWN,
    }


def _hundred(share: float) -> str:
    """Of a hundred; all or none of them only where it is exactly so."""
    whole = round(100 * share)
    if whole not in (0, 100) or share in (0.0, 1.0):
        return str(whole)
    return f"{min(99.9, max(0.1, 100 * share)):.1f}"


def _tiles(interpretation: Interpretation, places: Sequence[int], side: int = SMALL) -> dict[int, Section]:
    """Picture, label and file name of those that can be read, by their place."""
    paths: Sequence[Path] = interpretation.paths or []
    if not paths:
        return {}
    uris = thumbnails([paths[place] for place in places], side)
    return {
        place: {
            "uri": uris[paths[place]],
            "label": printable(interpretation.classes[interpretation.labels[place]]),
            "file": printable(paths[place].name),
        }
        for place in places
        if paths[place] in uris
    }
