"""What a review did to the pictures of each split, and what the accuracy would be without it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np

from whatsit.card import Cleaned
from whatsit.catalog.gone import splits_of_gone
from whatsit.config import Split
from whatsit.errors import CatalogError
from whatsit.model import Predictions
from whatsit.training.calibration import Calibration
from whatsit.training.records import predictions_for
from whatsit.training.state import State
from whatsit.understand.cleaned import Cleaning, Measured
from whatsit.understand.metrics import predicted


@dataclass
class Changes:
    """By content the labels that pictures of a split had before, those `removed` and `relabeled` ones."""

    removed: dict[str, str] = field(default_factory=dict)
    relabeled: dict[str, str] = field(default_factory=dict)


def changes(state: State) -> dict[Split, Changes]:
    """What decisions that hold changed in each split; pictures that are as they were don't count."""
    was: dict[str, str] = {}
    removed: dict[str, PurePath] = {}
    for one in state.project.decided.holding():
        if one.choice in ("remove", "relabel"):
            was.setdefault(one.content, one.was)
            removed.pop(one.content, None)
            if one.choice == "remove":
                removed[one.content] = one.path
    if not was:
        return {}
    found: dict[Split, Changes] = {}
    for item in state.catalog:
        removed.pop(item.content, None)
        if was.get(item.content, item.label) != item.label:
            found.setdefault(item.split, Changes()).relabeled[item.content] = was[item.content]
    for content, split in splits_of_gone(state.catalog, removed).items():
        found.setdefault(split, Changes()).removed[content] = was[content]
    return found


def counted(state: State) -> dict[Split, Cleaned]:
    """How many pictures of each split were removed and relabeled, for the card."""
    return {
        split: Cleaned(len(one.removed), len(one.relabeled)) for split, one in sorted(changes(state).items())
    }


def cleanings(state: State, calibration: Calibration) -> dict[str, Cleaning]:
    """What a review did to the pictures that are measured on, and their accuracy before and after."""
    splits: tuple[Split, ...] = ("test", "valid")
    found = changes(state)
    return {split: _measured(state, calibration, split, found[split]) for split in splits if split in found}


def _measured(state: State, calibration: Calibration, split: Split, found: Changes) -> Cleaning:
    counts = len(found.removed), len(found.relabeled)
    try:
        answers = predictions_for(state, calibration, split)
    except CatalogError:  # none is left
        return Cleaning(split, *counts)
    names, items = _named(state, answers), state.catalog[split].items
    after = _right(names, [item.label for item in items])
    before = _right(names, [found.relabeled.get(item.content, item.label) for item in items])
    gone = _right_of_removed(state, calibration, found.removed)
    if gone is None:
        return Cleaning(split, *counts)
    whole = Measured(before + gone, len(items) + len(found.removed))
    return Cleaning(split, *counts, whole, Measured(after, len(items)))


def _right_of_removed(state: State, calibration: Calibration, removed: Mapping[str, str]) -> int | None:
    """How many of them it recognizes, by features that were kept; None where some are not."""
    if not removed:
        return 0
    contents = np.array([bytes.fromhex(content) for content in removed], "V32")
    vectors = state.data.recall(contents)
    if vectors is None:
        return None
    names = _named(state, calibration.plain().from_features(vectors))
    return _right(names, removed.values())


def _right(names: Iterable[str], labels: Iterable[str]) -> int:
    return sum(name == label for name, label in zip(names, labels, strict=True))


def _named(state: State, answers: Predictions) -> list[str]:
    """The class of each answer, "" for one that is not a number."""
    classes = [*state.data.classes, ""]  # at the place -1
    return [classes[place] for place in predicted(answers.probabilities)]
