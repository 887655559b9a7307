"""What each section of the page shows: plain values for the template."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from whatsit.errors import WhatsitError
from whatsit.novelty import Novelty
from whatsit.report.album import Album, places_of
from whatsit.report.thumbnails import LARGE, SMALL, Known, data_uri, no_thumbnails, shrink, thumbnails
from whatsit.report.words import Words
from whatsit.text import in_folder, printable
from whatsit.understand.clusters import LEAST
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.metrics import MOST_SHOWN, pictures_of
from whatsit.web import charts
from whatsit.web.page import percent

WORST, ENDS, STRANGEST = 12, 5, 8
MEANT = 0.8  # of the pictures at an end of a component: so many of a class give it a name
MOST_LEVEL, MOST_NARROW = 5, 8  # classes with horizontal names, and classes that a phone has room for
MOST_LETTERS = 30  # in a phone's row of names
TARGETS = (0.9, 0.95, 0.98)
MINIMA = (0.5, 0.7, 0.9)
Section = dict[str, Any]


def outcomes(interpretations: Sequence[Interpretation], words: Words) -> list[Section]:
    """How the pictures of each split are answered, the training pictures aside."""
    return [
        {"name": words.split(one.split), "what": words.what(one.split), "found": one.outcomes}
        for number, one in enumerate(interpretations)
        if not number or one.split != "train"
    ]


def own(interpretations: Sequence[Interpretation], words: Words) -> str:
    """How many of the pictures that it was trained on it gets right; "" if these are not among them."""
    found = next((one.evaluation for one in interpretations[1:] if one.split == "train"), None)
    if found is None:
        return ""
    code = "trained_all_right" if found.right == found.images else "trained_right"
    return words(code, right=found.right, images=found.images)


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
        "kind": _kind([names[place] for place in chosen]),
        "rows": rows,
        "classes": len(names) if left_out else 0,
        "has_pictures": interpretation.paths is not None,
    }


def _kind(names: Sequence[str]) -> str:
    """How the matrix is laid out: by how many classes there are, and how long a word of a name is."""
    if len(names) > MOST_LEVEL:
        return "many" if len(names) > MOST_NARROW else "upright"
    longest = max(len(word) for name in names for word in re.split(r"[\s_-]", name))
    kinds = {"few": True, "large": len(names) < 4, "long": longest * len(names) > MOST_LETTERS}
    return " ".join(kind for kind, fits in kinds.items() if fits)


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
            "is_novel": interpretation.is_novel is not None and bool(interpretation.is_novel[place]),
        }
        for place, tile in tiles_of(interpretation, chosen, LARGE).items()
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
    """The main directions that lead from one class to another, with the pictures at their ends."""
    if interpretation.features is None or interpretation.paths is None or len(interpretation) < 4:
        return []
    found = interpretation.components(4, ENDS)
    ends = [(one, _name(interpretation, one.low), _name(interpretation, one.high)) for one in found]
    named = [(one, low, high) for one, low, high in ends if low and high and low != high]
    tiles = tiles_of(interpretation, sorted({place for one, *_ in named for place in (*one.low, *one.high)}))
    return [
        {
            "title": words(
                "component",
                number=number,
                low=low,
                high=high,
                share=percent(one.share),
            ),
            "low_name": low,
            "low": [tiles[place] for place in one.low if place in tiles],
            "high_name": high,
            "high": [tiles[place] for place in reversed(one.high) if place in tiles],
        }
        for number, (one, low, high) in enumerate(named, 1)
    ]


def _name(interpretation: Interpretation, places: Sequence[int]) -> str:
    """The class of nearly all of these pictures; "" where they are of several."""
    label, count = Counter(interpretation.labels[list(places)].tolist()).most_common(1)[0]
    return printable(interpretation.classes[label]) if count >= MEANT * len(places) else ""


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
    chart = charts.reliability(
        measured,
        words("perfect"),
        charts.percent_axis(words("said")),
        charts.percent_axis(words("was_right")),
        verdict,
    )
    return {"said": verdict, "chart": charts.svg(chart)}


def selective(interpretation: Interpretation, words: Words) -> Section | None:
    """What keeping silent brings, and the minima from which on the answers are surely good enough.

    None where it brings nothing.
    """
    found = interpretation.selective
    if not found.matters:
        return None
    is_answered = found.answered > 0
    wrong = 1 - found.accuracy[is_answered]
    tips = []
    for minimum in sorted({minimum for target in TARGETS if (minimum := found.minimum_for(target))}):
        answered, accuracy = found.at(minimum)
        low, high = found.interval(minimum) or (0.0, 1.0)
        tips.append(
            words(
                "selective_for",
                minimum=percent(minimum),
                answered=percent(answered),
                accuracy=percent(accuracy, 1),
                low=percent(low, 1),
                high=percent(high, 1),
            )
        )
    rows = [(minimum, *found.at(minimum), found.interval(minimum)) for minimum in (0.0, *MINIMA)]
    chart = charts.chart(
        [charts.Series("", found.answered[is_answered].tolist(), wrong.tolist())],
        charts.percent_axis(words("answered")),
        charts.percent_axis(words("answers_wrong"), 0.0, min(1.0, 1.1 * max(0.05, float(wrong.max())))),
        words.join(tips) or words("selective_how"),
    )
    return {"chart": chart, "rows": rows, "tips": tips}


def strange(interpretation: Interpretation, novelty: Novelty | None, words: Words) -> Section | None:
    """How many known pictures are called novel, where that is known, and which are the strangest."""
    if novelty is None or interpretation.features is None:
        return None
    scores = novelty.score(interpretation.features)
    order = np.argsort(-scores, kind="stable")[:STRANGEST].tolist()
    tiles = tiles_of(interpretation, order)
    return {
        "said": _false_alarms(interpretation, novelty, words),
        "is_measured": interpretation.is_novel is not None,
        "rows": [{**tile, "score": float(scores[place])} for place, tile in tiles.items()],
    }


def _false_alarms(interpretation: Interpretation, novelty: Novelty, words: Words) -> str:
    stated, count, images = percent(novelty.false_alarms), interpretation.outcomes.novel, len(interpretation)
    if interpretation.is_novel is None:
        return words("novelty_few", stated=stated)
    share = percent(count / images, 1)
    measured = words("novelty_share" if count else "novelty_zero", share=share, count=count, images=images)
    return words("novelty_how", stated=stated, measured=measured)


def tiles_of(
    interpretation: Interpretation, places: Sequence[int], side: int = SMALL, known: Known = no_thumbnails
) -> dict[int, Section]:
    """Picture, label and file name of those that can be read, by their place."""
    paths: Sequence[Path] = interpretation.paths or []
    if not paths:
        return {}
    chosen = [paths[place] for place in places]
    uris = thumbnails(chosen, side, known(chosen))
    return {
        place: {
            "uri": uris[paths[place]],
            "label": printable(interpretation.classes[interpretation.labels[place]]),
            "file": in_folder(paths[place]),
        }
        for place in places
        if paths[place] in uris
    }
