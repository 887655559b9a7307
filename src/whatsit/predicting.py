"""Classify many pictures, one after the other: the answers, their heat maps, a table of them."""

import os
import sys
from collections.abc import Iterator, Sequence
from csv import writer as csv_writer
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from whatsit.cells import safe
from whatsit.checks import is_count
from whatsit.classifier import Classifier
from whatsit.config import PredictConfig
from whatsit.errors import WhatsitError
from whatsit.events import Predicted, emit, progress, warn, written
from whatsit.formats import SUFFIXES, is_hidden
from whatsit.i18n import Message
from whatsit.images import WHOLE
from whatsit.model import Prediction
from whatsit.outputs import require_output
from whatsit.project import short_name, write_whole
from whatsit.text import brief

STDIN = "-"
OWN = ("path", "label", "verdict", "probability", "novelty")  # columns, before those of the classes


@dataclass(frozen=True)
class Answer:
    """The prediction for a picture, and where its heat map was written, if one was asked for."""

    path: str
    prediction: Prediction
    heat_map: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        heat_map = {} if self.heat_map is None else {"heat_map": str(self.heat_map)}
        return {"path": self.path, **asdict(self.prediction), **heat_map}


@dataclass(frozen=True)
class PredictResult:
    """The `answers`, and for each path that could not be read as a picture the reason."""

    classes: Sequence[str]
    answers: Sequence[Answer]
    unreadable: Sequence[tuple[str, Message]] = ()

    def __repr__(self) -> str:
        return brief(self, f"{len(self.answers)} predictions, {len(self.unreadable)} unreadable files")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "predictions": [answer.to_dict() for answer in self.answers],
            "unreadable": [{"path": path, "error": error.to_dict()} for path, error in self.unreadable],
        }

    def to_csv(self) -> bytes:
        """A table: path, label, verdict, probability, novelty, and the probability of each class."""
        text = StringIO()
        writer = csv_writer(text)
        writer.writerow([safe(name) for name in (*OWN, *self.classes)])
        for answer in self.answers:
            found = answer.prediction
            numbers = [found.probability, found.novelty, *map(found.probabilities.get, self.classes)]
            cells = ["" if number is None else f"{number:.6f}" for number in numbers]
            writer.writerow([safe(answer.path), safe(found.label), found.verdict, *cells])
        return text.getvalue().encode("utf-8", "backslashreplace")


def predict_files(config: PredictConfig) -> PredictResult:
    """Classify files, the pictures in folders, or "-" for one on stdin; report each answer at once.

    Raises WhatsitError and BundleError before anything is classified.
    """
    if config.csv:
        require_output("table", Path(config.csv))
    if not is_count(config.top, 1):
        raise WhatsitError(Message("predict.no_classes", top=config.top))
    paths = _expanded([config.images] if isinstance(config.images, str) else config.images)
    classifier = Classifier(config.bundle, config.min_probability, config.precision)
    folder = None if config.explain is None else _folder_for_heat_maps(classifier, config.explain, paths)
    sources = [_on_stdin() if path == STDIN else path for path in paths]
    answers: list[Answer] = []
    unreadable: list[tuple[str, Message]] = []
    with progress("classifying", len(paths)) as advance:
        for path, source, found in zip(paths, sources, classifier.try_each(sources), strict=True):
            advance()
            if not isinstance(found, Prediction):
                unreadable.append((path, found.message))
                warn(Message("predict.unreadable", path=path, reason=found))
                continue
            heat_map = None if folder is None else _explained(classifier, source, found.label, folder, path)
            answers.append(Answer(path, found, heat_map))
            emit(Predicted(path, in_words(found, config.top), answers[-1].to_dict()))
    result = PredictResult(classifier.classes, answers, unreadable)
    if config.csv:
        write_whole(Path(config.csv), result.to_csv())
        written("table", config.csv)
    return result


def in_words(prediction: Prediction, top: int) -> Message:
    """A prediction as one line: its `top` likeliest classes, and what makes it uncertain."""
    ranked = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])[:top]
    likely = [Message("predict.class", label=label, share=share) for label, share in ranked]
    if prediction.verdict == "novel":
        return Message("predict.novel", novelty=prediction.novelty, likely=likely)
    code = "predict.unsure" if prediction.verdict == "unsure" else "predict.known"
    return Message(code, likely=likely)


def _on_stdin() -> bytes:
    """The picture on stdin, no larger than what is read whole of files too. Raises WhatsitError."""
    if sys.stdin is None:
        raise WhatsitError(Message("predict.no_stdin"))
    data = sys.stdin.buffer.read(WHOLE + 1)
    if len(data) > WHOLE:
        raise WhatsitError(Message("predict.large_stdin", most=WHOLE >> 20))
    return data


def _folder_for_heat_maps(classifier: Classifier, name: str, paths: Sequence[str]) -> Path:
    """Make the folder. Raises WhatsitError where there are no heat maps, or they would lie among pictures."""
    folder = Path(name)
    classifier.model.require_heat_maps()
    if any(Path(path).resolve().parent == folder.resolve() for path in paths):
        raise WhatsitError(Message("predict.heat_maps_among_pictures", folder=folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WhatsitError(Message("predict.no_folder", folder=folder, reason=reason)) from error
    return folder


def _explained(classifier: Classifier, source: str | bytes, label: str, folder: Path, path: str) -> Path:
    """Write a picture's heat map under a name that no other has."""
    name = Path(path).stem if path != STDIN else "stdin"
    target, number = folder / short_name(name, ".png"), 1
    while os.path.lexists(target):
        number += 1
        target = folder / short_name(name, f"-{number}.png")
    classifier.explain(source, label).write(target)
    return target


def _expanded(images: Sequence[str]) -> list[str]:
    paths: list[str] = []
    for image in images:
        if image == STDIN or not Path(image).is_dir():
            paths.append(image)
            continue
        inside = list(_pictures_in(image))
        if not inside:
            raise WhatsitError(Message("predict.no_pictures", folder=image))
        paths += inside
    return paths


def _pictures_in(folder: str) -> Iterator[str]:
    """The pictures at any depth, sorted, without what is hidden (such as the project's trash)."""
    waiting = [folder]
    while waiting:  # os.walk fails where folders are nested deep
        folders = []
        try:
            with os.scandir(waiting.pop()) as found:
                entries = sorted((entry for entry in found if not is_hidden(entry.name)), key=_name)
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif Path(entry.name).suffix.lower() in SUFFIXES and not os.path.isdir(entry.path):
                yield entry.path
        waiting += reversed(folders)


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name
