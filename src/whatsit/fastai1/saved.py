"""What learners leave on disk: whole models beside the saved weights, and exports."""

from dataclasses import asdict
from os import PathLike
from pathlib import Path

from whatsit.bundle import Bundle
from whatsit.classifier import Classifier
from whatsit.errors import DivergedError, WhatsitError
from whatsit.events import note
from whatsit.fastai1.data import ImageDataBunch
from whatsit.i18n import Message
from whatsit.model import Model
from whatsit.project.paths import SIDECAR
from whatsit.training import Learner
from whatsit.training import checkpoint_file as files
from whatsit.training.export import served

SUFFIX = ".whatsit"
EXPORT = f"export{SUFFIX}"
PICKLES = (".pkl", ".pth")


def place_of(folder: Path, name: str) -> Path:
    """Where the whole model of a checkpoint is, of pictures in `folder`."""
    return folder / SIDECAR / files.FOLDER / f"{name}{SUFFIX}"


def write_model(learner: Learner, path: Path) -> None:
    """Write the whole model of a learner, so that it is read without its weights at hand.

    A training that diverged, or did not begin, has none to answer with.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # that of another training by the same name
    if not learner.history.epochs:
        return
    try:
        model = learner.model()
    except DivergedError:
        return
    versions = {"backbone": model.backbone.name}
    Bundle(served(model), asdict(learner.catalog.rule), {}, versions).write(path)


def read_model(data: ImageDataBunch, arch: str, name: str) -> Model:
    """What `write_model` wrote. Raises WhatsitError where data or architecture are others."""
    files.require_name(name)
    path = place_of(data.path, name)
    if not path.is_file():
        if path.with_suffix(".json").is_file():
            raise WhatsitError(Message("lesson_learner.no_answers", name=name))
        raise files.missing(path.parent, name, SUFFIX)
    model = Classifier(path).model
    size = model.preprocess.size
    there = {"architecture": model.backbone.name, "classes": model.classes, "size": size}
    here = {"architecture": arch, "classes": data.classes, "size": size if data.size == "auto" else data.size}
    files.require_same(name, there, here)
    return model


def exported(folder: Path, file: str | PathLike[str]) -> Path:
    """Where an export is written: never as a pickle, which it is not."""
    path = folder / file
    if path.suffix not in PICKLES:
        return path
    path = path.with_suffix(SUFFIX)
    note(Message("lesson_learner.renamed", path=path))
    return path


def read_export(folder: str | PathLike[str], file: str | PathLike[str]) -> Model:
    """The model of an export, by the name that it was written under. Raises WhatsitError for a pickle."""
    path = Path(folder) / file
    bundle = path.with_suffix(SUFFIX) if path.suffix in PICKLES else path
    pickles = [path.with_suffix(suffix) for suffix in PICKLES]
    if not bundle.is_file() and (found := next(filter(Path.is_file, pickles), None)):
        raise WhatsitError(Message("lesson_learner.pickle", path=found))
    return Classifier(bundle).model
