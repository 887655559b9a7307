"""A model being trained on a catalog: the verbs of a user."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from whatsit.bundle import Bundle
from whatsit.catalog import Catalog
from whatsit.checks import path_of
from whatsit.config import LR, Balance, Device, InputSide, LearnerConfig, Precision, Resize
from whatsit.errors import WhatsitError
from whatsit.events import warn
from whatsit.extras import require
from whatsit.i18n import Message
from whatsit.project import keeping
from whatsit.tables import paragraph
from whatsit.text import brief
from whatsit.training import checkpoint_file as files
from whatsit.training import checks, fitting, mirrors, records
from whatsit.training.answers import Answers
from whatsit.training.callbacks import Callback
from whatsit.training.card import facts_of
from whatsit.training.export import served
from whatsit.training.finder import END, PER_DECADE, QUICK, START, LRFinder, sweep
from whatsit.training.fitting import Request
from whatsit.training.learning_rates import LearningRates
from whatsit.training.schedules import Constant, OneCycle
from whatsit.training.state import State
from whatsit.understand import guessing
from whatsit.understand.metrics import Metric

if TYPE_CHECKING:
    from torch import nn

HEAD_EPOCHS = 1  # of a head whose backbone is to be fine-tuned
TUNING_LRS = slice(3e-5, 3e-4)


class Learner(Answers):
    """Transfer learning: at first only a head is trained, on cached features; then the backbone's layers too.

    `size` is the side of the network's input in pixels, by default chosen by `input_size`; `precision` is
    "fp32" or "bf16", by default bf16 where the processor computes in it; `resize` what happens to pictures
    that are not square ("crop", "pad", "squash"); `seed` moves the training only, never the split. `ps` is
    the share of features that dropout leaves out in training. `metrics` are columns beside the error rate:
    "accuracy", "f1", "top_2", "top_3", "top_5", or functions of labels (n,) and probabilities (n, classes).
    Without `pretrained` weights all layers are trained from the start. `augment` is what is done to pictures
    while layers of the backbone are trained: what `transforms` gives, None, "auto", which mirrors them, or
    "full", all of `transforms`. `device` is "cpu", "cuda" or "auto". `new_run` makes folders of runs
    elsewhere than in the project. Raises BackboneError, CatalogError, and ReadOnlyProjectError where the
    catalog has no project that lasts.
    """

    def __init__(
        self,
        catalog: Catalog,
        backbone: str = LearnerConfig.backbone,
        size: InputSide = LearnerConfig.size,
        *,
        weights: str | Path | None = None,
        pretrained: bool = True,
        resize: Resize = LearnerConfig.resize,
        precision: Precision | None = None,
        seed: int = LearnerConfig.seed,
        ps: float = LearnerConfig.ps,
        metrics: Sequence[str | Metric] = (),
        augment: "nn.Module | Literal['auto', 'full'] | None" = "auto",
        device: Device = LearnerConfig.device,
        new_run: Callable[[], Path] | None = None,
    ) -> None:
        checks.require_catalog(catalog)
        checks.require_settings(size, resize, ps, augment, seed)
        named = checks.named_metrics(metrics)
        where = None if weights is None else str(weights)
        how = (resize, precision, seed, ps, augment, checks.require_device(device))
        config = LearnerConfig(backbone, size, where, pretrained, *how)
        super().__init__(State.of(config, catalog, named, new_run))
        if not pretrained:
            self.unfreeze()

    @classmethod
    def _of(cls, state: State) -> "Learner":
        """The learner of a state."""
        learner = cls.__new__(cls)
        Answers.__init__(learner, state)
        return learner

    def __repr__(self) -> str:
        about = f"{self.backbone.name}, {'frozen' if self.is_frozen else 'unfrozen'}"
        if not self.history.epochs:
            return brief(self, f"{about}, not trained yet")
        last = self.history.epochs[-1]
        return brief(self, f"{about}, error rate {last.error_rate:.1%} after {len(self.history)} epochs")

    def _repr_html_(self) -> str:
        return self.history._repr_html_() if self.history.epochs else paragraph(repr(self)[1:-1])

    def freeze_to(self, group: int) -> "Learner":
        """Train only the groups of layers from `group` on: 0 the backbone's early layers, 1 its late ones, 2
        the head; negative ones count from the end. Raises WhatsitError.
        """
        if not self._state.layers.is_frozen_by(group):
            if self._state.config.augment in ("auto", "full"):
                mirrors.mirrored(self._state)  # which only features can show
            self._state.layers.freeze_to(group)
        return self

    def freeze(self) -> "Learner":
        """Train only the head, on cached features."""
        return self.freeze_to(-1)

    def unfreeze(self) -> "Learner":
        """Train all layers."""
        return self.freeze_to(0)

    def fit_one_cycle(
        self,
        epochs: int,
        lr: LearningRates = LR,
        *,
        bs: int | None = None,
        wd: float | None = None,
        pct_start: float = 0.25,
        moms: tuple[float, float] = (0.95, 0.85),
        balance: Balance | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        """Train for `epochs` over the training pictures and save the history into the run.

        The learning rate rises to `lr` over the share `pct_start` of all steps and falls again, momentum
        goes from moms[0] to moms[1] and back. `lr` may be a rate for each group of layers: see
        `learning_rates.spread`. `bs` is the batch size (16 with few pictures, else 32), `wd` the weight decay
        (1 for a head alone, else 0.01). `balance` helps small classes, by showing their pictures more often
        ("oversample") or letting them count more ("loss"). `callbacks` are called with every `Epoch`, and a
        true answer ends the training, as EarlyStopping gives it. Raises WhatsitError for values with which
        nothing can be trained. While layers of the backbone are trained, the learner has no answers for a
        callback.
        """
        if not 0 < pct_start < 1:
            raise WhatsitError(Message("train_options.pct_start", given=pct_start))
        if not all(0 <= momentum < 1 for momentum in moms):
            raise WhatsitError(Message("train_options.moms", given=repr(moms)))

        def schedule(steps: int) -> OneCycle:
            return OneCycle(steps, pct_start=pct_start, moms=moms)

        self._fit(Request(epochs, schedule, lr, bs, wd, balance, callbacks))

    def fit(
        self,
        epochs: int,
        lr: LearningRates = LR,
        *,
        bs: int | None = None,
        wd: float | None = None,
        balance: Balance | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        """Train at a constant learning rate; otherwise as `fit_one_cycle`."""
        self._fit(Request(epochs, lambda steps: Constant(), lr, bs, wd, balance, callbacks))

    def _fit(self, request: Request) -> None:
        fitting.fit(self._state, self._calibration, request)

    def fine_tune(
        self,
        epochs: int,
        lr: LearningRates = TUNING_LRS,
        *,
        bs: int | None = None,
        wd: float | None = None,
        balance: Balance | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        """Train a head for one epoch, the late layers with it for `epochs`, and a new head at last.

        A head that has settled on the training pictures has nothing left to teach the backbone, and one that
        is trained with it comes to know them by heart: docs/benchmarks.md has the measurements. `callbacks`
        are called with the epochs in which the late layers are trained.
        """
        layers = self._state.layers
        if self._state.fits or not layers.is_pretrained:
            code = "training.fine_tuned_twice" if self._state.fits else "training.fine_tuned_random"
            raise WhatsitError(Message(code))
        require("torch", Message("training.layers"))
        self.freeze()
        self.fit_one_cycle(HEAD_EPOCHS, bs=bs, balance=balance)
        self._state.layers.head.settle(self._state.data.of("train").inputs)  # these statistics stay
        self.freeze_to(1)
        self.fit_one_cycle(epochs, lr, bs=bs, wd=wd, balance=balance, callbacks=callbacks)
        self.freeze()
        layers = self._state.layers
        layers.head.load_weights(layers.fresh_head().weights())
        self.fit_one_cycle(self._state.default_epochs, bs=bs, balance=balance)

    def lr_find(
        self,
        *,
        start: float | None = None,
        end: float = END,
        bs: int | None = None,
        wd: float | None = None,
    ) -> LRFinder:
        """Try ever higher learning rates, a batch each, until the loss explodes; no weight changes.

        They go from `start`, by default 1e-7, or 1e-6 where layers of the backbone are trained, to `end`. At
        high rates the decay `wd` is limited, as `finder.gentle` says, so that the curve shows the rate.
        Raises WhatsitError for rates that do not grow.
        """
        first, per_decade = (START, PER_DECADE) if self.is_frozen else QUICK
        start = first if start is None else start
        checks.require_growing(start, end)
        with fitting.trial(self._state, bs, wd) as step:
            return sweep(step, start, per_decade, end)

    def save(self, name: str) -> Path:
        """Keep what was trained, and its history, in the project as "stage-1" or the like; return the file.

        That is the head, and once the backbone was unfrozen the backbone too.
        """
        checkpoint = self._state.checkpoint(trained_on=sorted(self._state.trained_on))
        return files.save(self._state.project.folder / files.FOLDER, name, checkpoint)

    def load(self, name: str) -> "Learner":
        """Take over what `save` kept, also what is frozen.

        Raises WhatsitError where it has other classes, or another order of them, size, normalization or
        architecture than this learner, or is damaged.
        """
        folder = self._state.project.folder / files.FOLDER
        self._state.restore(files.load(folder, name, self._state.belongs))
        self._state.is_of_run = False
        return self

    def export(self, path: str | Path) -> Bundle:
        """Write the deployable bundle and return it; the same training gives the same bytes.

        Another bundle that is there already goes to the project's trash. A model that may well be guessing is
        written with a warning. Raises DivergedError where the weights are not numbers; then nothing is
        written.
        """
        state, path = (
            self._state,
            path_of(path, Message("checks.the_bundle"), WhatsitError, "my-photos.whatsit"),
        )
        model = served(self.model())
        if warning := guessing.warning(self.evaluate()):
            warn(Message("training.careful", warning=warning))
        metrics, facts = records.measured(state, self._calibration), facts_of(state, self._calibration)
        bundle = Bundle(model, asdict(self.catalog.rule), metrics, records.versions(state), facts)
        with keeping(state.project.folder, path):
            bundle.write(path)
        state.run.note_trained_on(state.trained_on)
        state.project.note_bundle(self.run, bundle.sha256, path)
        return bundle


def epoch_seconds(learner: Learner, steps: int = 4) -> float:
    """About how long an epoch of what is trained now would take, by a few batches; no weight changes.

    A validation picture is counted as a third of a training picture: it only goes forward.
    """
    state = learner._state
    bs, _ = fitting.checked(state, 1, None, None)
    with fitting.trial(state, None, None) as step:
        step(0.0)  # the first one takes longer
        started = time.perf_counter()
        deque((step(0.0) for _ in range(steps)), maxlen=0)
        picture = (time.perf_counter() - started) / (steps * bs)
    return picture * (state.data.count("train") + state.data.count("valid") / 3)
