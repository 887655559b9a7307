"""A model being trained on a catalog."""

import json
from collections.abc import Callable
from copy import copy
from dataclasses import asdict, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from whatsit import engine
from whatsit.bundle import Bundle
from whatsit.catalog import Catalog, Split
from whatsit.engine import Precision
from whatsit.errors import CatalogError
from whatsit.preprocess import Resize
from whatsit.project import Project, write_whole
from whatsit.train import head as heads
from whatsit.train.backbones import load_backbone
from whatsit.train.export import with_head
from whatsit.train.features import Features, extract
from whatsit.train.history import HEADER, Epoch, History, row
from whatsit.understand.metrics import Evaluation, evaluate

MOST_CLASSES = 1000


class Learner:
    """Transfer learning in its first stage: the body is frozen, the head learns on cached features.

    `size` is the side of the network's input in pixels; `precision` "fp32" or "bf16", by default bf16
    where the processor computes in it; `resize` what happens to pictures that are not square ("crop", "pad",
    "squash"); `seed` moves the training only, never the split; `project` is the sidecar folder, by default
    `.whatsit` in the image folder. Raises BackboneError and CatalogError.
    """

    def __init__(
        self,
        catalog: Catalog,
        backbone: str = "lite0",
        size: int = 224,
        *,
        weights: str | Path | None = None,
        pretrained: bool = True,
        resize: Resize = "crop",
        precision: Precision | None = None,
        seed: int = 0,
        project: str | Path | None = None,
    ) -> None:
        if len(catalog.classes) > MOST_CLASSES:
            raise CatalogError(
                f"{len(catalog.classes)} classes are more than the {MOST_CLASSES} Whatsit can learn.",
                "Is the folder one level too high or too low?",
            )
        if not 32 <= size <= 1024:
            raise CatalogError(
                f"A picture size of {size} is impossible.", "Give one from 32 to 1024; 224 is usual."
            )
        self.project = Project(Path(project) if project else catalog.root / ".whatsit")
        self.backbone = load_backbone(backbone, size, weights, pretrained)
        self.preprocess = replace(self.backbone.preprocess, resize=resize)
        self.precision: Precision = precision or engine.best_precision()
        self.seed = seed
        self.classes = catalog.classes
        self.history = History()
        features = self._extract(catalog)
        self.catalog = features.catalog
        self._features = torch.from_numpy(features.vectors)
        self._other_views = self._features[:0]
        index = {label: number for number, label in enumerate(self.classes)}
        self._labels = torch.tensor([index[item.label] for item in self.catalog])
        self._head = heads.new_head(self.backbone.width, len(self.classes), seed)

    def fit_one_cycle(
        self,
        epochs: int,
        lr: float = 3e-3,
        *,
        bs: int | None = None,
        wd: float = 1.0,
        tell: Callable[[str], None] = print,
    ) -> None:
        """Train the head for `epochs` over the training pictures; `tell` gets the table line by line.

        `lr` is the peak learning rate, `bs` the batch size (16 with few pictures, else 32), `wd` the decay.
        """
        if len(self.history) == 0:
            tell(HEADER)

        def record(epoch: Epoch) -> None:
            self.history.epochs.append(epoch)
            tell(row(epoch))

        train = self._of("train")
        train = heads.Labelled(torch.cat([train.features, self._other_views]), train.labels)
        heads.fit(
            self._head,
            train,
            self._of("valid"),
            epochs,
            lr,
            min(bs or self._batch_size(), len(train.labels)),
            wd,
            seed=self.seed + len(self.history),
            tell=record,
            first_epoch=len(self.history) + 1,
        )

    def default_epochs(self) -> int:
        """Epochs enough for the head to settle: about 800 steps, 4 to 30 epochs."""
        steps = max(1, len(self._of("train").labels) // self._batch_size())
        return max(4, min(30, round(800 / steps)))

    def _batch_size(self) -> int:
        return 32 if len(self._of("train").labels) >= 500 else 16

    def predict(self, split: Split = "valid") -> NDArray[np.float32]:
        """Probabilities (n, classes) for a split's pictures, from their cached features."""
        return np.asarray(torch.softmax(self._logits(self._of(split).features), 1).numpy(), dtype=np.float32)

    def evaluate(self, split: Split = "valid") -> Evaluation:
        """Accuracy and its interval, per-class metrics and the confusion matrix of a split."""
        return evaluate(self._of(split).labels.numpy(), self.predict(split), self.classes)

    @cached_property
    def run(self) -> Path:
        """The folder of this training, made when first asked for."""
        return self.project.new_run()

    def save_history(self) -> Path:
        """Write the history and how it came about into the run; returns the file."""
        facts: dict[str, Any] = {
            "backbone": self.backbone.name,
            "preprocess": self.preprocess.to_dict(),
            "precision": self.precision,
            "seed": self.seed,
            "views": self.views,
            "classes": self.classes,
            "images": len(self.catalog),
            "history": [asdict(epoch) for epoch in self.history],
        }
        file = self.run / "history.json"
        write_whole(file, json.dumps(facts, indent=1, ensure_ascii=False).encode())
        return file

    def fp32_agreement(self, most: int = 128) -> float:
        """The share of up to `most` validation pictures that get the same label at fp32, 0..1."""
        if self.precision == "fp32":
            return 1.0
        some = sorted(self.catalog["valid"], key=lambda item: item.content)[:most]
        few = replace(self.catalog, items=tuple(some))
        served, exact = (
            self._logits(torch.from_numpy(self._extract(few, precision).vectors)).argmax(1)
            for precision in (self.precision, "fp32")
        )
        return (served == exact).float().mean().item()

    def export(self, path: str | Path) -> Bundle:
        """Write the deployable bundle and return it; the same training gives the same bytes."""
        weight, bias = heads.as_linear(self._head)
        valid = self.evaluate("valid")
        bundle = Bundle(
            classes=self.classes,
            preprocess=self.preprocess,
            precision=self.precision,
            network=with_head(self.backbone.network, weight, bias),
            metrics={
                "split": "valid",
                "images": valid.images,
                "accuracy": round(valid.accuracy, 6),
                "fp32_agreement": round(self.fp32_agreement(), 6),
            },
            versions={
                "whatsit": version("whatsit"),
                "backbone": self.backbone.name,
                "torch": version("torch"),
                "timm": version("timm"),
                "openvino": engine.version(),
            },
        )
        bundle.write(path)
        return bundle

    def reseed(self, seed: int) -> "Learner":
        """A learner with a fresh head on the same split and features."""
        other = copy(self)
        other.__dict__.pop("run", None)
        other.seed, other.history = seed, History()
        other._head = heads.new_head(self.backbone.width, len(self.classes), seed)
        return other

    def with_views(self, views: int) -> "Learner":
        """A learner with a fresh head that sees `views` views of every training picture (augmentation)."""
        other = self.reseed(self.seed)
        train = self.catalog["train"]
        more = [self._extract(train, view=view).vectors for view in range(1, views)]
        other._other_views = torch.from_numpy(np.concatenate([*more, self._other_views[:0].numpy()]))
        return other

    @property
    def views(self) -> int:
        """How many views of every training picture the head learns from."""
        return 1 + len(self._other_views) // len(self._of("train").labels)

    def _extract(self, catalog: Catalog, precision: Precision | None = None, view: int = 0) -> Features:
        store = self.project.features
        return extract(catalog, self.backbone, self.preprocess, precision or self.precision, store, view)

    @torch.no_grad()
    def _logits(self, features: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._head.eval()(features)
        return logits

    def _of(self, split: Split) -> heads.Labelled:
        rows = torch.tensor(
            [n for n, item in enumerate(self.catalog) if item.split == split], dtype=torch.long
        )
        return heads.Labelled(self._features[rows], self._labels[rows])
