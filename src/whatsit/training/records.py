"""What a learner writes down: into its run, its bundle, its report."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit import engine
from whatsit.catalog import folders_of
from whatsit.config import Split
from whatsit.errors import DivergedError, WhatsitError
from whatsit.i18n import Message
from whatsit.model import Model, Predictions
from whatsit.project import BY_FOLDER, BY_TABLE, Answered, RunRecord
from whatsit.report import RESIZES, Phrase, listed_versions
from whatsit.training.calibration import Calibration
from whatsit.training.diverged import diverged
from whatsit.training.doctor import Diagnosis, diagnose
from whatsit.training.state import State
from whatsit.training.timing import seconds_each
from whatsit.understand.metrics import Evaluation, evaluate, predicted
from whatsit.version import version_of

TIMED = 6  # pictures
SIZES = {
    "requested": "size_asked",
    "other": "size_other",
    "small": "size_small",
    "many": "size_many",
    "large": "size_large",
}
FITS = {
    "epochs": "training.settings_epochs",
    "lr": "training.settings_lr",
    "bs": "training.settings_bs",
    "wd": "training.settings_wd",
    "balance": "training.settings_balance",
}


def predictions_for(state: State, calibration: Calibration, split: Split) -> Predictions:
    """The answers for a split's pictures, uncalibrated."""
    return calibration.plain().from_features(state.data.of(split).inputs)


def evaluation_of(state: State, calibration: Calibration, split: Split) -> Evaluation:
    """How good a learner is on a split's pictures."""
    labels = state.data.of(split).labels
    probabilities = predictions_for(state, calibration, split).probabilities
    return evaluate(labels, probabilities, state.data.classes, state.data.catalog[split].groups)


def diagnosis_of(state: State, calibration: Calibration) -> Diagnosis:
    """What the last training's history shows. Raises WhatsitError before any training."""
    if not state.fits:
        raise untrained()
    last = state.fits[-1]
    first = len(state.history) - int(last["epochs"])
    before, epochs = state.history.epochs[:first], state.history.epochs[first:]
    valid = evaluation_of(state, calibration, "valid")
    return diagnose(epochs, len(state.data.classes), valid.images, valid, last["lr"], before)


def untrained() -> WhatsitError:
    """The error that nothing was trained yet."""
    return WhatsitError(Message("training.untrained"))


def diverged_error(state: State, calibration: Calibration) -> DivergedError:
    """The error that weights or answers are not numbers, with the doctor's advice."""
    return diverged(diagnosis_of(state, calibration).findings if state.fits else [])


def hits(state: State, calibration: Calibration) -> NDArray[np.bool_]:
    """Which validation pictures (n,) are recognized."""
    taken = predicted(predictions_for(state, calibration, "valid").probabilities)
    right: NDArray[np.bool_] = taken == state.data.of("valid").labels
    return right


def write_record(state: State, calibration: Calibration) -> None:
    """Write all results into the run."""
    record = RunRecord(
        backbone=state.backbone.name,
        backbone_sha256=state.backbone.sha256,
        preprocess=state.preprocess,
        precision=state.data.precision,
        split=asdict(state.catalog.rule),
        seed=state.config.seed,
        views=state.data.views,
        fits=state.fits,
        classes=state.data.classes,
        images=len(state.catalog),
        accuracy=float(hits(state, calibration).mean()),
        versions=versions(state),
        history=state.history.to_dict(),
        findings=diagnosis_of(state, calibration).to_record(),
    )
    state.run.write(record, answered(state, calibration), _labeled_by(state))


def answered(state: State, calibration: Calibration) -> dict[str, Answered]:
    """By each validation picture's content, its label, its prediction, and its group."""
    valid = state.catalog["valid"]
    groups = [None] * len(valid) if valid.groups is None else valid.groups.tolist()
    places = predicted(predictions_for(state, calibration, "valid").probabilities)
    taken = ("" if place < 0 else state.data.classes[place] for place in places)
    return {
        item.content: Answered(item.label, label, group)
        for item, label, group in zip(valid, taken, groups, strict=True)
    }


def _labeled_by(state: State) -> str:
    """Whether the folders that the pictures lie in are their labels."""
    catalog = state.catalog
    labels = (catalog.names[label] for label in catalog.labels)
    is_folder = all(label in folders_of(path) for path, label in zip(catalog.paths, labels, strict=True))
    return BY_FOLDER if is_folder else BY_TABLE


def measured(state: State, calibration: Calibration) -> dict[str, Any]:
    """What a bundle records about how it was measured."""
    valid = evaluation_of(state, calibration, "valid")
    metrics: dict[str, Any] = {
        "split": "valid",
        "images": valid.images,
        "accuracy": round(valid.accuracy, 6),
    }
    is_novel = calibration.is_novel("valid")
    if is_novel is not None and len(is_novel):
        metrics["false_alarms"] = round(float(is_novel.mean()), 6)
    metrics["calibrated_on"] = calibration.held_out().split
    if state.layers.is_fine_tuned:
        metrics["fine_tuned"] = True
    return metrics


def versions(state: State) -> dict[str, str]:
    """Of what it is made with."""
    packages = ["whatsit", "numpy", *([] if state.layers.is_plain else ["torch", "timm"])]
    found = {package: version_of(package) for package in packages}
    return {**found, "backbone": state.backbone.name, "openvino": engine.version()}


def settings(state: State, model: Model) -> dict[str, str | Phrase | Message]:
    """What it was trained with, in words."""
    name = state.backbone.name
    tuned = Message("training.settings_backbone_tuned", backbone=name) if state.layers.is_fine_tuned else None
    return {
        "backbone": tuned or name,
        **cost(state, model),
        "resize": Phrase(RESIZES[state.preprocess.resize], {}),
        "precision_of": state.data.precision,
        "fits": reduce(_joined, map(_in_words, state.fits)) if state.fits else "",
        "views": str(state.data.views),
        "seed": str(state.config.seed),
        "split": _split(state),
        "versions": listed_versions(versions(state)),
    }


def _split(state: State) -> Message:
    rule = state.catalog.rule
    if not state.catalog.is_assigned:
        return Message("training.settings_split_given")
    seed = Message("training.settings_seed", seed=rule.seed)
    how = Message("training.settings_by_time") if rule.by_time else seed
    share = Message("training.settings_valid", valid=rule.valid)
    return Message("training.settings_parts", parts=[share, how, *filter(None, [rule.relation])])


def cost(state: State, model: Model) -> dict[str, Phrase]:
    """The size of the input and why it was taken, and how long a prediction takes with it, in words."""
    size = Phrase(SIZES[state.size.why], asdict(state.size))
    seconds = prediction_seconds(state, model)
    takes = {} if seconds is None else {"prediction_time": Phrase("milliseconds", {"ms": 1000 * seconds})}
    return {"size": size, **takes}


def prediction_seconds(state: State, model: Model) -> float | None:
    """How long a prediction takes here, from the file to the answer, measured once on a few validation
    pictures; None with fewer than two that can be read.
    """
    if state.takes is None or state.takes[0] != state.backbone.sha256:
        paths = [item.path for item in state.catalog["valid"].items[:TIMED]]
        state.takes = state.backbone.sha256, seconds_each(model.predict, paths)
    return state.takes[1]


def _in_words(fit: Mapping[str, Any]) -> Message:
    parts = [Message(code, value=fit[name]) for name, code in FITS.items() if fit.get(name) is not None]
    return Message("training.settings_parts", parts=parts)


def _joined(first: Message, then: Message) -> Message:
    return Message("training.settings_then", first=first, then=then)
