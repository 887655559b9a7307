"""Whole models beside the saved weights of learners, so that they are read without pictures or network."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from whatsit.bundle import Bundle
from whatsit.classifier import Classifier
from whatsit.errors import DivergedError, WhatsitError
from whatsit.fastai1.data import ImageDataBunch
from whatsit.fastai1.exports import SUFFIX, refuse_pickle
from whatsit.i18n import Message
from whatsit.model import Model
from whatsit.project.paths import SIDECAR
from whatsit.training import Learner
from whatsit.training import checkpoint_file as files
from whatsit.training.export import served


def place_of(folder: Path, name: str) -> Path:
    """Where the whole model of a checkpoint is, of pictures in `folder`."""
    files.require_name(name)
    return folder / SIDECAR / files.FOLDER / f"{name}{SUFFIX}"


@contextmanager
def with_model(learner: Learner, path: Path) -> Iterator[None]:
    """Write the whole model of a learner whose weights this block saves; it takes its place afterwards.

    Where one of both can't be written, what was saved before under the same name stays as it was.
    """
    bundle, temporary = _whole(learner), path.with_name(f".whatsit.{path.stem}")
    try:
        if bundle is not None:
            bundle.write(temporary)
        yield
        if bundle is not None:
            os.replace(temporary, path)
        else:
            path.unlink(missing_ok=True)  # that of another training by the same name
    finally:
        temporary.unlink(missing_ok=True)


def _whole(learner: Learner) -> Bundle | None:
    """A training that diverged, or did not begin, has no model to answer with."""
    if not learner.history.epochs:
        return None
    try:
        model = learner.model()
    except DivergedError:
        return None
    return Bundle(served(model), asdict(learner.catalog.rule), {}, {"backbone": model.backbone.name})


def read_model(data: ImageDataBunch, arch: str, name: str) -> Model:
    """What `with_model` wrote. Raises WhatsitError where data or architecture are others."""
    path = place_of(data.path, name)
    if not path.is_file():
        if path.with_suffix(".json").is_file():
            raise WhatsitError(Message("lesson_learner.no_answers", name=name))
        raise files.missing(path.parent, name, SUFFIX)
    model = Classifier(path).model
    size = model.preprocess.size
    if model.classes != data.classes and sorted(model.classes) == sorted(data.classes):
        raise WhatsitError(Message("lesson_learner.other_order", name=name, classes=str(model.classes)))
    there = {"architecture": model.backbone.name, "classes": model.classes, "size": size}
    here = {"architecture": arch, "classes": data.classes, "size": size if data.size == "auto" else data.size}
    files.require_same(name, there, here)
    return model


@contextmanager
def refusing_fastais(folder: Path, name: str) -> Iterator[None]:
    """Load a checkpoint in this block; where there is none, one of fastai 1 is refused with the reason."""
    try:
        yield
    except WhatsitError as error:
        if error.message.code in ("checkpoint.missing", "checkpoint.none_saved"):
            refuse_pickle(folder / "models" / f"{name}.pth")
        if error.message.code == "checkpoint.other_size":  # which comes from the data here
            raise WhatsitError(Message("lesson_learner.other_size", **error.message.values)) from error
        raise
