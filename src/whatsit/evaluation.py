"""A classifier's answers against a folder's labels: counted, interpreted, or on a page."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog import Catalog, Item, Rule
from whatsit.catalog.duplicates import resembling
from whatsit.catalog.index import hashes_of
from whatsit.classifier import Classifier
from whatsit.config import Split
from whatsit.errors import BundleError, CatalogError, ImageError, WhatsitError
from whatsit.events import progress, warn
from whatsit.i18n import Message
from whatsit.model import Predictions
from whatsit.project import SIDECAR, FinishedRun, Project, load_run, load_trained_on
from whatsit.project.runs import run_folders
from whatsit.report import RESIZES, Headline, Phrase, Report, Training, known_thumbnails, listed_versions
from whatsit.report.headline import SET_ASIDE, WHOLE
from whatsit.text import printable
from whatsit.understand.cleaned import Cleaning
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.metrics import Evaluation
from whatsit.understand.metrics import evaluate as count

ALL, NEW = WHOLE  # what pictures are called whose splits mean nothing to the classifier


class SplitOptions(TypedDict, total=False):
    """How to split otherwise than for the training; None keeps what the training had."""

    valid: float | None
    seed: int | None
    by_time: bool | None
    group: str | None
    project: Path | None


class Measured(NamedTuple):
    """An evaluation, and the catalog of the pictures it is of.

    `trained_on` is how many others were left out, because the classifier was trained on them; None where
    that can't be known. `near` is how many of these are nearly the same as pictures that it was trained on.
    `headline` is None for answers that are not numbers.
    """

    evaluation: Evaluation
    catalog: Catalog
    trained_on: int | None
    near: int = 0
    headline: Headline | None = None


class Origin(NamedTuple):
    """Where a classifier comes from: the run, and its project."""

    run: Path
    project: Project


def evaluate_folder(
    classifier: Classifier,
    folder: Path,
    split: Split | None,
    **options: Unpack[SplitOptions],
) -> Measured:
    """Classify the pictures of `folder` (of one split, or all) that the classifier was not trained on.

    Raises CatalogError for unknown classes, and where no picture is left or can be read. By default the split
    is the one of the training; `options` replace parts of it. Leaves no sidecar behind in a folder that has
    none.
    """
    catalog = read_for(classifier, folder, **options)
    if split is not None:
        catalog = catalog[split]
    if not len(catalog):
        raise CatalogError(Message("evaluate.empty_split", folder=folder, split=split))
    origin = origin_of(classifier, catalog)
    known, trained_on, near = load_trained_on(origin.run) if origin else None, None, 0
    if origin is not None and known is not None:
        catalog, trained_on = _new_to(known, catalog)
        near = _near(origin, known, catalog)
    predicted = _predict(classifier, catalog)
    if not predicted.items:
        raise CatalogError(Message("evaluate.nothing_readable", folder=folder))
    readable = catalog.without(predicted.refused, to_train=False)
    evaluation = count(predicted.labels, predicted.answers.probabilities, classifier.classes, readable.groups)
    headline = None
    if predicted.answers.is_finite:
        name = ALL if trained_on is None else split if split in SET_ASIDE else NEW
        found = _interpret(classifier, catalog, predicted, name)
        cleaned = _cleaned(classifier) if training_of(classifier, catalog) else {}
        headline = Headline(found, trained_on, near=near, cleaned=cleaned.get(name))
    return Measured(evaluation, readable, trained_on, near, headline)


def _new_to(trained_on: frozenset[str], catalog: Catalog) -> tuple[Catalog, int]:
    """The pictures that are not among those, and how many are. Raises CatalogError where all are."""
    was = catalog.among(trained_on)
    if was.all():
        raise CatalogError(Message("evaluate.trained_on_all", count=len(catalog)))
    return catalog.select(np.flatnonzero(~was)), int(was.sum())


def _near(origin: Origin, trained_on: frozenset[str], catalog: Catalog) -> int:
    """How many pictures are nearly the same as those, but for those that the run measured itself by."""
    run = load_run(origin.run)
    others = catalog.rows[~catalog.among(run.right if run else ())]
    return int(resembling(others["hash"], hashes_of(origin.project.database, trained_on)).sum())


def read_for(classifier: Classifier, folder: Path, **options: Unpack[SplitOptions]) -> Catalog:
    """The catalog of a folder, split as it was for the training. Raises CatalogError for unknown classes."""
    try:
        rule = Rule(**classifier.bundle.split)
    except TypeError as error:
        raise BundleError(Message("evaluate.no_split")) from error
    how: dict[str, Any] = {name: getattr(rule, name) for name in ("valid", "seed", "by_time", "group")}
    how |= {name: value for name, value in options.items() if value is not None}
    if rule.relation.startswith("function") and how["group"] is None:
        warn(Message("evaluate.lost_function"))
    catalog = Catalog.read(folder, **how, lasting=False, to_train=False, recursive=True)
    unknown = sorted(set(catalog.classes) - set(classifier.classes))
    if unknown:
        label, known = printable(unknown[0]), [printable(one) for one in classifier.classes[:20]]
        raise CatalogError(Message("evaluate.unknown_class", label=label, known=known))
    return catalog


def interpret_folder(classifier: Classifier, catalog: Catalog) -> tuple[list[Interpretation], Catalog]:
    """What is right and wrong in each split, the one to judge by first; and the catalog of what was readable.

    Training pictures are those that it was trained on, wherever they lie, and validation pictures those that
    the training measured itself by. Where it was not on these pictures, or none of those is left, all that
    may be new are one. Raises CatalogError where it was trained on all, or nothing can be read.
    """
    splits: list[Split | None] = ["test", "valid", "train"]
    whole = ALL
    run, known = training_of(classifier, catalog), trained_on_by(classifier, catalog)
    measured = as_in(run, known, catalog) if run else catalog
    if run and len(measured["valid"]) + len(measured["test"]):
        catalog = measured
    else:
        splits = [None]
        if known is not None:
            whole, (catalog, _) = NEW, _new_to(known, catalog)
    found: list[Interpretation] = []
    refused: dict[Path, Message] = {}
    for split in splits:
        part = catalog[split] if split else catalog
        if not len(part):
            continue
        predicted = _predict(classifier, part)
        refused |= predicted.refused
        if predicted.items:
            found.append(_interpret(classifier, part, predicted, split or whole))
    if not found:
        raise CatalogError(Message("evaluate.nothing_readable", folder=catalog.root))
    return found, catalog.without(refused, to_train=False)


def report_folder(classifier: Classifier, folder: Path, project: Path | None = None) -> Report:
    """All that a bundle and labeled pictures show. Raises BundleError and CatalogError.

    Where the bundle was trained on these pictures, also how that training went.
    """
    catalog = read_for(classifier, folder, project=project)
    run, there = training_of(classifier, catalog), catalog
    interpretations, catalog = interpret_folder(classifier, catalog)
    origin = origin_of(classifier, there)
    left_out, near = None, 0
    if origin is not None and (known := load_trained_on(origin.run)) is not None:
        is_new = interpretations[0].split == NEW
        left_out = int(there.among(known).sum()) if is_new else there.misplaced(known)
        near = _near(origin, known, catalog.select(np.flatnonzero(~catalog.among(known))))
    bundle, model = classifier.bundle, classifier.model
    return Report(
        name=classifier.path.stem,
        interpretations=interpretations,
        facts={
            "backbone": bundle.versions.get("backbone", "?"),
            "size": str(model.preprocess.size),
            "resize": Phrase(RESIZES[model.preprocess.resize], {}),
            "precision_of": model.precision,
            "versions": listed_versions(bundle.versions),
            "network": bundle.sha256,
        },
        training=Training(run.record.history, run.record.findings) if run else None,
        summary=catalog.summary(),
        temperature=model.temperature,
        is_fine_tuned=bool(bundle.metrics.get("fine_tuned")),
        calibrated_on=str(bundle.metrics.get("calibrated_on", "train")),
        novelty=model.novelty,
        left_out=left_out,
        near=near,
        cleaned=_cleaned(classifier),
        thumbnails=partial(known_thumbnails, catalog, catalog.project),
    )


def _cleaned(classifier: Classifier) -> dict[str, Cleaning]:
    """The splits that a review had changed before the training."""
    facts = classifier.bundle.facts
    return {split: Cleaning(split, *counts) for split, counts in facts.cleaned.items()} if facts else {}


class _Predicted(NamedTuple):
    """The answers for n readable pictures `items` with `labels` (n,), and why the others have none."""

    items: list[Item]
    labels: NDArray[np.int64]
    answers: Predictions
    refused: dict[Path, Message]


def _predict(classifier: Classifier, catalog: Catalog) -> _Predicted:
    index = {label: number for number, label in enumerate(classifier.classes)}
    items: list[Item] = []
    features, refused = [], {}
    with progress("classifying", len(catalog)) as advance:
        found = classifier.try_features([item.path for item in catalog])
        for item, one in zip(catalog, found, strict=True):
            advance()
            if isinstance(one, ImageError):
                refused[item.path] = one.message
            else:
                items.append(item)
                features.append(one)
    width = classifier.model.weight.shape[1]
    answers = classifier.model.from_features(np.array(features, np.float32).reshape(len(items), width))
    return _Predicted(items, np.array([index[item.label] for item in items], np.int64), answers, refused)


def _interpret(classifier: Classifier, catalog: Catalog, predicted: _Predicted, split: str) -> Interpretation:
    """The answers for the pictures of a catalog, with all that the classifier knows of them."""
    return Interpretation(
        classifier.classes,
        predicted.labels,
        predicted.answers.probabilities,
        split,
        [item.path for item in predicted.items],
        predicted.answers.features,
        classifier.explain if classifier.has_heat_maps else None,
        catalog.without(predicted.refused, to_train=False).groups,
        predicted.answers.is_novel if classifier.model.novelty else None,
    )


def training_of(classifier: Classifier, catalog: Catalog) -> FinishedRun | None:
    """The run that gave this classifier, if it was trained on these pictures."""
    place = catalog.project.run_of(classifier.bundle.sha256)
    return load_run(place) if place else None


def trained_on_by(classifier: Classifier, catalog: Catalog) -> frozenset[str] | None:
    """The contents that this classifier was trained on; None where its run is not found."""
    origin = origin_of(classifier, catalog)
    return load_trained_on(origin.run) if origin else None


def origin_of(classifier: Classifier, catalog: Catalog) -> Origin | None:
    """The run that gave this classifier: in the project of these pictures, or in one beside the bundle."""
    sha256 = classifier.bundle.sha256
    if (run := catalog.project.run_of(sha256)) is not None:
        return Origin(run, catalog.project)
    for sidecar in sorted(classifier.path.absolute().parent.glob(f"*/{SIDECAR}")):
        with suppress(WhatsitError, OSError):  # of others
            if any((run / f"bundle-{sha256}").is_file() for run in run_folders(sidecar)):
                project = Project.passing(sidecar.parent)
                if (run := project.run_of(sha256)) is not None:
                    return Origin(run, project)
    return None


def as_in(run: FinishedRun, trained_on: frozenset[str] | None, catalog: Catalog) -> Catalog:
    """The pictures in the splits that they had in a run, even if the split has changed."""
    return (catalog if trained_on is None else catalog.as_trained(trained_on)).measured_by(run.right)
