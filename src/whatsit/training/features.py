"""The backbone's features of every picture: computed once in the engine, kept in the project."""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whatsit import engine
from whatsit.backbones import Backbone
from whatsit.catalog import Catalog, Item, unchanged
from whatsit.config import Precision
from whatsit.engine import Engine
from whatsit.errors import ImageError
from whatsit.events import progress
from whatsit.i18n import Message
from whatsit.parallel import in_parallel
from whatsit.preprocess import Preprocess
from whatsit.project import FeatureStore, Recipe, Thumbnails
from whatsit.report import MOST, SMALL, shrink
from whatsit.training.augmentation import opened_view

SAVE_EVERY = 5.0  # seconds: what a kill may cost


@dataclass(frozen=True)
class Features:
    """`vectors` float32 (n, width), a row per picture but those `refused`, which can't be read anymore."""

    vectors: NDArray[np.float32]
    refused: dict[Path, Message]


@dataclass(frozen=True, eq=False)
class Extractor:
    """Computes features, compiling the backbone when that is first needed, or recalls them from the `store`.

    Of the first pictures that are looked at as they are `thumbnails` keeps small ones for a report.
    """

    backbone: Backbone
    preprocess: Preprocess
    precision: Precision
    store: FeatureStore
    thumbnails: Thumbnails | None = None

    @cached_property
    def _engine(self) -> Engine:
        return Engine(self.backbone.network, self.precision, ["features"])

    def __call__(self, catalog: Catalog, view: int = 0) -> Features:
        """The features of every picture, in the catalog's order."""
        contents, row = _distinct(catalog.rows["content"])
        vectors = np.empty((len(contents), self.backbone.width), np.float32)
        missing = np.flatnonzero(~self.store.fill(self._recipe(view), contents, vectors))
        refused: dict[Path, Message] = {}
        if len(missing):
            todo = _Missing(catalog, contents, row, missing, view)
            refused = self._compute(todo, vectors)
        if len(row) == len(contents) and not refused:
            return Features(vectors, refused)
        is_read = np.array([item.path not in refused for item in catalog], np.bool_)
        return Features(vectors[row[is_read]], refused)

    def recall(self, contents: NDArray[np.void]) -> NDArray[np.float32] | None:
        """The features of these different contents (n,) where the store has them all."""
        vectors = np.empty((len(contents), self.backbone.width), np.float32)
        return vectors if self.store.fill(self._recipe(0), contents, vectors).all() else None

    def _compute(self, todo: "_Missing", vectors: NDArray[np.float32]) -> dict[Path, Message]:
        """Put the features of missing contents into `vectors` and the store; the files that can't be read."""
        network, recipe = self._engine, self._recipe(todo.view)
        shows = self.thumbnails is not None and todo.view == 0
        last = int(todo.missing[:MOST].max()) if shows else -1  # that gets a thumbnail

        def look(place: int) -> tuple[NDArray[np.float32], bytes] | dict[Path, Message]:
            """Features of a content and a thumbnail, or why each of the files that had it can't be read."""
            reasons: dict[Path, Message] = {}
            for item in todo.items(place):
                try:
                    source = unchanged(item)
                    with opened_view(self.preprocess, source, todo.view, item.content) as image:
                        pixels = self.preprocess(image)
                        is_large = max(image.size) >= min(SMALL, todo.longer_side(place))
                        thumbnail = shrink(image) if place <= last and is_large else b""
                    return network(pixels[None])["features"][0], thumbnail
                except ImageError as error:
                    reasons[item.path] = error.message
            return reasons

        places, refused, small = todo.missing.tolist(), dict[Path, Message](), dict[bytes, bytes]()
        fresh, since = list[int](), time.monotonic()
        try:
            with progress("features", len(places)) as advance:
                for place, answer in zip(places, in_parallel(look, places), strict=True):
                    advance()
                    if isinstance(answer, dict):
                        refused |= answer
                        continue
                    vectors[place], thumbnail = answer
                    fresh.append(place)
                    if thumbnail:
                        small[todo.contents[place].tobytes()] = thumbnail
                    if time.monotonic() - since > SAVE_EVERY:
                        self.store.put(recipe, todo.contents[fresh], vectors[fresh])
                        fresh, since = [], time.monotonic()
        finally:
            self.store.put(recipe, todo.contents[fresh], vectors[fresh])
            if self.thumbnails is not None:
                self.thumbnails.put(small)
        return refused

    def _recipe(self, view: int) -> Recipe:
        """All that a feature depends on but the picture itself."""
        facts = [self.preprocess.to_dict(), self.precision, view, engine.version()]
        others = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return Recipe(self.backbone.sha256, others)


class _Missing:
    """The places `missing` of those of a catalog's `contents` (k,) that are to be computed.

    `row` (n,) is the content of each of its pictures.
    """

    def __init__(
        self,
        catalog: Catalog,
        contents: NDArray[np.void],
        row: NDArray[np.int64],
        missing: NDArray[np.int64],
        view: int,
    ) -> None:
        self.contents, self.missing, self.view = contents, missing, view
        self._catalog = catalog
        self._by_content = np.argsort(row, kind="stable")
        self._ends = np.searchsorted(row[self._by_content], np.arange(len(contents) + 1))

    def longer_side(self, place: int) -> int:
        """Of the pictures of a content, in pixels."""
        row = self._catalog.rows[self._by_content[self._ends[place]]]
        return int(max(row["width"], row["height"]))

    def items(self, place: int) -> Iterator[Item]:
        """All files of a content."""
        for at in self._by_content[self._ends[place] : self._ends[place + 1]].tolist():
            yield self._catalog.items[at]


def _distinct(contents: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Each content once (k,), as they come, and which of them each is (n,)."""
    _, first, inverse = np.unique(contents, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return contents[first[order]], rank[inverse]
