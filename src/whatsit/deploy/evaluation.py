"""A classifier's answers against a folder's labels."""

from pathlib import Path

import numpy as np

from whatsit.catalog import Catalog, Rule, Split
from whatsit.deploy.classifier import Classifier, Prediction
from whatsit.errors import BundleError, CatalogError
from whatsit.progress import progress, say
from whatsit.understand.metrics import Evaluation
from whatsit.understand.metrics import evaluate as count


def evaluate_folder(
    classifier: Classifier,
    folder: Path,
    split: Split | None,
    valid: float | None = None,
    seed: int | None = None,
    by_time: bool | None = None,
    group: str | None = None,
    project: Path | None = None,
) -> tuple[Evaluation, Catalog]:
    """Classify the pictures of `folder` (of one split, or all). Raises CatalogError for unknown classes.

    By default the split is dealt as it was for the training. Leaves no sidecar behind in a folder that has
    none.
    """
    try:
        rule = Rule(**classifier.bundle.split)
    except TypeError as error:
        raise BundleError("The bundle does not say how its validation pictures were dealt.") from error
    valid = rule.valid if valid is None else valid
    seed = rule.seed if seed is None else seed
    by_time = rule.by_time if by_time is None else by_time
    group = rule.group if group is None else group
    if rule.relation.startswith("function") and group is None:
        say("the training kept pictures together by a function; without it the split is another.")
    catalog = Catalog.read(
        folder, valid, seed, by_time=by_time, group=group, project=project, lasting=False, to_train=False
    )
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


def learnt_from(classifier: Classifier, catalog: Catalog) -> int:
    """How many of the pictures are training pictures of this classifier, as far as their project knows."""
    return len(catalog["train"]) if catalog.project.has_made(classifier.bundle.sha256) else 0
