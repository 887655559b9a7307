"""The body's answer for every picture: computed once in the engine, kept in the project."""

import hashlib
import json
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
from whatsit.project import FeatureStore
from whatsit.train.augmentation import load_view

SAVE_EVERY = 256  # pictures: what Ctrl-C may cost


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
    known = {
        content: vector
        for content, vector in store.get(recipe).items()
        if len(vector) == backbone.width and np.isfinite(vector).all()  # others were never written here
    }
    missing = list({item.content: item for item in catalog if item.content not in known}.values())
    refused: dict[str, str] = {}
    if missing:
        network = Engine(backbone.network, precision, ["features"])

        def look(item: Item) -> NDArray[np.float32] | ImageError:
            try:
                pixels = load_view(preprocess, _unchanged(item), view, item.content)
                vector: NDArray[np.float32] = network(pixels[None])["features"][0]
                return vector
            except ImageError as error:
                return error

        fresh: list[tuple[str, NDArray[np.float32]]] = []
        try:
            with progress("Looking at pictures", len(missing)) as advance:
                for item, answer in zip(missing, in_parallel(look, missing), strict=True):
                    advance()
                    if isinstance(answer, ImageError):
                        refused[item.content] = str(answer)
                        continue
                    known[item.content] = answer
                    fresh.append((item.content, answer))
                    if len(fresh) == SAVE_EVERY:
                        store.put(recipe, fresh)
                        fresh = []
        finally:
            store.put(recipe, fresh)
    vectors = [known[item.content] for item in catalog if item.content not in refused]
    return Features(
        np.array(vectors, np.float32).reshape(len(vectors), backbone.width),
        {item.path: refused[item.content] for item in catalog if item.content in refused},
    )


def _unchanged(item: Item) -> Source:
    """The picture's bytes, or the path of a large file. Raises ImageError where it is another picture now."""
    if item.path.exists() and item.path.stat().st_size > WHOLE:
        return item.path
    data = read_bytes(item.path)
    if hashlib.sha256(data).hexdigest() != item.content:
        raise ImageError("the file changed after its folder was read")
    return data


def _recipe(backbone: Backbone, preprocess: Preprocess, precision: Precision, view: int) -> str:
    """All that a feature depends on but the picture itself."""
    facts = [backbone.sha256, preprocess.to_dict(), precision, view, engine.version()]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
