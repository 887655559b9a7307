"""The reader's own photos for the course: features from the local engine, and the last training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog import Catalog
from whatsit.config import Split
from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.labeled import Labeled
from whatsit.project.runs import load_runs
from whatsit.report.thumbnails import SMALL, thumbnails
from whatsit.teach.models import Array
from whatsit.teach.rows import Course, fitted, headed
from whatsit.text import printable
from whatsit.training.features import Extractor
from whatsit.training.opening import opened
from whatsit.understand.principal import principal

MOST: dict[Split, int] = {"train": 400, "valid": 200}  # pictures: a page is not to become too large
MOST_CLASSES, MOST_OF_PAIR = 10, 80  # classes, and pictures of each of two
WIDTH = 64  # numbers per picture on the page
SHOWN = 64  # photos of the first step, of which one is larger
TINY = 72  # pixels of those that stand beside numbers or many others


def of_folder(folder: Path, project: Path | None) -> Course:
    """What the page shows of a folder's pictures. Raises WhatsitError where there are too few."""
    catalog, extract = opened(folder, project)
    catalog = catalog.unseen()
    classes = _largest(catalog, MOST_CLASSES)
    pair = _largest(catalog, 2)
    (train_part, train_features), (valid_part, valid_features) = (
        _looked_at(_some(catalog, split, classes), extract) for split in MOST
    )
    labels = [_labels(part, classes) for part in (train_part, valid_part)]
    places = [classes.index(label) for label in pair]
    if len(pair) < 2 or not all(np.isin(places, own).all() for own in labels):  # or they can't be read
        raise WhatsitError(Message("teach.few_pictures", folder=printable(folder)))
    whole = Labeled(train_features, labels[0]), Labeled(valid_features, labels[1])
    train, valid = map(Labeled, _reduced(train_features, valid_features), labels)
    paths = [item.path for item in train_part]
    return {
        "folder": printable(folder.absolute().name),
        "photos": _photos(paths, [classes[label] for label in train.labels]),
        "pair": _pair(pair, classes, train, valid, [item.path for item in valid_part]),
        "head": headed(list(map(printable, classes)), train, valid, whole),
        "run": _last_run(catalog.project.folder),
    }


def _largest(catalog: Catalog, most: int) -> list[str]:
    """Of the classes that have validation pictures those with the most training pictures, by name."""
    counts = {label: of["train"] for label, of in catalog.counts().items() if of["train"] and of["valid"]}
    return sorted(sorted(counts, key=lambda label: -counts[label])[:most])


def _some(catalog: Catalog, split: Split, classes: Sequence[str]) -> Catalog:
    """Pictures of a split, as many of each class as far as there are so many."""
    part = catalog[split]
    labels = np.array([part.names[label] for label in part.labels])
    each = MOST[split] // max(1, len(classes))
    places = [np.flatnonzero(labels == label)[:each] for label in classes]
    return part.select(np.sort(np.concatenate([*places, np.empty(0, np.int64)])).astype(np.int64))


def _looked_at(part: Catalog, extract: Extractor) -> tuple[Catalog, NDArray[np.float32]]:
    """The pictures that can be read, and their features."""
    found = extract(part)
    return part.without(found.refused, to_train=False) if found.refused else part, found.vectors


def _labels(catalog: Catalog, classes: Sequence[str]) -> NDArray[np.int64]:
    return np.array([classes.index(item.label) for item in catalog], np.int64)


def _reduced(train: NDArray[np.float32], valid: NDArray[np.float32]) -> tuple[Array, Array]:
    """The main directions of the features, of mean 0 and a length of about 3, as the page writes them."""
    center = train.mean(0)
    _, directions = principal(train - center, WIDTH)
    turned = [(features - center) @ directions.T.astype(np.float64) for features in (train, valid)]
    scale = 3 / np.sqrt((turned[0] ** 2).sum(1).mean())
    one, other = (np.round(rows * scale, 4) for rows in turned)
    return one, other


def _pair(
    pair: Sequence[str], classes: Sequence[str], train: Labeled, valid: Labeled, paths: Sequence[Path]
) -> Course:
    """Two classes alone, with small photos beside the rows to validate with, which `paths` belong to."""
    numbers = [classes.index(label) for label in pair]

    def own(data: Labeled) -> NDArray[np.int64]:
        return np.sort(np.concatenate([np.flatnonzero(data.labels == one)[:MOST_OF_PAIR] for one in numbers]))

    def part(data: Labeled) -> Labeled:
        return Labeled(data.inputs[own(data)], (data.labels[own(data)] == numbers[1]).astype(np.int64))

    shown = [paths[place] for place in own(valid)]
    photos = thumbnails(shown, TINY)
    found = fitted(list(map(printable, pair)), part(train), part(valid))
    found["valid"]["photos"] = [photos.get(path) for path in shown]
    return found


def _photos(paths: Sequence[Path], labels: Sequence[str]) -> list[dict[str, str]]:
    """Some photos of all classes, the first for a picture of its own."""
    places = np.unique(np.linspace(0, len(paths) - 1, SHOWN).astype(int))
    chosen = [paths[place] for place in places]
    small = thumbnails(chosen[1:], TINY) | thumbnails(chosen[:1], SMALL)
    return [
        {"src": small[paths[place]], "label": printable(labels[place])}
        for place in places
        if paths[place] in small
    ]


def _last_run(project: Path) -> dict[str, Any] | None:
    """The curves of the last training that was finished."""
    runs = load_runs(project)
    if not runs:
        return None
    epochs = runs[-1].record.history
    return {
        "name": runs[-1].name,
        "train": [epoch["train_loss"] for epoch in epochs],
        "valid": [epoch["valid_loss"] for epoch in epochs],
        "accuracy": runs[-1].record.accuracy,
    }
