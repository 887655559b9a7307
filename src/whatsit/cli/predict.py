"""`whatsit predict`: what is on these pictures?"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from whatsit.cli.options import BundleFile, Json, print_json, printable
from whatsit.errors import WhatsitError


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
    for path, answer in zip(paths, classifier.try_each(sources), strict=True):
        if not isinstance(answer, Prediction):
            refused += 1
            print(f"whatsit: {printable(path)}: {answer}", file=sys.stderr)
            continue
        ranked = sorted(answer.probabilities.items(), key=lambda pair: -pair[1])[:top]
        if json:
            row = {"path": path, "label": answer.label, "probability": answer.probability}
            answered.append({**row, "probabilities": answer.probabilities})
        else:
            print(
                f"{printable(path)}: "
                + ", ".join(f"{printable(label)} {share:.1%}" for label, share in ranked)
            )
    if json:
        print_json(answered)
    if refused:
        raise typer.Exit(2)


def _expand(images: list[str]) -> list[str]:
    from whatsit.images import SUFFIXES

    paths: list[str] = []
    for image in images:
        if image == "-" or not Path(image).is_dir():
            paths.append(image)
            continue
        inside = sorted(str(path) for path in Path(image).rglob("*") if path.suffix.lower() in SUFFIXES)
        if not inside:
            raise WhatsitError(f"{image} holds no pictures.", "Name a folder with pictures, or a file.")
        paths += inside
    return paths
