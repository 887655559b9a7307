"""Bundles that learners export, by the names that the lesson gives them; never a pickle of fastai."""

from os import PathLike
from pathlib import Path

from whatsit.classifier import Classifier
from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.model import Model

SUFFIX = ".whatsit"
EXPORT = f"export{SUFFIX}"
PICKLES = (".pkl", ".pickle", ".pth", ".pt")


def place_of(folder: Path, file: str | PathLike[str]) -> Path:
    """Where an export is written: never as a pickle, which it is not."""
    path = folder / file
    return path.with_suffix(SUFFIX) if path.suffix in PICKLES else path


def read_export(folder: str | PathLike[str], file: str | PathLike[str]) -> tuple[Path, Model]:
    """The folder and the model of an export, by the name that it was written under, or by its whole path.

    Raises BundleError for what is damaged, and WhatsitError for a pickle or where there is no export.
    """
    whole = Path(folder)
    path = whole if whole.suffix in (SUFFIX, *PICKLES) and not whole.is_dir() else whole / file
    named = path.name
    if path.suffix in PICKLES:
        refuse_pickle(path)
        path = path.with_suffix(SUFFIX)
    if not path.is_file():
        for suffix in PICKLES:
            refuse_pickle(path.with_suffix(suffix))
        if not path.parent.is_dir():
            raise WhatsitError(Message("lesson_learner.no_folder", folder=path.parent, file=named))
        raise WhatsitError(Message("lesson_learner.no_export", file=named, folder=path.parent))
    return path.parent, Classifier(path).model


def refuse_pickle(path: Path) -> None:
    """Raise WhatsitError where there is such a file of fastai."""
    if path.is_file():
        raise WhatsitError(Message("lesson_learner.pickle", path=path))
