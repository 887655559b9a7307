"""The lesson's learner: its verbs over today's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path

import torch
from torch import Tensor

from whatsit.bundle import Bundle
from whatsit.checks import described
from whatsit.config import LR, LearnerConfig
from whatsit.errors import CatalogError, WhatsitError
from whatsit.events import note
from whatsit.fastai1 import exports, models, saved
from whatsit.fastai1.category import Category
from whatsit.fastai1.data import ImageDataBunch
from whatsit.fastai1.device import defaults
from whatsit.fastai1.epoch_table import printing
from whatsit.fastai1.explained import Explained, explained
from whatsit.fastai1.images import Image
from whatsit.fastai1.interpretation import ClassificationInterpretation
from whatsit.fastai1.metrics import Metric, as_today, error_rate, listed, name_of
from whatsit.fastai1.recorder import Recorder
from whatsit.fastai1.types import DatasetType, split_of
from whatsit.i18n import Message
from whatsit.images import Picture
from whatsit.model import Model, naming
from whatsit.text import brief
from whatsit.training import Learner as Today
from whatsit.training.doctor import Diagnosis
from whatsit.training.finder import END
from whatsit.training.learning_rates import LearningRates

MAX_LR = slice(LR)  # for the last layers, a tenth of it for the others
FOUND = "LR Finder complete, type {learner_name}.recorder.plot() to see the graph."  # as the lesson has it


class Learner(Explained):
    """A model that is trained on the pictures of `data`, and with data of classes alone one that is loaded.

    `metrics` are functions of `preds` (n, classes), the logarithms of probabilities, and `targs` (n,), the
    numbers of the classes. `ps` is the share of features that dropout leaves out, `wd` the weight decay; by
    default today's. Without `pretrained` weights all layers are trained. Raises BackboneError for weights
    that can't be fetched.
    """

    @explained
    def __init__(
        self,
        data: ImageDataBunch,
        arch: object,
        metrics: Metric | Sequence[Metric] | None = None,
        pretrained: bool = True,
        ps: float | None = None,
        wd: float | None = None,
    ) -> None:
        if not isinstance(data, ImageDataBunch):
            raise WhatsitError(Message("lesson_learner.not_data", given=described(data)))
        self._data, self.arch, self.wd = data, models.Architecture(models.name_of(arch)), wd
        self.metrics = listed(metrics)
        self._loaded: Model | None = None
        self._today: Today | None = None
        self._left_out = 0  # pictures that can't be read any more, as was noted
        if data.catalog is not None:
            with models.fetching(self.arch.name):
                self._today = Today(
                    data.catalog,
                    self.arch.name,
                    data.size,
                    pretrained=pretrained,
                    ps=LearnerConfig.ps if ps is None else ps,
                    metrics=[as_today(metric) for metric in self.metrics if metric is not error_rate],
                    augment=data.augment(),
                    device=defaults.today,
                )

    @classmethod
    def of(cls, data: ImageDataBunch, model: Model) -> "Learner":
        """A learner that answers as a model does."""
        learner = cls(data, model.backbone.name)
        learner._loaded = model
        return learner

    def __repr__(self) -> str:
        if self._today is not None:
            return repr(self._today)
        ready = "nothing loaded yet" if self._loaded is None else "ready to answer"
        return brief(self, f"{self.arch.name}, {len(self.data.classes)} classes, {ready}")

    @property
    def data(self) -> ImageDataBunch:
        """The pictures that it is trained on."""
        return self._data

    @data.setter
    def data(self, other: object) -> None:
        raise WhatsitError(Message("lesson_learner.other_data", arch=self.arch.name))

    @property
    def learner(self) -> Today:
        """Today's learner, which does the work. Raises WhatsitError for data without pictures."""
        if self._today is None:
            raise WhatsitError(Message("lesson_learner.no_pictures"))
        return self._today

    @cached_property
    def recorder(self) -> Recorder:
        """What was recorded while training, and its figures."""
        return Recorder(self.learner, list(map(name_of, self.metrics)))

    @explained
    def fit_one_cycle(
        self,
        cyc_len: int,
        max_lr: LearningRates = MAX_LR,
        moms: tuple[float, float] = (0.95, 0.85),
        *,
        pct_start: float = 0.3,
        wd: float | None = None,
    ) -> None:
        """Train for `cyc_len` epochs at rates that rise to `max_lr` and fall again, and print a table.

        `max_lr` is a number, slice(a, b) from the first layers to the last, or slice(b), a tenth of it for
        all but the last. Raises WhatsitError for values with which nothing can be trained.
        """
        bs, wd = self.data.bs, self._decay(wd)
        with self._recording():
            self.learner.fit_one_cycle(cyc_len, max_lr, bs=bs, wd=wd, pct_start=pct_start, moms=moms)

    @explained
    def fit(self, epochs: int, lr: LearningRates = MAX_LR, wd: float | None = None) -> None:
        """Train at constant rates; otherwise as `fit_one_cycle`."""
        with self._recording():
            self.learner.fit(epochs, lr, bs=self.data.bs, wd=self._decay(wd))

    @contextmanager
    def _recording(self) -> Iterator[None]:
        if not len(self.learner.catalog["valid"]):
            raise WhatsitError(Message("lesson_learner.no_validation"))
        with _reading():
            self._require_pictures()
        self.recorder.begin()
        with printing(self.recorder.names), _reading():
            yield

    def _require_pictures(self) -> None:
        """Note pictures that can't be read any more. Raises WhatsitError where a class has none left."""
        there = self.learner.catalog
        if gone := [name for name in self.data.classes if name not in there.classes]:
            raise WhatsitError(Message("lesson_learner.class_gone", names=gone))
        given = self.data.catalog
        count = 0 if given is None else len(there.unreadable) - len(given.unreadable)
        if count != self._left_out:
            note(Message("lesson_learner.not_read", count=count))
            self._left_out = count

    def _decay(self, wd: float | None) -> float | None:
        return self.wd if wd is None else wd

    @explained
    def lr_find(self, start_lr: float | None = None, end_lr: float = END, *, wd: float | None = None) -> None:
        """Try ever higher rates, a batch each, until the loss explodes; `recorder.plot` shows the losses."""
        bs, wd = self.data.bs, self._decay(wd)
        with _reading():
            self._require_pictures()
            self.recorder.finder = self.learner.lr_find(start=start_lr, end=end_lr, bs=bs, wd=wd)
        print(FOUND)

    def freeze(self) -> None:
        """Train only the head, on cached features."""
        self.learner.freeze()

    def unfreeze(self) -> None:
        """Train all layers."""
        self.learner.unfreeze()

    def freeze_to(self, n: int) -> None:
        """Train only the groups of layers from `n` on: 0 the early ones, 1 the late ones, 2 the head."""
        self.learner.freeze_to(n)

    def diagnose(self) -> Diagnosis:
        """What the last training shows, and what to do. Raises WhatsitError before any training."""
        return self.learner.diagnose()

    def save(self, name: str | PathLike[str]) -> Path:
        """Keep backbone and head as "stage-1" or the like, beside the pictures; return the file."""
        name = fspath(name)
        with saved.with_model(self.learner, saved.place_of(self.data.path, name)):
            return self.learner.save(name)

    def load(self, name: str | PathLike[str]) -> "Learner":
        """Take over what `save` kept; with data of classes alone to answer, else to go on training too.

        Raises WhatsitError where it has other classes, or another order of them, size or architecture.
        """
        name = fspath(name)
        with saved.refusing_fastais(self.data.path, name):
            if self._today is None:
                self._loaded = saved.read_model(self.data, self.arch.name, name)
            else:
                self._today.load(name)
                self.recorder.begin()
        return self

    def export(self, file: str | PathLike[str] = exports.EXPORT) -> Bundle:
        """Write a bundle for `load_learner`, beside the pictures. Raises WhatsitError before any training."""
        path = exports.place_of(self.data.path, file)
        bundle = self.learner.export(path)
        if path.name != Path(file).name:
            note(Message("lesson_learner.renamed", path=path, file=path.name))
        return bundle

    def predict(self, img: Image | Picture) -> tuple[Category, Tensor, Tensor]:
        """The class of a picture, its number, and the probabilities of all classes (classes,).

        Raises ImageError, and WhatsitError before anything was trained or loaded.
        """
        picture = img.source if isinstance(img, Image) else img
        if isinstance(picture, Sequence) and not isinstance(picture, str | bytes):
            raise WhatsitError(Message("lesson_learner.one_picture", given=described(picture)))
        if self._today is not None:
            answer = self._today.predict(picture)
        elif self._loaded is not None:
            answer = naming(self._loaded.predict)(picture)
        else:
            raise WhatsitError(Message("lesson_learner.not_loaded"))
        number = list(answer.probabilities).index(answer.label)
        outputs = torch.tensor(list(answer.probabilities.values()))
        return Category(answer.label, number), torch.tensor(number), outputs

    @explained
    def get_preds(self, ds_type: DatasetType = DatasetType.Valid) -> list[Tensor]:
        """The probabilities (n, classes) of all pictures of a kind, and the numbers of their classes (n,)."""
        probabilities, labels = self.learner.get_preds(split_of(ds_type))
        return [torch.from_numpy(probabilities).float(), torch.from_numpy(labels)]

    @explained
    def interpret(self, ds_type: DatasetType = DatasetType.Valid) -> ClassificationInterpretation:
        """What it gets right and wrong, as `ClassificationInterpretation.from_learner`."""
        return ClassificationInterpretation.from_learner(self, ds_type)


@contextmanager
def _reading() -> Iterator[None]:
    """Read pictures in this block; an error about one that was deleted meanwhile says what to do here."""
    try:
        yield
    except CatalogError as error:
        if error.message.code != "training.changed" and not error.message.code.startswith("catalog."):
            raise
        raise CatalogError(Message("lesson_learner.changed", reason=error)) from error


@explained
def cnn_learner(
    data: ImageDataBunch,
    arch: object,
    metrics: Metric | Sequence[Metric] | None = None,
    pretrained: bool = True,
    ps: float | None = None,
    wd: float | None = None,
) -> Learner:
    """A learner whose backbone is `arch`, such as models.resnet34; `Learner` says what the others mean."""
    return Learner(data, arch, metrics, pretrained, ps, wd)


create_cnn = cnn_learner  # as the lesson calls it


def load_learner(path: str | PathLike[str], file: str | PathLike[str] = exports.EXPORT) -> Learner:
    """What `export` wrote in a folder, ready to answer. Raises BundleError, and WhatsitError for a pickle."""
    folder, model = exports.read_export(path, file)
    size = model.preprocess.size
    return Learner.of(ImageDataBunch.single_from_classes(folder, model.classes, size=size), model)
