"""What speaks for a class in a picture, by a head that was not trained on it."""

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog import Catalog
from whatsit.heat_map import HeatMap
from whatsit.labeled import Labeled
from whatsit.model import Model
from whatsit.training.crossfit import FOLDS, relatives
from whatsit.training.curve import epochs_of
from whatsit.training.features import Extractor
from whatsit.training.fit_heads import HeadFit, affordable, fit_heads
from whatsit.training.folds import stratified_folds
from whatsit.training.heads import Heads

BATCH = 32


class Explainer:
    """Makes heat maps of a catalog's pictures, whose `features` (n, width) are those of `extract`.

    The heads are trained when the first map is asked for, which takes a second or two.
    """

    def __init__(self, catalog: Catalog, extract: Extractor, features: NDArray[np.float32]) -> None:
        self._catalog, self._extract, self._features = catalog, extract, features
        self._fold = {content.tobytes().hex(): 0 for content in catalog.rows["content"]}
        self._models: list[Model] = []
        self._training = threading.Lock()

    def __call__(self, content: str, path: Path, label: str) -> HeatMap:
        """What of a picture speaks for a class.

        Raises ImageError, and WhatsitError where the backbone has no heat maps.
        """
        with self._training:
            if not self._models:
                self._train()
        return self._models[self._fold[content]].explain(path, label)[1]

    def _train(self) -> None:
        catalog, extract = self._catalog, self._extract
        _, labels = np.unique(catalog.labels, return_inverse=True)
        related = relatives(catalog.rows, catalog.groups)
        folds = min(FOLDS, len(np.unique(related)))
        fold = stratified_folds(labels, related, folds)
        places = [np.flatnonzero(fold != one) for one in range(folds)]
        heads = Heads(self._features.shape[1], len(catalog.classes), [0] * folds)
        images = min(map(len, places))
        bs = min(BATCH, images)
        epochs, bs = affordable(heads, images, epochs_of(images, bs), bs)
        fit_heads(heads, Labeled(self._features, labels), places, HeadFit(epochs, bs))
        self._fold = {
            content.tobytes().hex(): int(one)
            for content, one in zip(catalog.rows["content"], fold, strict=True)
        }
        common = catalog.classes, extract.preprocess, extract.precision, extract.backbone
        self._models = [Model(*common, *heads.as_linear(one)) for one in range(folds)]
