"""The pictures behind the numbers of a confusion matrix, each of them once in the page."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from whatsit.report.thumbnails import LARGE, Known, no_thumbnails, thumbnails
from whatsit.report.words import Words
from whatsit.text import in_folder, printable
from whatsit.understand.interpretation import Interpretation

PER_CELL = 100
MOST = 2500  # pictures in a page: about 10 MB
FEW, MOST_LARGE = 12, 200  # pictures of a cell that are shown large, and of all such cells


@dataclass
class Album:
    """Cells by their key: which pictures, with what to say of each."""

    words: Words
    known: Known = no_thumbnails
    cells: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, list[tuple[Path, str]]] = field(default_factory=dict)

    def add(self, key: str, title: str, interpretation: Interpretation, places: Sequence[int]) -> None:
        """A cell with its pictures, those of the largest loss first."""
        self.cells[key] = {"title": title, "count": len(places)}
        if interpretation.paths is not None:
            worst = sorted(places, key=lambda place: -interpretation.losses[place])[:PER_CELL]
            self.pictures[key] = [
                (interpretation.paths[place], self._caption(interpretation, place)) for place in worst
            ]

    def _caption(self, interpretation: Interpretation, place: int) -> str:
        answer = interpretation[place]
        assert answer.path is not None
        return f"{printable(answer.prediction)} {answer.probability:.0%} · {printable(answer.path.name)}"

    def to_json(self) -> Markup:
        """For the page's script: `pictures` by number, and `cells` with numbers and captions."""
        chosen = list(islice(self._in_turn(), MOST))
        files = list(dict.fromkeys(path for _, path, _ in chosen))
        of_few = (path for key, path, _ in chosen if self.cells[key]["count"] <= FEW)
        large = list(dict.fromkeys(of_few))[:MOST_LARGE]
        small = [path for path in files if path not in large]
        uris = thumbnails(large, LARGE) | thumbnails(small, known=self.known(small))
        number = {path: place for place, path in enumerate(uris)}
        cells = {key: {**cell, "pictures": []} for key, cell in self.cells.items()}
        for key, path, caption in chosen:
            if path in number:
                cells[key]["pictures"].append([number[path], caption, in_folder(path)])
        for cell in cells.values():
            cell["note"] = (
                self.words("cell_some", shown=len(cell["pictures"]), count=cell["count"])
                if len(cell["pictures"]) < cell["count"]
                else ""
            )
        text = json.dumps({"pictures": list(uris.values()), "cells": cells}, ensure_ascii=False)
        return Markup(text.replace("<", "\\u003c"))  # nothing in it can end the script

    def _in_turn(self) -> Iterator[tuple[str, Path, str]]:
        """A picture of each cell in turn, so that every cell has some where there are too many."""
        for row in zip_longest(*self.pictures.values()):
            for key, picture in zip(self.pictures, row, strict=True):
                if picture is not None:
                    yield key, *picture


def places_of(interpretation: Interpretation, actual: int, predicted: int) -> list[int]:
    """Places of the pictures of one class that were predicted as another, or as itself."""
    inside = (interpretation.labels == actual) & (interpretation.predicted == predicted)
    places: list[int] = np.flatnonzero(inside).tolist()
    return places
