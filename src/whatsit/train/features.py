"""The body's answer for every picture: computed once in the engine, kept in the project."""

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whatsit import engine
from whatsit.backbones import Backbone
from whatsit.catalog import Catalog, Item
from whatsit.engine import Engine, Precision
from whatsit.errors import ImageError
from whatsit.images import WHOLE, Source, read_bytes
from whatsit.parallel import in_parallel
from whatsit.preprocess import Preprocess
from whatsit.progress import progress
from whatsit.project import FeatureStore, Recipe
from whatsit.train.augmentation import load_view

SAVE_EVERY = 5.0  # seconds: what a kill may cost


@dataclass(frozen=True)
class Features:
    """`vectors` float32 (n, width), a row per picture but those `refused`, which can't be read any more."""

    vectors: NDArray[np.float32]
    refused: dict[Path, str]


def extract(
    catalog: Catalog,
    backbone: Backbone,
    preprocess: Preprocess,
    precision: Precision,
    store: FeatureStore,
    view: int = 0,
) -> Features:
    """Compute or recall the features of every picture, in the catalog's order."""
    recipe = _recipe(backbone, preprocess, precision, view)
    contents, row = _distinct(catalog.rows["content"])
    vectors = np.empty((len(contents), backbone.width), np.float32)
    missing = np.flatnonzero(~store.fill(recipe, contents, vectors))
    refused: dict[Path, str] = {}
    if len(missing):
        network = Engine(backbone.network, precision, ["features"])
        by_content = np.argsort(row, kind="stable")
        ends = np.searchsorted(row[by_content], np.arange(len(contents) + 1))

        def look(place: int) -> NDArray[np.float32] | dict[Path, str]:
            """The features of a content, or why each of the files that had it can't be read."""
            reasons: dict[Path, str] = {}
            for at in by_content[ends[place] : ends[place + 1]].tolist():
                item = catalog.items[at]
                try:
                    pixels = load_view(preprocess, _unchanged(item), view, item.content)
                    vector: NDArray[np.float32] = network(pixels[None])["features"][0]
                    return vector
                except ImageError as error:
                    reasons[item.path] = str(error)
            return reasons

        fresh, since = list[int](), time.monotonic()
        try:
            with progress("Looking at pictures", len(missing)) as advance:
                for place, answer in zip(missing.tolist(), in_parallel(look, missing.tolist()), strict=True):
                    advance()
                    if isinstance(answer, dict):
                        refused |= answer
                        continue
                    vectors[place] = answer
                    fresh.append(place)
                    if time.monotonic() - since > SAVE_EVERY:
                        store.put(recipe, contents[fresh], vectors[fresh])
                        fresh, since = [], time.monotonic()
        finally:
            store.put(recipe, contents[fresh], vectors[fresh])
    if len(row) == len(contents) and not refused:
        return Features(vectors, refused)
    is_read = np.array([item.path not in refused for item in catalog], np.bool_)
    return Features(vectors[row[is_read]], refused)


def _distinct(contents: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Each content once (k,), as they come, and which of them each is (n,)."""
    _, first, inverse = np.unique(contents, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return contents[first[order]], rank[inverse]


def _unchanged(item: Item) -> Source:
    """The picture's bytes, or the path of a large file. Raises ImageError where it is another picture now."""
    if item.path.exists() and item.path.stat().st_size > WHOLE:
        return item.path
    data = read_bytes(item.path)
    if hashlib.sha256(data).hexdigest() != item.content:
        raise ImageError("the file changed after its folder was read")
    return data


def _recipe(backbone: Backbone, preprocess: Preprocess, precision: Precision, view: int) -> Recipe:
    """All that a feature depends on but the picture itself."""
    facts = [preprocess.to_dict(), precision, view, engine.version()]
    return Recipe(backbone.sha256, hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest())
