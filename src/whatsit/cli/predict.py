"""`whatsit predict`: what is on these pictures?"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from whatsit.checks import require_place
from whatsit.cli.options import (
    BundleFile,
    Json,
    ServedPrecision,
    print_json,
    require_order,
    require_own,
)
from whatsit.errors import WhatsitError
from whatsit.events import progress
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.classifier import Classifier
    from whatsit.model import Prediction


def predict(
    bundle: BundleFile,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE", help="Files, folders, or - for a picture on stdin.")
    ],
    top: Annotated[int, typer.Option(min=1, help="Name this many classes.")] = 1,
    min_probability: Annotated[
        list[str] | None,
        typer.Option(metavar="[CLASS=]P", help='Say "not sure" of answers below P; also class by class.'),
    ] = None,
    explain: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Save there what of each picture spoke for its answer."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Also write the answers as a table.")
    ] = None,
    precision: ServedPrecision = None,
    json: Json = False,
) -> None:
    """Say what is on pictures."""
    require_order("predict", bundle, *images)
    if csv is not None:
        require_place("table", csv)
        require_own("table of answers", csv, b"path,label,verdict")
    from whatsit.classifier import Classifier
    from whatsit.model import Prediction

    paths = _expand(images)
    classifier = Classifier(bundle, _minima(min_probability or []), precision)
    if explain is not None:
        classifier.model.require_heat_maps()
        if any(Path(path).resolve().parent == explain.resolve() for path in paths):
            raise WhatsitError(
                f"In {explain} the heat maps would lie among the pictures.", "Name another folder."
            )
        try:
            explain.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = f"{explain} can't be made: {error.strerror}."
            raise WhatsitError(what, "Name another folder.") from error
    sources = [_on_stdin() if path == "-" else path for path in paths]
    answered: list[dict[str, Any]] = []
    refused = 0
    with progress("Looking at pictures", len(paths)) if json else nullcontext(lambda: None) as advance:
        answers = classifier.try_each(sources)
        for path, source, answer in zip(paths, sources, answers, strict=True):
            advance()
            if not isinstance(answer, Prediction):
                refused += 1
                print(f"whatsit: {printable(path)}: {answer}", file=sys.stderr)
                continue
            row: dict[str, Any] = {"path": path, **asdict(answer)}
            if explain is not None:
                row["heat_map"] = str(_explained(classifier, source, answer.label, explain, path))
            answered.append(row)
            if not json:
                print(f"{printable(path)}: {_in_words(answer, top)}")
    if csv is not None:
        from whatsit.project import write_whole

        write_whole(csv, table_of(answered, classifier.classes))
    if json:
        print_json(answered)
    if refused:
        raise typer.Exit(2)


def table_of(answered: list[dict[str, Any]], classes: Sequence[str]) -> bytes:
    """A CSV file of answers: path, label, verdict, probability, novelty, and that of each class."""
    from csv import writer as csv_writer

    from whatsit.collection.cells import safe

    text = StringIO()
    writer = csv_writer(text)
    own = ("path", "label", "verdict", "probability", "novelty")
    writer.writerow([safe(name) for name in (*own, *classes)])
    for row in answered:
        numbers = [row["probability"], row["novelty"], *map(row["probabilities"].get, classes)]
        cells = ["" if number is None else f"{number:.6f}" for number in numbers]
        writer.writerow([*(safe(str(row[name])) for name in own[:3]), *cells])
    return text.getvalue().encode("utf-8", "backslashreplace")


def _on_stdin() -> bytes:
    """The picture on stdin, no larger than what is read whole of files too. Raises WhatsitError."""
    from whatsit.images import WHOLE

    if sys.stdin is None:
        raise WhatsitError("There is no stdin to read a picture from.", "Name a file.")
    data = sys.stdin.buffer.read(WHOLE + 1)
    if len(data) > WHOLE:
        raise WhatsitError(f"The picture on stdin is larger than {WHOLE >> 20} MiB.", "Save it as a file.")
    return data


def _in_words(answer: "Prediction", top: int) -> str:
    ranked = sorted(answer.probabilities.items(), key=lambda pair: -pair[1])[:top]
    likely = ", ".join(f"{printable(label)} {share:.1%}" for label, share in ranked)
    if answer.verdict == "novel":
        return f"nothing like this (novelty {answer.novelty:.2f}); nearest: {likely}"
    return f"not sure; perhaps {likely}" if answer.verdict == "unsure" else likely


def _minima(given: list[str]) -> "float | dict[str, float]":
    """One number for all classes, or numbers by class. Raises WhatsitError."""
    by_class: dict[str, float] = {}
    for one in given:
        label, is_by_class, number = one.rpartition("=")
        if is_by_class and not label:
            raise WhatsitError(f"--min-probability {one} names no class.", "Give 0.8, or CLASS=0.8.")
        if label in by_class:
            raise WhatsitError(f"--min-probability is given twice for {label or 'all'}.", "Give it once.")
        try:
            by_class[label] = float(number)
        except ValueError:
            raise WhatsitError(
                f"--min-probability {one} is not a probability.", "Give 0.8, or CLASS=0.8."
            ) from None
    if "" not in by_class:
        return by_class
    if len(by_class) > 1:
        raise WhatsitError("--min-probability is given for all classes and for some.", "Give one of the two.")
    return by_class[""]


def _explained(classifier: "Classifier", source: "str | bytes", label: str, folder: Path, path: str) -> Path:
    """Write a picture's heat map under a name that no other has."""
    from whatsit.project import short_name

    name = Path(path).stem if path != "-" else "stdin"
    target, number = folder / short_name(name, ".png"), 1
    while os.path.lexists(target):
        number += 1
        target = folder / short_name(name, f"-{number}.png")
    classifier.explain(source, label).write(target)
    return target


def _expand(images: list[str]) -> list[str]:
    paths: list[str] = []
    for image in images:
        if image == "-" or not Path(image).is_dir():
            paths.append(image)
            continue
        inside = list(_pictures_in(image))
        if not inside:
            raise WhatsitError(f"{image} holds no pictures.", "Name a folder with pictures, or a file.")
        paths += inside
    return paths


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _pictures_in(folder: str) -> Iterator[str]:
    """The pictures at any depth, sorted, without what is hidden (such as the project's trash)."""
    from whatsit.formats import SUFFIXES, is_hidden

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
