"""The pictures: some of each class, and how many of them train, validate and test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whatsit.catalog.summary import Summary
from whatsit.report.headline import WHOLE
from whatsit.report.sections import Section, tiles_of
from whatsit.report.thumbnails import Known
from whatsit.report.words import Words
from whatsit.text import printable
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.metrics import MOST_SHOWN, pictures_of

STRIP = 6  # pictures of each class
COLUMNS = {"train": "column_train", "valid": "column_valid", "test": "column_test"}


@dataclass(frozen=True)
class Bar:
    """A part of a row's bar: where it begins and how long it is, of 100 for the largest class."""

    split: str
    start: float
    length: float


def data(summary: Summary, interpretations: Sequence[Interpretation], words: Words, known: Known) -> Section:
    """A row for each class: its name, pictures, counts and their bar; and what else to know."""
    has_splits = (shown := interpretations[0].split) not in WHOLE
    counts = summary.counts
    if not has_splits:
        counts = {label: {shown: sum(row.values())} for label, row in counts.items()}
    splits = [
        split for split in (COLUMNS if has_splits else (shown,)) if any(row[split] for row in counts.values())
    ]
    largest = max((sum(row.values()) for row in counts.values()), default=1)
    strips = _strips(interpretations, known)
    rows = [
        {
            "name": printable(label),
            "tiles": strips.get(label, []),
            "counts": [(split, row[split]) for split in splits],
            "said": words.listed(
                [words.of(pictures_of(split, row[split])) for split in splits if row[split]]
            ),
            "bars": _bars({split: row[split] for split in splits}, largest),
        }
        for label, row in counts.items()
    ]
    totals = [(split, sum(row[split] for row in counts.values())) for split in splits]
    return {
        "lines": _lines(summary, words, has_splits),
        "rows": rows,
        "totals": [
            {"split": split, "said": words.of(pictures_of(split, total)), "what": words.what(split)}
            for split, total in totals
        ],
        "columns": [(split, words(COLUMNS.get(split, "pictures"))) for split in splits],
        "are_many": len(rows) > MOST_SHOWN,
    }


def _strips(interpretations: Sequence[Interpretation], known: Known) -> dict[str, list[Section]]:
    """Some pictures by class, training pictures where there are any; of no more classes than one reads."""
    shown = next((one for one in interpretations if one.split == "train"), interpretations[0])
    chosen: dict[str, list[int]] = {}
    for number, label in enumerate(shown.classes[:MOST_SHOWN]):
        places = np.flatnonzero(shown.labels == number)
        spread = np.linspace(0, len(places) - 1, min(STRIP, len(places))).round().astype(int)
        chosen[label] = places[spread].tolist()
    tiles = tiles_of(shown, [place for places in chosen.values() for place in places], known=known)
    return {label: [tiles[place] for place in places if place in tiles] for label, places in chosen.items()}


def _bars(counts: dict[str, int], largest: int) -> list[Bar]:
    bars, start = [], 0.0
    for split, count in counts.items():
        length = round(100 * count / max(1, largest), 2)
        bars.append(Bar(split, round(start, 2), length))
        start += length
    return bars


def _lines(summary: Summary, words: Words, has_splits: bool) -> list[str]:
    """The sizes, the copies, and the files that can't be read."""
    low, median, high = summary.shorter_sides
    exact, near = (
        sum(len(group) - 1 for group in groups)
        for groups in (summary.exact_duplicates, summary.near_duplicates)
    )
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
    return lines
