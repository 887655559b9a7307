"""`whatsit predict`: what is on these pictures?"""

import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from whatsit.cli.options import BundleFile, Json, print_json
from whatsit.errors import WhatsitError
from whatsit.progress import progress
from whatsit.text import printable


def predict(
    bundle: BundleFile,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE", help="Files, folders, or - for a picture on stdin.")
    ],
    top: Annotated[int, typer.Option(min=1, help="Name this many classes.")] = 1,
    json: Json = False,
) -> None:
    """Say what is on pictures."""
    from whatsit.deploy import Classifier, Prediction

    paths = _expand(images)
    classifier = Classifier(bundle)
    sources = [sys.stdin.buffer.read() if path == "-" else path for path in paths]
    answered: list[dict[str, Any]] = []
    refused = 0
    with progress("Looking at pictures", len(paths)) if json else nullcontext(lambda: None) as advance:
        for path, answer in zip(paths, classifier.try_each(sources), strict=True):
            advance()
            if not isinstance(answer, Prediction):
                refused += 1
                print(f"whatsit: {printable(path)}: {answer}", file=sys.stderr)
            elif json:
                row = {"path": path, "label": answer.label, "probability": answer.probability}
                answered.append({**row, "probabilities": answer.probabilities})
            else:
                ranked = sorted(answer.probabilities.items(), key=lambda pair: -pair[1])[:top]
                likely = ", ".join(f"{printable(label)} {share:.1%}" for label, share in ranked)
                print(f"{printable(path)}: {likely}")
    if json:
        print_json(answered)
    if refused:
        raise typer.Exit(2)


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


def _pictures_in(folder: str) -> Iterator[str]:
    """The pictures at any depth, sorted, without what is hidden (such as the project's trash)."""
    from whatsit.formats import SUFFIXES, is_hidden

    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        for name in sorted(names):
            if not is_hidden(name) and Path(name).suffix.lower() in SUFFIXES:
                yield os.path.join(place, name)
