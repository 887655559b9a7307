"""A catalog as models are trained on it: features, pixels and labels, split by split."""

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from whatsit.backbones import Backbone
from whatsit.catalog import Catalog, split_index
from whatsit.config import Balance, Precision, Split
from whatsit.errors import CatalogError
from whatsit.i18n import Message
from whatsit.labeled import Labeled
from whatsit.preprocess import Preprocess
from whatsit.project import Project
from whatsit.training.batches import FeatureBatches, chosen
from whatsit.training.features import Extractor, Features
from whatsit.training.pictures import PictureBatches


class Data:
    """The pictures of a `catalog` that can be read, and their features, computed once and kept.

    Training and validation pictures are looked at at once, those for testing when they are needed; with
    `at_once=False`, since the backbone is to be trained first, all only when they are needed. `left_out`
    counts validation and test pictures that are training pictures too. Raises CatalogError where nothing is
    left to train on, or to measure with.
    """

    def __init__(
        self,
        catalog: Catalog,
        backbone: Backbone,
        preprocess: Preprocess,
        precision: Precision,
        project: Project,
        at_once: bool = True,
    ) -> None:
        self.backbone, self.preprocess, self.precision = backbone, preprocess, precision
        self._extract = Extractor(backbone, preprocess, precision, project.features, project.thumbnails)
        apart = catalog.unseen()
        self.left_out, catalog = len(catalog) - len(apart), apart
        if self.left_out and not len(catalog["valid"]):
            raise CatalogError(Message("training.nothing_unseen"))
        splits = catalog.rows["split"]
        order = np.argsort(splits, kind="stable")  # so that a split's features are a part, and no copy
        looked_at = catalog.select(order[splits[order] != split_index("test")])
        features = self.features(looked_at) if at_once else None
        self.catalog = catalog.without(features.refused) if features and features.refused else catalog
        self.classes = self.catalog.classes
        self._index = {label: number for number, label in enumerate(self.classes)}
        self._known: dict[int, Labeled] = {}
        if features:
            self._known = self._labeled(looked_at.without(features.refused, to_train=False), features)
        self._other_views = np.empty((0, backbone.width), np.float32)
        self._decoded: dict[Split, dict[int, NDArray[np.uint8]]] = {}

    def with_backbone(self, backbone: Backbone) -> "Data":
        """A copy for a learner of its own. What another backbone computed is not in it."""
        other = copy(self)
        if backbone.sha256 != self.backbone.sha256:
            other.backbone, other._known = backbone, {}
            other._extract = replace(self._extract, backbone=backbone)
            other._other_views = np.empty((0, backbone.width), np.float32)
        return other

    def count(self, split: Split) -> int:
        """How many pictures a split has."""
        return int((self.catalog.rows["split"] == split_index(split)).sum())

    def labels(self, split: Split) -> NDArray[np.int64]:
        """The index of each picture's class (n,)."""
        return self._labels_of(self.catalog[split])

    def of(self, split: Split) -> Labeled:
        """Features and labels of a split. Raises CatalogError where it has no pictures."""
        index = split_index(split)
        if index not in self._known:
            catalog = self.catalog[split]
            if not len(catalog):
                raise CatalogError(Message("training.empty_split", split=split))
            features = self.features(catalog)
            if features.refused:
                self.catalog, self._decoded = self.catalog.without(features.refused), {}
            if len(features.refused) == len(catalog):
                raise CatalogError(Message("training.unreadable_split", split=split))
            readable = catalog.without(features.refused, to_train=False)
            self._known = self._known | self._labeled(readable, features)
        return self._known[index]

    def leave_out(self, contents: Collection[str]) -> None:
        """Forget validation and test pictures of these contents, on which something was trained."""
        apart = self.catalog.unseen(contents)
        if len(apart) < len(self.catalog):
            self.left_out += len(self.catalog) - len(apart)
            self.catalog, self._known, self._decoded = apart, {}, {}

    def features(self, catalog: Catalog, view: int = 0) -> Features:
        """The features of some pictures, from the store as far as it knows them."""
        return self._extract(catalog, view)

    def recall(self, contents: NDArray[np.void]) -> NDArray[np.float32] | None:
        """The features of pictures that may be gone, by content (n,); None where not all of them are kept."""
        return self._extract.recall(contents)

    def views_to_train_on(self) -> Labeled:
        """Features of the training pictures in all views, all first views first; labels of the first ones."""
        train = self.of("train")
        if not len(self._other_views):
            return train
        return Labeled(np.concatenate([train.inputs, self._other_views]), train.labels)

    def batches(self, batch_size: int, balance: Balance | None) -> FeatureBatches:
        """These in batches, for one head."""
        data = self.views_to_train_on()
        return FeatureBatches(data.inputs, data.labels, batch_size, [chosen(data.labels, balance)])

    def pictures(self, split: Split, batch_size: int, balance: Balance | None = None) -> PictureBatches:
        """Pixels of a split, which stay in memory as far as they fit, for the next time."""
        labels = self.labels(split)
        paths = [item.path for item in self.catalog[split]]
        kept = self._decoded.setdefault(split, {})
        return PictureBatches(paths, labels, self.preprocess, batch_size, chosen(labels, balance), kept)

    def add_views(self, numbers: Sequence[int]) -> None:
        """Train on further views of the training pictures too. Raises CatalogError where one changed."""
        train = self.catalog["train"]
        more = [self.features(train, view=number) for number in numbers]
        for found in more:
            for path, reason in found.refused.items():
                raise CatalogError(Message("training.changed", path=path, reason=reason))
        self._other_views = np.concatenate([self._other_views[:0], *(found.vectors for found in more)])

    @property
    def views(self) -> int:
        """How many views of every training picture are trained on."""
        return 1 + len(self._other_views) // self.count("train")

    def by_content(self, hits: NDArray[np.bool_]) -> dict[str, bool]:
        """The `hits` of the validation pictures (n,), by their content."""
        contents = (item.content for item in self.catalog["valid"])
        return dict(zip(contents, hits.tolist(), strict=True))

    def _labels_of(self, catalog: Catalog) -> NDArray[np.int64]:
        return np.array([self._index[catalog.names[label]] for label in catalog.labels], np.int64)

    def _labeled(self, catalog: Catalog, features: Features) -> dict[int, Labeled]:
        """Features and labels of each split that the catalog has, which is in their order."""
        splits, labels = catalog.rows["split"], self._labels_of(catalog)
        starts = np.flatnonzero(np.diff(splits, prepend=-1))
        parts = [slice(start, end) for start, end in zip(starts, [*starts[1:], len(splits)], strict=True)]
        return {int(splits[part.start]): Labeled(features.vectors[part], labels[part]) for part in parts}
