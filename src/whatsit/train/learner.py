"""A model being trained on a catalog."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from copy import copy, deepcopy
from dataclasses import asdict, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from whatsit import engine
from whatsit.bundle import Bundle
from whatsit.catalog import Catalog, Split, side_of
from whatsit.engine import Precision
from whatsit.errors import CatalogError, WhatsitError
from whatsit.preprocess import Resize
from whatsit.project import HISTORY, PREDICTIONS, Project, write_whole
from whatsit.train import head as heads
from whatsit.train import stages
from whatsit.train.backbones import load_backbone
from whatsit.train.curve import draw_curve, epochs_of
from whatsit.train.doctor import Diagnosis, diagnose
from whatsit.train.export import with_head
from whatsit.train.features import Features, extract
from whatsit.train.finder import RateFinder, sweep
from whatsit.train.history import Epoch, History, header, row
from whatsit.train.optimiser import AdamW
from whatsit.train.rates import Rates, spread
from whatsit.train.schedules import Constant, OneCycle, Schedule
from whatsit.understand.learning_curve import LearningCurve
from whatsit.understand.metrics import METRICS, Evaluation, Metric, evaluate

MOST_CLASSES = 1000
FEW_PICTURES = 128  # enough to tell how often two precisions agree


class Learner:
    """Transfer learning in its first stage: the body is frozen, the head learns on cached features.

    `size` is the side of the network's input in pixels; `precision` "fp32" or "bf16", by default bf16
    where the processor computes in it; `resize` what happens to pictures that are not square ("crop", "pad",
    "squash"); `seed` moves the training only, never the split. `ps` is the share of features that dropout
    leaves out while learning. `metrics` are columns beside the error rate: "accuracy", "f1", "top_2",
    "top_3", "top_5", or functions of labels (n,) and probabilities (n, classes). Raises BackboneError,
    CatalogError, and ReadOnlyProjectError where the catalog has no project that lasts.
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
        ps: float = 0.0,
        metrics: Sequence[str | Metric] = (),
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
        if not 0 <= ps < 1:
            raise WhatsitError(f"Dropout can't leave out {ps} of the features.", "Give ps from 0 to below 1.")
        self.metrics = _by_name(metrics)
        self.project = catalog.project if catalog.project.is_lasting else Project(catalog.root)
        self.backbone = load_backbone(backbone, size, weights, pretrained)
        self.preprocess = replace(self.backbone.preprocess, resize=resize)
        self.precision: Precision = precision or engine.best_precision()
        self.seed = seed
        self.history = History()
        self._fits: list[dict[str, Any]] = []
        is_test = catalog.rows["side"] == side_of("test")
        learnt = catalog.select(np.flatnonzero(~is_test))  # the others are looked at when they are asked for
        features = self._extract(learnt)
        self.catalog = catalog.without(features.refused) if features.refused else catalog
        self.classes = self.catalog.classes
        self._data = self._labelled(learnt.without(features.refused), features)
        self._other_views = torch.empty(0, self.backbone.width)
        self.ps = ps
        self._head = heads.new_head(self.backbone.width, len(self.classes), seed, ps)

    def fit_one_cycle(
        self,
        epochs: int,
        lr: Rates = 3e-3,
        *,
        bs: int | None = None,
        wd: float = 1.0,
        pct_start: float = 0.25,
        moms: tuple[float, float] = (0.95, 0.85),
        balance: heads.Balance | None = None,
        tell: Callable[[str], None] = print,
    ) -> None:
        """Train the head for `epochs` over the training pictures and save the history into the run.

        The learning rate rises to `lr` over the share `pct_start` of all steps and falls again, momentum
        goes from moms[0] to moms[1] and back. `bs` is the batch size (16 with few pictures, else 32), `wd`
        the decay. `balance` helps small classes, by showing their pictures more often ("oversample") or
        letting them count more ("loss"). `tell` gets the table line by line. Raises WhatsitError for values
        that can't teach.
        """
        if not 0 < pct_start < 1 or not all(0 <= momentum < 1 for momentum in moms):
            raise WhatsitError(
                f"Nothing can be learnt with pct_start={pct_start}, moms={moms}.",
                "Give numbers between 0 and 1.",
            )
        (rate,) = spread(lr, 1)
        bs = self._check(epochs, bs, wd)
        steps = epochs * heads.steps_of(self._shown(balance), bs)
        schedule = OneCycle(rate, steps, pct_start=pct_start, moms=moms)
        self._fit(epochs, rate, schedule, bs, wd, balance, tell)

    def fit(
        self,
        epochs: int,
        lr: Rates = 3e-3,
        *,
        bs: int | None = None,
        wd: float = 1.0,
        balance: heads.Balance | None = None,
        tell: Callable[[str], None] = print,
    ) -> None:
        """Train the head at a constant learning rate; otherwise as `fit_one_cycle`."""
        (rate,) = spread(lr, 1)
        self._shown(balance)
        self._fit(epochs, rate, Constant(rate), self._check(epochs, bs, wd), wd, balance, tell)

    def lr_find(self, *, bs: int | None = None, wd: float = 1.0) -> RateFinder:
        """Try ever higher learning rates, a batch each, until the loss explodes; the head stays as it is."""
        train, bs = self._learnt_from(), self._check(1, bs, wd)
        head = deepcopy(self._head).train()
        optimiser = AdamW(head.parameters(), weight_decay=wd)
        order = torch.Generator().manual_seed(self.seed)
        batches = self._batches(train, bs, order)

        def step(rate: float) -> float:
            return heads.learn(head, next(batches), optimiser, rate, OneCycle.moms[0])

        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            return sweep(step)

    @staticmethod
    def _batches(train: heads.Labelled, bs: int, order: torch.Generator) -> Iterator[heads.Labelled]:
        while True:
            count = len(train.labels)
            yield from heads.shuffled(train, torch.arange(count), heads.steps_of(count, bs), order)

    def _shown(self, balance: heads.Balance | None) -> int:
        """How many pictures an epoch shows. Raises WhatsitError for a balance that there is not."""
        labels = self._of("train").labels
        if balance not in (None, *get_args(heads.Balance)):
            raise WhatsitError(f"There is no balance {balance!r}.", 'Take "oversample", "loss", or None.')
        return len(heads.oversampled(labels)) if balance == "oversample" else len(labels)

    def _check(self, epochs: int, bs: int | None, wd: float) -> int:
        """The batch size. Raises WhatsitError for values that can't teach anything."""
        bs = min(bs or self._batch_size(), len(self._of("train").labels))
        if epochs < 1 or bs < 2 or not 0 <= wd < math.inf:
            raise WhatsitError(
                f"Nothing can be learnt with epochs={epochs}, bs={bs}, wd={wd}.",
                "Give at least one epoch, and batches of two pictures or more.",
            )
        return bs

    def _learnt_from(self) -> heads.Labelled:
        train = self._of("train")
        return heads.Labelled(torch.cat([train.features, self._other_views]), train.labels)

    def _fit(
        self,
        epochs: int,
        lr: float,
        schedule: Schedule,
        bs: int,
        wd: float,
        balance: heads.Balance | None,
        tell: Callable[[str], None],
    ) -> None:
        def record(epoch: Epoch) -> None:
            if len(self.history) == 0:
                tell(header(epoch))
            self.history.epochs.append(epoch)
            tell(row(epoch))

        heads.fit(
            self._head,
            self._learnt_from(),
            self._of("valid"),
            epochs,
            schedule,
            bs,
            wd,
            seed=self.seed + len(self.history),
            tell=record,
            first_epoch=len(self.history) + 1,
            metrics=self.metrics,
            balance=balance,
        )
        self._fits.append({"epochs": epochs, "lr": lr, "bs": bs, "wd": wd, "balance": balance})
        self._save_history()

    def default_epochs(self) -> int:
        """Epochs enough for the head to settle: about 800 steps, 4 to 30 epochs."""
        return epochs_of(len(self._of("train").labels), self._batch_size())

    def _batch_size(self) -> int:
        return 32 if len(self._of("train").labels) >= 500 else 16

    def predict(self, split: Split = "valid") -> NDArray[np.float32]:
        """Probabilities (n, classes) for a split's pictures, from their cached features."""
        return np.asarray(torch.softmax(self._logits(self._of(split).features), 1).numpy(), dtype=np.float32)

    def evaluate(self, split: Split = "valid") -> Evaluation:
        """Accuracy and its interval, per-class metrics and the confusion matrix of a split."""
        return evaluate(self._of(split).labels.numpy(), self.predict(split), self.classes)

    def diagnose(self) -> Diagnosis:
        """What the last fit's history tells, in words, and what to do. Raises WhatsitError before any fit."""
        if not self._fits:
            raise WhatsitError("Nothing was trained yet.", "Call fit_one_cycle first.")
        last = self._fits[-1]
        epochs = self.history.epochs[-int(last["epochs"]) :]
        valid = self.evaluate()
        return diagnose(epochs, len(self.classes), valid.images, valid, last["lr"])

    def learning_curve(self, repeats: int = 5) -> LearningCurve:
        """Train heads on growing shares of the training pictures: would more pictures help?

        Each share is drawn `repeats` times, class by class. Takes seconds: the features are there.
        """
        return draw_curve(
            self._of("train"),
            self._of("valid"),
            self.classes,
            self._batch_size(),
            repeats,
            self.seed,
            self.ps,
        )

    def save(self, name: str) -> Path:
        """Keep the head and its history under a name, such as "stage-1", in the project; return the file."""
        tensors = dict(self._head.state_dict())
        history = {"epochs": self.history.to_dict(), "fits": self._fits}
        return stages.save(self._stages, name, stages.Stage(tensors, self._belongs(), history))

    def load(self, name: str) -> "Learner":
        """Take over a head and its history that `save` kept.

        Raises WhatsitError where it has other classes, or another order of them, size, normalisation or
        architecture than this learner, or is damaged.
        """
        stage = stages.load(self._stages, name, self._belongs())
        self._head.load_state_dict(stage.tensors)
        self.history = History([Epoch(**epoch) for epoch in stage.history["epochs"]])
        self._fits = list(stage.history["fits"])
        return self

    @property
    def _stages(self) -> Path:
        return self.project.folder / "stages"

    def _belongs(self) -> dict[str, Any]:
        return {
            "architecture": self.backbone.name,
            "classes": self.classes,
            "size": self.preprocess.size,
            "normalisation": [*self.preprocess.mean, *self.preprocess.std],
            "resize mode": self.preprocess.resize,
            "body": self.backbone.sha256,
        }

    @cached_property
    def run(self) -> Path:
        """The folder of this training, made when first asked for; its `history.json` says all about it."""
        return self.project.new_run()

    def _save_history(self) -> None:
        right = self.predict().argmax(1) == self._of("valid").labels.numpy()
        facts: dict[str, Any] = {
            "backbone": self.backbone.name,
            "backbone_sha256": self.backbone.sha256,
            "preprocess": self.preprocess.to_dict(),
            "precision": self.precision,
            "split": asdict(self.catalog.rule),
            "seed": self.seed,
            "views": self.views,
            "fits": self._fits,
            "classes": self.classes,
            "images": len(self.catalog),
            "accuracy": float(right.mean()),
            "versions": self._versions(),
            "history": self.history.to_dict(),
        }
        text = json.dumps(facts, indent=1, ensure_ascii=False)
        said = {item.content: bool(hit) for item, hit in zip(self.catalog["valid"], right, strict=True)}
        write_whole(self.run / PREDICTIONS, json.dumps(said).encode())
        write_whole(self.run / HISTORY, text.encode("utf-8", "backslashreplace"))

    def fp32_agreement(self, most: int = FEW_PICTURES) -> float:
        """The share of up to `most` validation pictures that get the same label at fp32, 0..1."""
        if self.precision == "fp32":
            return 1.0
        valid = self.catalog["valid"]
        few = valid.select(np.argsort(valid.rows["content"])[:most])
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
            split=asdict(self.catalog.rule),
            metrics={
                "split": "valid",
                "images": valid.images,
                "accuracy": round(valid.accuracy, 6),
                "fp32_agreement": round(self.fp32_agreement(), 6),
            },
            versions=self._versions(),
        )
        bundle.write(path)
        self.project.note_bundle(self.run, bundle.sha256)
        return bundle

    def _versions(self) -> dict[str, str]:
        packages = ("whatsit", "torch", "timm")
        return {
            **{package: version(package) for package in packages},
            "backbone": self.backbone.name,
            "openvino": engine.version(),
        }

    def reseed(self, seed: int) -> "Learner":
        """A learner with a fresh head on the same split and features."""
        other = copy(self)
        other.__dict__.pop("run", None)
        other.seed, other.history, other._fits = seed, History(), []
        other._head = heads.new_head(self.backbone.width, len(self.classes), seed, self.ps)
        return other

    def with_views(self, views: int) -> "Learner":
        """A learner with a fresh head that sees `views` views of every training picture (augmentation)."""
        other = self.reseed(self.seed)
        train = self.catalog["train"]
        more = [self._extract(train, view=view) for view in range(1, views)]
        for found in more:
            for path, reason in found.refused.items():
                raise CatalogError(f"{path} changed meanwhile: {reason}.", "Read the folder again.")
        other._other_views = torch.cat(
            [self._other_views[:0], *(torch.from_numpy(found.vectors) for found in more)]
        )
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
        side = side_of(split)
        if side not in self._data:
            catalog = self.catalog[split]
            if not len(catalog):
                raise CatalogError(f"There are no {split} pictures.", "Take another split.")
            features = self._extract(catalog)
            self.catalog = self.catalog.without(features.refused)
            self._data |= self._labelled(catalog.without(features.refused, to_train=False), features)
        return self._data[side]

    def _labelled(self, catalog: Catalog, features: Features) -> dict[int, heads.Labelled]:
        """Features and labels of each split that the catalog has."""
        index = {label: number for number, label in enumerate(self.classes)}
        vectors, sides = torch.from_numpy(features.vectors), catalog.rows["side"]
        labels = torch.tensor([index[catalog.names[label]] for label in catalog.labels])
        return {
            int(side): heads.Labelled(vectors[sides == side], labels[sides == side])
            for side in np.unique(sides)
        }


def _by_name(metrics: Sequence[str | Metric]) -> dict[str, Metric]:
    named: dict[str, Metric] = {}
    for metric in metrics:
        if not isinstance(metric, str):
            named[getattr(metric, "__name__", type(metric).__name__)] = metric
        elif metric in METRICS:
            named[metric] = METRICS[metric]
        else:
            raise WhatsitError(
                f"There is no metric {metric!r}.", f"Take {', '.join(METRICS)}, or a function."
            )
    return named
