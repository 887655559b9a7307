"""A model being trained on a catalog."""

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy, deepcopy
from dataclasses import asdict, astuple, replace
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray

from whatsit import engine
from whatsit.backbones import Backbone
from whatsit.bundle import Bundle
from whatsit.catalog import Catalog, Split, folders_of
from whatsit.checks import path_of, require_class
from whatsit.engine import Precision
from whatsit.errors import CatalogError, DivergedError, WeightsError, WhatsitError
from whatsit.extras import needing, require
from whatsit.finetune import GROUPS
from whatsit.heat_map import HeatMap, scaled
from whatsit.images import Picture
from whatsit.labelled import Labelled
from whatsit.model import Model, Prediction, Predictions, naming
from whatsit.novelty import Novelty
from whatsit.parallel import in_parallel
from whatsit.preprocess import Preprocess, Resize
from whatsit.probabilities import softmax
from whatsit.processors import Device
from whatsit.progress import say, status
from whatsit.project import (
    BY_FOLDER,
    BY_TABLE,
    HISTORY,
    PREDICTIONS,
    Answered,
    Project,
    is_plausible,
    keeping,
    note_trained_on,
    predictions,
    write_whole,
)
from whatsit.report import Phrase, Report, Training, known_thumbnails
from whatsit.tables import paragraph
from whatsit.text import brief
from whatsit.train import batches, checkpoints, crossfit, loop, stages
from whatsit.train.backbone import load_backbone
from whatsit.train.batches import Balance, Places
from whatsit.train.callbacks import Callback
from whatsit.train.checks import (
    named_metrics,
    require_catalog,
    require_device,
    require_group,
    require_settings,
    require_teaching,
)
from whatsit.train.crossfit import HeldOut, Unseen, Yardsticks
from whatsit.train.curve import draw_curve, epochs_of
from whatsit.train.data import Data
from whatsit.train.diverged import diverged
from whatsit.train.doctor import Diagnosis, diagnose
from whatsit.train.export import served
from whatsit.train.finder import QUICK, RateFinder, gentle, sweep
from whatsit.train.fit_heads import affordable, fit_heads, is_right
from whatsit.train.heads import LR, WD, Heads
from whatsit.train.history import History
from whatsit.train.hooks import Told, Validation
from whatsit.train.input_size import InputSide, input_size
from whatsit.train.rates import Rates, spread
from whatsit.train.schedules import Constant, OneCycle, Schedule
from whatsit.train.timing import seconds_each
from whatsit.understand import guessing
from whatsit.understand.comparison import Difference, paired
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.learning_curve import LearningCurve
from whatsit.understand.metrics import Evaluation, Metric, evaluate, predicted
from whatsit.understand.novelty import fit_novelty
from whatsit.version import version_of

if TYPE_CHECKING:
    from torch import nn

    from whatsit.finetune.network import Network

BODY_DECAY = 0.01
HEAD_EPOCHS = 1  # of a head whose body is to be fine-tuned
TUNING_RATES = slice(3e-5, 3e-4)
LOOKED_AT = 64  # pictures at once, where nothing is learnt
TIMED = 6  # pictures
REPEATS = 3  # of the learning curve in a report


class Learner:
    """Transfer learning: at first the body is frozen, and the head learns on cached features; then both may.

    `size` is the side of the network's input in pixels, by default chosen by `input_size`; `precision` is
    "fp32" or "bf16", by default bf16 where the processor computes in it; `resize` what happens to pictures
    that are not square ("crop", "pad", "squash"); `seed` moves the training only, never the split. `ps` is
    the share of features that dropout leaves out while learning. `metrics` are columns beside the error rate:
    "accuracy", "f1", "top_2", "top_3", "top_5", or functions of labels (n,) and probabilities (n, classes).
    Without `pretrained` weights all layers learn from the start. `augment` is what is done to pictures while
    a body learns: what `transforms` gives, None, "auto", which mirrors them, or "full", all of `transforms`.
    `device` is where it learns: "cpu", "cuda" or "auto". `new_run` makes folders of runs elsewhere than in
    the project. Raises BackboneError, CatalogError, and ReadOnlyProjectError where the catalog has no project
    that lasts.
    """

    def __init__(
        self,
        catalog: Catalog,
        backbone: str = "lite0",
        size: InputSide = "auto",
        *,
        weights: str | Path | None = None,
        pretrained: bool = True,
        resize: Resize = "crop",
        precision: Precision | None = None,
        seed: int = 0,
        ps: float = 0.0,
        metrics: Sequence[str | Metric] = (),
        augment: "nn.Module | Literal['auto', 'full'] | None" = "auto",
        device: Device = "auto",
        new_run: Callable[[], Path] | None = None,
    ) -> None:
        require_catalog(catalog)
        require_settings(size, resize, ps, augment, seed)
        self.metrics = named_metrics(metrics)
        self.project = catalog.project if catalog.project.is_lasting else Project(catalog.root)
        self._new_run = new_run or self.project.new_run
        self._asked: list[dict[str, Any]] = []  # of this run, so far
        self.device = require_device(device)
        self.augment = augment
        self.input_size = input_size(size, catalog, backbone, pretrained)
        self._source = (backbone, self.input_size.pixels, weights, pretrained)
        body = load_backbone(*self._source)
        self._original = body.sha256
        self._network: Network | None = None
        self.data = Data(
            catalog,
            body,
            replace(body.preprocess, resize=resize),
            precision or engine.best_precision(),
            self.project,
            at_once=pretrained,  # random features are worth nothing
        )
        self.seed = seed
        self.history = History()
        self._mirrored: Difference | None = None
        self._fits: list[dict[str, Any]] = []
        self._held_out: tuple[str, HeldOut] | None = None
        self._known: tuple[str, Novelty] | None = None
        self._ready: tuple[str, Model] | None = None
        self._takes: tuple[str, float | None] | None = None
        self._is_of_run = False  # what it is now is what its run came to
        self._is_training_body = False
        self._trained_on: frozenset[str] = frozenset()
        self.ps = ps
        self._head = self._new_head()
        if not pretrained:
            self.unfreeze()

    def __repr__(self) -> str:
        about = f"{self.backbone.name}, {'frozen' if self.is_frozen else 'unfrozen'}"
        if not self.history.epochs:
            return brief(self, f"{about}, not trained yet")
        last = self.history.epochs[-1]
        return brief(self, f"{about}, error rate {last.error_rate:.1%} after {len(self.history)} epochs")

    def _repr_html_(self) -> str:
        return self.history._repr_html_() if self.history.epochs else paragraph(repr(self)[1:-1])

    @property
    def catalog(self) -> Catalog:
        """The pictures, without those that can't be read any more."""
        return self.data.catalog

    @property
    def head(self) -> Heads:
        """What learns on the body's features."""
        return self._head

    @property
    def classes(self) -> list[str]:
        """The class names, in the order of all probabilities."""
        return self.data.classes

    @property
    def backbone(self) -> Backbone:
        """The body as it is now, converted."""
        return self.data.backbone

    @property
    def preprocess(self) -> Preprocess:
        """What becomes of a picture before the body sees it."""
        return self.data.preprocess

    @property
    def precision(self) -> Precision:
        """What the body computes in."""
        return self.data.precision

    @property
    def has_finite_weights(self) -> bool:
        """Whether all weights are still numbers; after a rate far too high they are not."""
        return self._head.is_finite and (self._network is None or self._network.is_finite)

    def freeze_to(self, group: int) -> "Learner":
        """Let only the groups of layers from `group` on learn: 0 the body's early layers, 1 its late ones,
        2 the head; negative ones count from the end. Raises WhatsitError.
        """
        require_group(group)
        if self._network is None and group % GROUPS == GROUPS - 1:
            return self
        if self.augment in ("auto", "full"):
            _ = self.mirrored  # which only features can tell
        network = self._in_torch()
        network.head.load(self._head.weights())
        network.freeze_to(group)
        return self

    def _in_torch(self) -> "Network":
        """Backbone and head as one network, made when it is first asked for."""
        if self._network is None:
            with needing("Training the layers of a backbone"):
                from whatsit.finetune.head import Head
                from whatsit.finetune.network import Network
                from whatsit.finetune.timm_backbones import load_body
            head = Head(self.backbone.width, len(self.classes), self.ps)
            self._network = Network(load_body(*self._source), head, settled=self._source[3])
        return self._network

    def freeze(self) -> "Learner":
        """Let only the head learn, on cached features."""
        return self if self._network is None else self.freeze_to(-1)

    def unfreeze(self) -> "Learner":
        """Let all layers learn."""
        return self.freeze_to(0)

    @property
    def is_frozen(self) -> bool:
        """Whether only the head learns."""
        return self._frozen_to in (None, GROUPS - 1)

    @property
    def is_fine_tuned(self) -> bool:
        """Whether the body is another than it came."""
        return self.backbone.sha256 != self._original

    @property
    def _frozen_to(self) -> int | None:
        return None if self._network is None else self._network.frozen

    def fit_one_cycle(
        self,
        epochs: int,
        lr: Rates = LR,
        *,
        bs: int | None = None,
        wd: float | None = None,
        pct_start: float = 0.25,
        moms: tuple[float, float] = (0.95, 0.85),
        balance: Balance | None = None,
        callbacks: Sequence[Callback] = (),
        tell: Callable[[str], None] = print,
    ) -> None:
        """Train for `epochs` over the training pictures and save the history into the run.

        The learning rate rises to `lr` over the share `pct_start` of all steps and falls again, momentum
        goes from moms[0] to moms[1] and back. `lr` may be a rate for each group of layers: see
        `rates.spread`. `bs` is the batch size (16 with few pictures, else 32), `wd` the decay (1 for a head
        alone, else 0.01). `balance` helps small classes, by showing their pictures more often ("oversample")
        or letting them count more ("loss"). `callbacks` are called with every `Epoch`, and a true answer ends
        the training, as EarlyStopping gives it. `tell` gets the table line by line. Raises WhatsitError for
        values that can't teach. While an unfrozen body learns, the learner has no answers for a callback.
        """
        if not 0 < pct_start < 1 or not all(0 <= momentum < 1 for momentum in moms):
            raise WhatsitError(
                f"Nothing can be learnt with pct_start={pct_start}, moms={moms}.",
                "Give numbers between 0 and 1.",
            )

        def schedule(steps: int) -> OneCycle:
            return OneCycle(steps, pct_start=pct_start, moms=moms)

        self._fit(epochs, lr, schedule, bs, wd, balance, callbacks, tell)

    def fit(
        self,
        epochs: int,
        lr: Rates = LR,
        *,
        bs: int | None = None,
        wd: float | None = None,
        balance: Balance | None = None,
        callbacks: Sequence[Callback] = (),
        tell: Callable[[str], None] = print,
    ) -> None:
        """Train at a constant learning rate; otherwise as `fit_one_cycle`."""
        self._fit(epochs, lr, lambda steps: Constant(), bs, wd, balance, callbacks, tell)

    def fine_tune(
        self,
        epochs: int,
        lr: Rates = TUNING_RATES,
        *,
        bs: int | None = None,
        wd: float | None = None,
        balance: Balance | None = None,
        callbacks: Sequence[Callback] = (),
        tell: Callable[[str], None] = print,
    ) -> None:
        """Train a head for one epoch, the body's late layers with it for `epochs`, and a new head at last.

        A head that has settled on the training pictures has nothing left to teach the body, and one that
        learns with it comes to know them by heart: docs/benchmarks.md has the measurements. `callbacks` hear
        of the epochs in which the late layers learn.
        """
        if self._fits or not self._source[3]:
            what = "needs a new learner" if self._fits else "needs pretrained weights"
            raise WhatsitError(
                f"Fine-tuning {what}.", "Make another learner, or call unfreeze and fit_one_cycle."
            )
        require("torch", "Training the layers of a backbone")
        self.freeze()
        self.fit_one_cycle(HEAD_EPOCHS, bs=bs, balance=balance, tell=tell)
        self._head.settle(self.data.of("train").inputs)  # while the body learns they stay
        self.freeze_to(1)
        self.fit_one_cycle(epochs, lr, bs=bs, wd=wd, balance=balance, callbacks=callbacks, tell=tell)
        self.freeze()
        self._head.load_weights(self._new_head().weights())
        self.fit_one_cycle(self.default_epochs(), bs=bs, balance=balance, tell=tell)

    def _new_head(self) -> Heads:
        return Heads(self.backbone.width, len(self.classes), [self.seed], self.ps)

    def lr_find(self, *, bs: int | None = None, wd: float | None = None) -> RateFinder:
        """Try ever higher learning rates, a batch each, until the loss explodes; no weight changes.

        At high rates the decay `wd` is limited, as `finder.gentle` says, so that the curve shows the rate.
        """
        with self._trial(bs, wd) as step:
            return sweep(step) if self.is_frozen else sweep(step, *QUICK)

    def epoch_seconds(self, steps: int = 4) -> float:
        """About how long an epoch of what learns now would take, by a few batches; no weight changes.

        A validation picture is counted as a third of a training picture: it only goes forward.
        """
        bs, _ = self._check(1, None, None)
        with self._trial(None, None) as step:
            step(0.0)  # the first one takes longer
            started = time.perf_counter()
            deque((step(0.0) for _ in range(steps)), maxlen=0)
            picture = (time.perf_counter() - started) / (steps * bs)
        return picture * (self.data.count("train") + self.data.count("valid") / 3)

    @contextmanager
    def _trial(self, bs: int | None, wd: float | None) -> Iterator[Callable[[float], float]]:
        """A step of training at a given rate, of a copy of what learns now; it gives the loss before it."""
        bs, wd = self._check(1, bs, wd)
        shown, model = self._shown(bs, None), self._copy_to_try()
        model.begin(wd)
        order, noise = np.random.default_rng(self.seed).spawn(2)
        shuffled = chain.from_iterable(shown.epoch(order) for _ in count())

        groups = 1 if self.is_frozen else GROUPS - (self._frozen_to or 0)

        def step(lr: float) -> float:
            model.wd = gentle(wd, lr)
            return float(model.step(next(shuffled), [lr] * groups, Constant.momentum))

        with model.in_training(noise):
            yield step

    def _copy_to_try(self) -> "Heads | Network":
        if self._network is None or self.is_frozen:
            return self._head.copy()
        return deepcopy(self._network).to(self._torch_device)

    @property
    def _torch_device(self) -> Any:
        from whatsit.finetune.network import torch_device

        return torch_device(self.device)

    @property
    def _trainable(self) -> "Heads | Network":
        """What is trained now."""
        return self._head if self._network is None or self.is_frozen else self._network

    def _fit(
        self,
        epochs: int,
        lr: Rates,
        schedule: Callable[[int], Schedule],
        bs: int | None,
        wd: float | None,
        balance: Balance | None,
        callbacks: Sequence[Callback],
        tell: Callable[[str], None],
    ) -> None:
        bs, wd = self._check(epochs, bs, wd)
        rates = spread(lr, 1) if self.is_frozen else spread(lr, GROUPS)
        shown, model = self._shown(bs, balance), self._trainable
        rates = rates[self._frozen_to or 0 :] if not self.is_frozen else rates
        facts: dict[str, Any] = {
            "epochs": epochs,
            "lr": rates[-1],
            "bs": bs,
            "wd": wd,
            "balance": balance,
        }
        if not self.is_frozen:
            facts["rates"] = rates
        course = schedule(epochs * shown.steps)
        how = {"schedule": str(course), "frozen": self._frozen_to, "seed": self.seed, "views": self.views}
        self._asked.append({**facts, **how})
        if self._was_done(tell):
            return
        number, before = len(self._asked), len(self.history)
        asked = {"trainings": self._asked, "before": before}
        told = Told(self.history, before, callbacks, tell)
        self._trained_on |= {item.content for item in self.catalog["train"]}
        note_trained_on(self.run, self._trained_on)
        weights = batches.class_weights(self.data.labels("train")) if balance == "loss" else None
        if self._network is not None and not self.is_frozen:
            self._network.to(self._torch_device)
        model.begin(wd, weights)
        stopped = checkpoints.load_begun(self.run, number, self._belongs(), asked)
        if stopped is not None:
            self._go_on(model, stopped.stage, told, epochs)
        keeper = checkpoints.Keeper(self.run, number, stopped)

        def keep(training: loop.Training) -> None:
            if not training.is_over and training.epochs < epochs:
                keeper.keep(
                    lambda: stages.Stage(model.state(), self._belongs(), self._kept({"asked": asked}))
                )

        self._is_training_body = not self.is_frozen
        try:
            loop.fit(
                model,
                shown,
                loop.Plan(epochs, course, rates, self.seed + before),
                [Validation(self._seen, self.metrics, self.history), told, keep],
                begun=len(self.history) - before,
            )
        finally:  # also after Ctrl-C what it has become is what answers
            self._is_training_body, self._is_of_run = False, True
            self._held_out = self._ready = None  # what callbacks asked for knew nothing of this fit
            if self._network is not None and not self.is_frozen:
                self._head.load_weights(self._network.head.weights())
                self._serve()
            if trained := len(self.history) - before:
                self._fits.append({**facts, "epochs": trained})
        self._save_history()
        checkpoints.finish(self.run, number, self._stage())

    def _go_on(self, model: "Heads | Network", stage: stages.Stage, told: Told, epochs: int) -> None:
        """Take over a training that was stopped after less than `epochs`."""
        before = len(self.history)
        damaged = WhatsitError("The checkpoint of this training is damaged.", "Train anew.")
        try:
            past = History.from_dict(stage.history["epochs"], stage.history["batches"])
            if not before < len(past) < before + epochs:
                raise damaged
            model.load_state(stage.tensors)
        except (WeightsError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            raise damaged from error
        self.history.losses, self.history.lrs, self.history.moms = past.losses, past.lrs, past.moms
        for epoch in past.epochs[before:]:
            self.history.epochs.append(epoch)
            told.last()

    def _kept(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """The history for a stage."""
        return {"epochs": self.history.to_dict(), "batches": self.history.batches(), **more}

    def _was_done(self, tell: Callable[[str], None]) -> bool:
        """Whether a training that is asked for now came to its end before this run was resumed.

        The last such one is taken as it was; in it is what came of those before. Raises WhatsitError where
        something else was trained in this run.
        """
        done, number = checkpoints.finished(self.run), len(self._asked)
        if number > done:
            return False
        stage = checkpoints.load_finished(self.run, self._belongs())
        if stage.history["asked"][:number] != self._asked:
            raise WhatsitError(f"Something else was trained in {self.run}.", "Begin another run.")
        if number == done:
            self._restore(stage)
            self._is_of_run = True
            deque(map(tell, str(self.history).splitlines()), maxlen=0)
        return True

    def _check(self, epochs: int, bs: int | None, wd: float | None) -> tuple[int, float]:
        """Batch size and decay. Raises WhatsitError for values that can't teach anything."""
        bs = self._batch_size() if bs is None else bs
        wd = wd if wd is not None else WD if self.is_frozen else BODY_DECAY
        require_teaching(epochs, bs, wd)
        return min(bs, self.data.count("train")), wd

    def _shown(self, bs: int, balance: Balance | None) -> loop.Batches:
        """What is trained on. Raises WhatsitError for a balance that there is not."""
        if balance not in (None, *get_args(Balance)):
            raise WhatsitError(f"There is no balance {balance!r}.", 'Take "oversample", "loss", or None.')
        if not self.is_frozen:
            assert self._network is not None
            self._network.transform = self._transform()
            return self.data.pictures("train", bs, balance)
        return self.data.batches(bs, balance)

    def _transform(self) -> "nn.Module | None":
        if self.augment is None or not isinstance(self.augment, str):
            return self.augment
        from whatsit.finetune.transforms import transforms

        if self.augment == "full":
            return transforms(flip=not self.mirrors_hurt)
        if self.mirrors_hurt:
            return None
        return transforms(max_rotate=0, max_zoom=1, max_warp=0, max_lighting=0)

    def _seen(self) -> Labelled:
        """The logits of the validation pictures."""
        if self._network is None or self.is_frozen:
            valid = self.data.of("valid")
            return Labelled(self._head.logits(valid.inputs), valid.labels)
        valid_pictures = self.data.pictures("valid", LOOKED_AT).in_order()
        logits = [self._network.logits(batch.inputs) for batch in valid_pictures]
        return Labelled(np.concatenate(logits), self.data.labels("valid"))

    def _serve(self) -> None:
        """Convert the body as it is now; from here on its features are what the engine computes."""
        from whatsit.finetune.timm_backbones import convert

        assert self._network is not None
        with status("Converting the network"):
            self._network.cpu()
            own = convert(self.backbone.name, self.preprocess.size, deepcopy(self._network.body).eval())
        if self.is_fine_tuned:  # nobody asks for the features of what it was before
            self.project.features.forget(self.backbone.sha256)
        self.data = self.data.with_body(replace(own, preprocess=self.backbone.preprocess))

    def default_epochs(self) -> int:
        """Epochs enough for the head to settle: about 800 steps, 4 to 30 epochs."""
        return epochs_of(self.data.count("train"), self._batch_size())

    def _batch_size(self) -> int:
        return 32 if self.data.count("train") >= 500 else 16

    def model(self) -> Model:
        """The model as it is now, ready to answer: calibrated, and without torch.

        Raises WhatsitError before any training, DivergedError where the weights are not numbers.
        """
        self._require_trained()
        if not self.has_finite_weights:
            raise self._diverged()
        plain = self._plain()
        of = _hash_of(plain)
        if self._ready is None or self._ready[0] != of:
            found = self.held_out
            temperature = found.temperature if found.images else None
            self._ready = of, replace(plain, temperature=temperature, novelty=self.novelty())
        return self._ready[1]

    def _plain(self) -> Model:
        """The model without calibration and novelty, which cost a second."""
        if self._is_training_body:
            raise WhatsitError("While the backbone is trained the learner has no answers.", "Ask afterwards.")
        weight, bias = self._head.as_linear()
        return Model(self.classes, self.preprocess, self.precision, self.backbone, weight, bias)

    def _predictions(self, split: Split) -> Predictions:
        """The answers for a split's pictures, uncalibrated."""
        return self._plain().from_features(self.data.of(split).inputs)

    def _require_trained(self) -> None:
        if not self._fits and not self.history.epochs:
            raise WhatsitError("Nothing was trained yet.", "Call fit_one_cycle first.")

    @overload
    def predict(self, image: Picture) -> Prediction: ...
    @overload
    def predict(self, image: list[Picture]) -> list[Prediction]: ...
    def predict(self, image: Picture | list[Picture]) -> Prediction | list[Prediction]:
        """Say what is on a picture (path, bytes or PIL image) or a list of them, as the bundle will.

        Raises ImageError, and WhatsitError before any training.
        """
        if isinstance(image, str) and image in get_args(Split):
            what = "predict takes pictures, not the name of a split."
            raise WhatsitError(what, f'get_preds("{image}") gives the probabilities and labels of a split.')
        predict = naming(self.model().predict)
        return list(in_parallel(predict, image)) if isinstance(image, list) else predict(image)

    def get_preds(self, split: Split = "valid") -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Calibrated probabilities (n, classes) and labels (n,) of a split's pictures.

        Both are in the catalog's order. Raises CatalogError where the split has no pictures, and WhatsitError
        before any training.
        """
        model, seen = self.model(), self.data.of(split)
        return model.from_features(seen.inputs).probabilities, seen.labels

    def evaluate(self, split: Split = "valid") -> Evaluation:
        """Accuracy and its interval, per-class metrics and the confusion matrix of a split.

        Raises WhatsitError before any training.
        """
        self._require_trained()
        labels = self.data.of(split).labels
        return evaluate(
            labels, self._predictions(split).probabilities, self.classes, self.catalog[split].groups
        )

    @property
    def fits(self) -> Sequence[Mapping[str, Any]]:
        """What was asked of each training: epochs, lr, bs, wd, balance."""
        return self._fits

    def right(self) -> dict[str, bool]:
        """By each validation picture's content, whether it is recognised."""
        return self.data.by_content(self._hits())

    def _hits(self) -> NDArray[np.bool_]:
        said = predicted(self._predictions("valid").probabilities)
        hits: NDArray[np.bool_] = said == self.data.of("valid").labels
        return hits

    @property
    def mirrored(self) -> Difference | None:
        """How many more mirrored validation pictures than plain ones are not recognised; None once the body
        was trained.

        Where that is clear, as with letters, mirrored pictures are not trained on. By a head that has settled
        on plain pictures, whatever became of this one.
        """
        if self._mirrored is None and self._source[3] and not self.is_fine_tuned:
            features = self.data.features(self.catalog["valid"], view=1)
            if not features.refused:
                head, valid = self._settled_head(), self.data.of("valid")
                mirrored, plain = (
                    self.data.by_content(is_right(head, inputs, valid.labels))
                    for inputs in (features.vectors, valid.inputs)
                )
                self._mirrored = paired(mirrored, plain)
        return self._mirrored

    def _settled_head(self) -> Heads:
        """A head trained on plain pictures for as long as it takes; nothing of it is kept in a run."""
        head, (bs, wd) = self._new_head(), self._check(1, None, WD)
        train, epochs = self.data.of("train"), self.default_epochs()
        fit_heads(head, train, [np.arange(len(train.labels))], epochs, LR, bs, wd, self.seed)
        return head

    @property
    def mirrors_hurt(self) -> bool:
        """Whether mirrored pictures are clearly worse to recognise."""
        return self.mirrored is not None and self.mirrored.low > 0

    def diagnose(self) -> Diagnosis:
        """What the last fit's history tells, in words, and what to do. Raises WhatsitError before any fit."""
        if not self._fits:
            raise WhatsitError("Nothing was trained yet.", "Call fit_one_cycle first.")
        last = self._fits[-1]
        first = len(self.history) - int(last["epochs"])
        before, epochs = self.history.epochs[:first], self.history.epochs[first:]
        valid = self.evaluate()
        return diagnose(epochs, len(self.classes), valid.images, valid, last["lr"], before)

    def learning_curve(self, repeats: int = 5) -> LearningCurve:
        """Train heads on growing shares of the training pictures: would more pictures help?

        Each share is drawn `repeats` times, class by class. Takes seconds: the features are there.
        """
        return draw_curve(
            self.data.of("train"),
            self.data.of("valid"),
            self.classes,
            self._batch_size(),
            repeats,
            self.seed,
            self.ps,
            self.catalog["valid"].groups,
        )

    def take_up(self, trainings: int) -> None:
        """Become what the last of so many trainings of this run came to; the next call trains it further."""
        stage = checkpoints.load_finished(self.run, self._belongs())
        self._asked = stage.history["asked"][:trainings]
        if checkpoints.finished(self.run) == trainings:  # else it has been trained further already
            self._restore(stage)
            self._is_of_run = True

    def save(self, name: str) -> Path:
        """Keep what was learnt, and its history, in the project under a name like "stage-1"; return the file.

        That is the head, and once the body was unfrozen the body too.
        """
        stage = self._stage()
        known = {**stage.history, "trained_on": sorted(self._trained_on)}
        return stages.save(self._stages, name, replace(stage, history=known))

    def _stage(self) -> stages.Stage:
        tensors = self._head.weights()
        if self._network is not None:
            if self.is_frozen:  # else it is the network's own head that is trained
                self._network.head.load(tensors)
            tensors = self._network.weights()
        history = {
            "fits": self._fits,
            "asked": self._asked,
            "frozen": self._frozen_to,
            "tuned": self.is_fine_tuned or self._is_training_body,
            "mirrored": self._mirrored and astuple(self._mirrored),
        }
        return stages.Stage(tensors, self._belongs(), self._kept(history))

    def load(self, name: str) -> "Learner":
        """Take over what `save` kept, also what is frozen.

        Raises WhatsitError where it has other classes, or another order of them, size, normalisation or
        architecture than this learner, or is damaged.
        """
        self._restore(stages.load(self._stages, name, self._belongs()))
        self._is_of_run = False
        return self

    def _restore(self, stage: stages.Stage) -> None:
        """Become what a stage holds. Raises WhatsitError where that can't be, and stays what it was."""
        before = dict(self.__dict__)
        try:
            with stages.taking_up(stage):
                self._take_over(stage)
        except BaseException:
            self.__dict__.update(before)
            raise
        if before["data"].backbone.sha256 not in (self._original, self.backbone.sha256):
            self.project.features.forget(before["data"].backbone.sha256)  # nobody asks for them any more

    def _take_over(self, stage: stages.Stage) -> None:
        frozen = stage.history.get("frozen")
        self._begin_again()
        fits: list[Any] = stage.history["fits"]
        if not all(map(is_plausible, fits)):
            raise ValueError("its trainings are odd")
        self._fits = fits
        if frozen is None:
            self._head.load_weights(stage.tensors)
        else:
            require_group(frozen)
            network = self._in_torch()
            network.freeze_to(frozen)
            network.load_weights(stage.tensors)
            self._head.load_weights(network.head.weights())
            if stage.history.get("tuned"):  # else the backbone is as it came
                self._serve()
        told = stage.history.get("mirrored")
        self._mirrored = told and Difference(*told)
        self.history = History.from_dict(stage.history["epochs"], stage.history.get("batches", {}))
        self._trained_on = frozenset(stage.history.get("trained_on", ()))
        self.data.leave_out(self._trained_on)

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
            "body": self._original,
        }

    @cached_property
    def run(self) -> Path:
        """The folder of this training, made when first asked for; its `history.json` says all about it."""
        return self._new_run()

    def _save_history(self) -> None:
        hits = self._hits()
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
            "accuracy": float(hits.mean()),
            "versions": self._versions(),
            "history": self.history.to_dict(),
            "findings": self.diagnose().told(),
        }
        text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(self.run / PREDICTIONS, predictions(self._answered(), self._labeled_by()))
        write_whole(self.run / HISTORY, text.encode("utf-8", "backslashreplace"))

    def _answered(self) -> dict[str, Answered]:
        """By each validation picture's content, its label, what it is taken for, and its group."""
        valid = self.catalog["valid"]
        groups = [None] * len(valid) if valid.groups is None else valid.groups.tolist()
        places = predicted(self._predictions("valid").probabilities)
        taken = ("" if place < 0 else self.classes[place] for place in places)
        return {
            item.content: Answered(item.label, label, group)
            for item, label, group in zip(valid, taken, groups, strict=True)
        }

    def _labeled_by(self) -> str:
        """Whether the folders that the pictures lie in are their labels."""
        labels = (self.catalog.names[label] for label in self.catalog.labels)
        is_folder = all(
            label in folders_of(path) for path, label in zip(self.catalog.paths, labels, strict=True)
        )
        return BY_FOLDER if is_folder else BY_TABLE

    def interpret(self, split: Split = "valid") -> Interpretation:
        """What it gets right and wrong on a split's pictures, with the probabilities that a bundle gives.

        Where the temperature was found on these pictures, each gets one that was found on others of them.
        Raises CatalogError where the split has no pictures, DivergedError where its answers are not numbers.
        """
        model = self.model()
        answers = model.from_features(self.data.of(split).inputs)
        if not answers.is_finite:
            raise self._diverged()
        yardsticks = self._yardsticks(split)
        return Interpretation(
            self.classes,
            self.data.of(split).labels,
            answers.probabilities
            if yardsticks is None
            else softmax(answers.logits, yardsticks.temperature[:, None]),
            split,
            [item.path for item in self.catalog[split]],
            answers.features,
            lambda path, label: self._explain(model, path, label),
            self.catalog[split].groups,
        )

    def _diverged(self) -> DivergedError:
        return diverged(self.diagnose().findings if self._fits else [])

    def explain(self, image: Picture, label: str | None = None) -> HeatMap:
        """What of a picture speaks for a class, by default the likeliest.

        Exact where the head follows a global average pool, by gradients elsewhere. Raises ImageError,
        BackboneError, and WhatsitError for an unknown class and before any training.
        """
        return naming(lambda one: self._explain(self.model(), one, label))(image)

    def _explain(self, model: Model, image: Picture, label: str | None) -> HeatMap:
        if model.has_heat_maps:
            return model.explain(image, label)
        with needing("A heat map by gradients"):
            from whatsit.finetune.gradients import gradient_maps  # captum takes a second to import
            from whatsit.finetune.head import Head

        pixels = model.preprocess.load(image)
        label = model.from_pixels(pixels[None]).prediction(0).label if label is None else label
        require_class(label, self.classes)
        number = np.array([self.classes.index(label)])
        values = gradient_maps(self._body, Head.of(self._head.weights()), pixels[None], number)[0]
        return HeatMap(label, pixels, values, scaled(values))

    @property
    def _body(self) -> "nn.Module":
        """The backbone in PyTorch, as it is now."""
        return self._untouched if self._network is None else self._network.body

    @cached_property
    def _untouched(self) -> "nn.Module":
        """The backbone in PyTorch, as it came."""
        from whatsit.finetune.timm_backbones import load_body

        return load_body(*self._source)

    def report(self) -> Report:
        """All of it on one page: `learner.report().write("report.html")`.

        It is judged by its test pictures where there are some, else by its validation pictures. The learning
        curve says nothing of a backbone that was trained on the very pictures it is drawn with, and is left
        out. Raises WhatsitError before any training.
        """
        findings = self.diagnose().told()  # first: it raises untrained
        order: tuple[Split, ...] = ("test", "valid", "train")
        interpretations: dict[Split, Interpretation] = {}
        for split in order:
            with suppress(CatalogError):  # it has no pictures, or none can be read any more
                interpretations[split] = self.interpret(split)
        curve = None if self.is_fine_tuned else self.learning_curve(REPEATS)
        model = self.model()
        return Report(
            name=self.catalog.root.name,
            interpretations=list(interpretations.values()),
            facts=self._settings(),
            training=Training(self.history.to_dict(), findings, curve),
            summary=self.catalog.summary(),
            temperature=model.temperature,
            is_body_tuned=self.is_fine_tuned,
            calibrated_on=self.held_out.split,
            novelty=model.novelty,
            false_alarms=self.false_alarms(next(iter(interpretations))),
            is_cross_fitted=True,
            left_out=self.data.left_out,
            thumbnails=known_thumbnails(self.catalog, self.project),
        )

    def _settings(self) -> dict[str, str | Phrase]:
        """What it was trained with, in words."""
        rule = self.catalog.rule
        seed = "by time" if rule.by_time else f"seed {rule.seed}"
        return {
            "backbone": f"{self.backbone.name}{' (fine-tuned)' if self.is_fine_tuned else ''}",
            **self.cost(),
            "resize": self.preprocess.resize,
            "precision_of": self.precision,
            "fits": "; ".join(map(_in_words, self._fits)),
            "views": str(self.views),
            "seed": str(self.seed),
            "split": f"{rule.valid:.0%}, {seed} {rule.relation}".strip()
            if self.catalog.is_dealt
            else "given by folders or a column",
            "versions": ", ".join(f"{name} {number}" for name, number in self._versions().items()),
        }

    def cost(self) -> dict[str, Phrase]:
        """The size of the input and why it was taken, and how long a prediction takes with it, in words."""
        size = Phrase(f"size_{self.input_size.why}", asdict(self.input_size))
        seconds = self.prediction_seconds()
        takes = {} if seconds is None else {"prediction_time": Phrase("milliseconds", {"ms": 1000 * seconds})}
        return {"size": size, **takes}

    def prediction_seconds(self) -> float | None:
        """How long a prediction takes here, from the file to the answer, measured once on a few validation
        pictures; None where none of them can be read. Raises WhatsitError before any training.
        """
        if self._takes is None or self._takes[0] != self.backbone.sha256:
            paths = [item.path for item in self.catalog["valid"].items[:TIMED]]
            self._takes = self.backbone.sha256, seconds_each(self.model().predict, paths)
        return self._takes[1]

    def _versions(self) -> dict[str, str]:
        """Of what it is made with."""
        is_plain = self._source[:1] + self._source[2:] == ("lite0", None, True) and self._network is None
        packages = ["whatsit", "numpy", *([] if is_plain else ["torch", "timm"])]
        versions = {package: version_of(package) for package in packages}
        return {**versions, "backbone": self.backbone.name, "openvino": engine.version()}

    @property
    def held_out(self) -> HeldOut:
        """What is said of pictures that were not trained on: of training pictures by heads like this one that
        were trained on the others; of validation pictures where the body was trained, which knows the former.

        Computed once after every training, in seconds, and kept in the run.
        """
        self._require_trained()
        of = _hash_of(self._plain())
        if self._held_out is None or self._held_out[0] != of:
            found = crossfit.load(self.run, len(self.classes), of) if self._is_of_run else None
            if found is None:
                found = self._hold_out()
                if self._is_of_run:
                    crossfit.save(self.run, of, found)
            self._held_out = of, found
        return self._held_out[1]

    def _hold_out(self) -> HeldOut:
        with status("Checking its self-confidence"):
            if self.is_fine_tuned:
                return self._unseen().held_out("valid")
            train = self.catalog["train"]
            return crossfit.hold_out(
                self.data.views_to_train_on(),
                crossfit.relatives(train.rows, train.groups),
                train.rows["content"],
                len(self.classes),
                self._train_alike,
            )

    def _unseen(self) -> Unseen:
        """The answers for the validation pictures."""
        valid, catalog = self.data.of("valid"), self.catalog["valid"]
        features = valid.inputs
        return Unseen(
            self._plain().from_features(features).logits,
            self._fitted_novelty().score(features),
            valid.labels,
            crossfit.relatives(catalog.rows, catalog.groups),
            catalog.rows["content"],
        )

    def _fitted_novelty(self) -> Novelty:
        """What tells novel pictures from those that were trained on, without a threshold."""
        if self._known is None or self._known[0] != self.backbone.sha256:
            train = self.data.of("train")
            known = fit_novelty(train.inputs, train.labels, len(self.classes))
            self._known = self.backbone.sha256, known
        return self._known[1]

    @property
    def temperature(self) -> float:
        """What logits are divided by before they become probabilities; 1 leaves them."""
        return self.held_out.temperature if self._fits else 1.0

    def _yardsticks(self, split: Split) -> Yardsticks | None:
        """What the pictures of a split are measured by where that was found on these very pictures."""
        is_found_here = self._fits and split == self.held_out.split == "valid"
        return self._unseen().yardsticks() if is_found_here else None

    def false_alarms(self, split: Split = "valid") -> tuple[int, int] | None:
        """How many of a split's pictures are called novel, and of how many; None where none ever is.

        Where the threshold was found on these pictures, each is compared with one from others of them, if
        those are enough for one.
        """
        novelty, yardsticks = self.novelty(), self._yardsticks(split)
        if novelty is None:
            return None
        scores = novelty.score(self.data.of(split).inputs)
        threshold = np.full(len(scores), novelty.threshold) if yardsticks is None else yardsticks.threshold
        images = int(np.isfinite(threshold).sum())
        return int((scores > threshold).sum()), images

    def _train_alike(self, data: Labelled, places: list[Places]) -> Heads:
        """A head for each list of places, trained about as this one was.

        Several fits become one, with the settings of the last. With very many classes it is a shorter one.
        """
        last = self._fits[-1] if self._fits and self.is_frozen else {}
        epochs = sum(fit["epochs"] for fit in self._fits if "rates" not in fit) or self.default_epochs()
        alike = Heads(self.backbone.width, len(self.classes), [self.seed] * len(places), self.ps)
        images = min(map(len, places))
        bs = min(last.get("bs") or self._batch_size(), images)
        epochs, bs = affordable(alike, images, epochs, bs)
        fit_heads(
            alike,
            data,
            places,
            epochs,
            last.get("lr", LR),
            bs,
            last.get("wd", WD),
            self.seed,
            last.get("balance"),
        )
        return alike

    def novelty(self) -> Novelty | None:
        """What tells whether a picture is like any that it was trained on, with a threshold from `held_out`.

        None with too few pictures to find one by.
        """
        return crossfit.novelty_of(self.data.of("train"), self._fitted_novelty(), self.held_out)

    def export(self, path: str | Path) -> Bundle:
        """Write the deployable bundle and return it; the same training gives the same bytes.

        Another bundle that is there already goes to the project's trash. A model that may well be guessing is
        written with a warning. Raises DivergedError where the weights are not numbers any more; then nothing
        is written.
        """
        path = path_of(path, "The bundle", WhatsitError, "my-photos.whatsit")
        model = served(self.model())
        if told := guessing.warning(self.evaluate()):
            say(f"careful: {told}")
        bundle = Bundle(model, asdict(self.catalog.rule), self._measured(), self._versions())
        with keeping(self.project.folder, path):
            bundle.write(path)
        note_trained_on(self.run, self._trained_on)
        self.project.note_bundle(self.run, bundle.sha256)
        return bundle

    def _measured(self) -> dict[str, Any]:
        """What a bundle says about how it was measured."""
        valid = self.evaluate("valid")
        metrics: dict[str, Any] = {
            "split": "valid",
            "images": valid.images,
            "accuracy": round(valid.accuracy, 6),
        }
        called_novel, images = self.false_alarms() or (0, 0)
        if images:
            metrics["false_alarms"] = round(called_novel / images, 6)
        metrics["calibrated_on"] = self.held_out.split
        if self.is_fine_tuned:
            metrics["fine_tuned"] = True
        return metrics

    def on(
        self, catalog: Catalog, augment: "nn.Module | None", new_run: Callable[[], Path] | None = None
    ) -> "Learner":
        """A fresh learner like this one, without dropout and further metrics, for some of its pictures."""
        backbone, size, weights, pretrained = self._source
        return Learner(
            catalog,
            backbone,
            size,
            weights=weights,
            pretrained=pretrained,
            resize=self.preprocess.resize,
            precision=self.precision,
            seed=self.seed,
            augment=augment,
            device=self.device,
            new_run=new_run,
        )

    def reseed(self, seed: int, new_run: Callable[[], Path] | None = None) -> "Learner":
        """A learner with a fresh head, and the body as it came, on the same split."""
        other = copy(self)
        other.data = copy(self.data)
        other._new_run = new_run or self._new_run
        other.__dict__.pop("run", None)
        other.seed, other.history, other._fits, other._asked = seed, History(), [], []
        other._trained_on, other._is_of_run = frozenset(), False
        other._held_out = other._ready = None
        other._begin_again()
        if not self._source[3]:
            other.unfreeze()
        return other

    def _begin_again(self) -> None:
        """Take a fresh head, and the body as it came."""
        if self._network is not None:
            self.data, self._network = self.data.with_body(load_backbone(*self._source)), None
        self._head = self._new_head()

    def with_views(self, views: int) -> "Learner":
        """A learner with a fresh head that sees `views` views of every training picture (augmentation).

        Every other one is mirrored, unless that hurts.
        """
        other = self.reseed(self.seed)
        other._mirrored = self.mirrored
        other.add_views(views)
        return other

    def add_views(self, views: int) -> None:
        """Let the head see so many views of every training picture from now on."""
        step = 2 if self.mirrors_hurt else 1  # odd ones are mirrored
        self.data.add_views(range(step, step * views, step))

    @property
    def views(self) -> int:
        """How many views of every training picture the head learns from."""
        return self.data.views


def _hash_of(model: Model) -> str:
    """The hash of backbone and head."""
    parts = (model.backbone.sha256.encode(), model.weight.tobytes(), model.bias.tobytes())
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _in_words(fit: Mapping[str, Any]) -> str:
    said = {name: value for name, value in fit.items() if value is not None and name != "rates"}
    return ", ".join(f"{name} {value}" for name, value in said.items())
