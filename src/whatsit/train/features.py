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
    contents, first, row = _distinct(catalog.rows["content"])
    vectors = np.empty((len(contents), backbone.width), np.float32)
    is_there = store.fill(recipe, contents, vectors)
    missing, refused = np.flatnonzero(~is_there), dict[int, str]()
    if len(missing):
        network = Engine(backbone.network, precision, ["features"])

        def look(item: Item) -> NDArray[np.float32] | ImageError:
            try:
                pixels = load_view(preprocess, _unchanged(item), view, item.content)
                vector: NDArray[np.float32] = network(pixels[None])["features"][0]
                return vector
            except ImageError as error:
                return error

        fresh, since = list[int](), time.monotonic()
        try:
            with progress("Looking at pictures", len(missing)) as advance:
                found = in_parallel(look, (catalog.items[first[place]] for place in missing))
                for place, answer in zip(missing.tolist(), found, strict=True):
                    advance()
                    if isinstance(answer, ImageError):
                        refused[place] = str(answer)
                        continue
                    vectors[place] = answer
                    fresh.append(place)
                    if time.monotonic() - since > SAVE_EVERY:
                        store.put(recipe, contents[fresh], vectors[fresh])
                        fresh, since = [], time.monotonic()
        finally:
            store.put(recipe, contents[fresh], vectors[fresh])
    is_read = ~np.isin(row, list(refused))
    is_whole = len(row) == len(contents) and not refused
    return Features(
        vectors if is_whole else vectors[row[is_read]],
        {catalog.items[place].path: refused[row[place]] for place in np.flatnonzero(~is_read).tolist()},
    )


def _distinct(
    contents: NDArray[np.void],
) -> tuple[NDArray[np.void], NDArray[np.int64], NDArray[np.int64]]:
    """Each content once, as they come; where each comes first (k,), and which of them each is (n,)."""
    _, first, inverse = np.unique(contents, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return contents[first[order]], first[order], rank[inverse]


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
