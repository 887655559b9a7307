"""A classifier's answers against a folder's labels."""

from pathlib import Path

import numpy as np

from whatsit.catalog import Catalog, Split
from whatsit.deploy.classifier import Classifier, Prediction
from whatsit.errors import CatalogError
from whatsit.progress import progress
from whatsit.understand.metrics import Evaluation
from whatsit.understand.metrics import evaluate as count


def evaluate_folder(
    classifier: Classifier, folder: Path, split: Split | None, valid: float = 0.2, seed: int = 42
) -> tuple[Evaluation, Catalog]:
    """Classify the pictures of `folder` (of one split, or all). Raises CatalogError for unknown classes."""
    catalog = Catalog.from_folder(folder, valid, seed, to_train=False)
    unknown = sorted(set(catalog.classes) - set(classifier.classes))
    if unknown:
        raise CatalogError(
            f"The bundle does not know the class {unknown[0]!r}.",
            f"It knows {', '.join(classifier.classes[:20])}: name the folders so, or take another folder.",
        )
    if split is not None:
        catalog = catalog[split]
    if not len(catalog):
        raise CatalogError(
            f"{folder} has no pictures in the split {split!r}.", "Leave --split out to take all."
        )
    index = {label: number for number, label in enumerate(classifier.classes)}
    labels, rows, unreadable = [], [], {}
    with progress("Classifying", len(catalog)) as advance:
        answers = classifier.try_each([item.path for item in catalog])
        for item, answer in zip(catalog, answers, strict=True):
            advance()
            if isinstance(answer, Prediction):
                labels.append(index[item.label])
                rows.append(list(answer.probabilities.values()))
            else:
                unreadable[item.path] = str(answer)
    shape = (len(rows), len(classifier.classes))
    probabilities = np.array(rows, np.float32).reshape(shape)
    evaluation = count(np.array(labels, np.int64), probabilities, classifier.classes)
    return evaluation, catalog.without(unreadable, to_train=False)
