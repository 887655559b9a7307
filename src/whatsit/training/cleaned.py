"""What a review did to the pictures of each split, and what the accuracy would be without it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np

from whatsit.card import Cleaned
from whatsit.catalog.gone import splits_of_gone
from whatsit.config import Split
from whatsit.errors import CatalogError
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


def cleanings(state: State, calibration: Calibration) -> dict[Split, Cleaning]:
    """What a review did to the pictures that are measured on, and their accuracy before and after."""
    found = changes(state)
    return {
        split: _measured(state, calibration, split, found[split])
        for split in ("test", "valid")
        if split in found
    }


def _measured(state: State, calibration: Calibration, split: Split, found: Changes) -> Cleaning:
    counts = len(found.removed), len(found.relabeled)
    try:
        answers = predictions_for(state, calibration, split)
    except CatalogError:  # none is left
        return Cleaning(split, *counts)
    taken = predicted(answers.probabilities)
    items, classes = state.catalog[split].items, state.data.classes
    names = ["" if place < 0 else classes[place] for place in taken.tolist()]
    after = sum(name == item.label for name, item in zip(names, items, strict=True))
    before = sum(
        name == found.relabeled.get(item.content, item.label) for name, item in zip(names, items, strict=True)
    )
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
    taken = predicted(calibration.plain().from_features(vectors).probabilities)
    classes = state.data.classes
    labels = removed.values()
    return sum(
        place >= 0 and classes[place] == was for place, was in zip(taken.tolist(), labels, strict=True)
    )
