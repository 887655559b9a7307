"""How many labels are wrong, and in which direction."""

import numpy as np
import pytest
from cleanlab.count import estimate_joint as cleanlabs
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.conftest import campaign
from whatsit.report.steps import lopsided
from whatsit.understand.confident import estimate_joint
from whatsit.understand.label_errors import LabelNoise

Answers = tuple[NDArray[np.int64], NDArray[np.float64]]


def answered(truth: NDArray[np.int64], labels: NDArray[np.int64], seed: int = 0) -> Answers:
    """Labels, and answers that are mostly those of the truth."""
    dice, classes = np.random.default_rng(seed), int(truth.max()) + 1
    answers = dice.dirichlet(np.full(classes, 0.3), len(truth)) * 0.3
    answers[np.arange(len(truth)), truth] += 0.7
    return labels, answers


@campaign(400)
@given(st.integers(0, 2**32 - 1))
def test_estimate_is_that_of_cleanlab_but_for_its_rounding(seed: int) -> None:
    dice = np.random.default_rng(seed)
    classes = int(dice.integers(2, 8))
    truth = np.concatenate([np.arange(classes), dice.integers(0, classes, int(dice.integers(30, 300)))])
    is_wrong = dice.random(len(truth)) < 0.2
    is_wrong[:classes] = False
    labels, answers = answered(truth, np.where(is_wrong, (truth + 1) % classes, truth), seed)
    ours = estimate_joint(labels, answers)
    assert ours.sum(1) == pytest.approx(np.bincount(labels))
    assert np.abs(ours - cleanlabs(labels, answers) * len(labels)).max() <= 1


def test_class_without_labels_shows_nothing_and_gets_nothing() -> None:
    joint = estimate_joint(np.array([0, 0, 2, 2]), np.eye(3)[[0, 0, 2, 2]])
    assert joint.tolist() == [[2, 0, 0], [0, 0, 0], [0, 0, 2]]


@pytest.mark.parametrize(("there", "back", "warns"), [(20, 0, True), (12, 10, False), (3, 0, False)])
def test_errors_in_one_direction_are_warned_of(there: int, back: int, warns: bool) -> None:
    truth = np.repeat([0, 1], 60)
    labels = truth.copy()
    labels[:there], labels[60 : 60 + back] = 1, 0
    labels, answers = answered(truth, labels)
    found = lopsided(LabelNoise(("bear", "teddy"), estimate_joint(labels, answers)))
    assert (found is not None) == warns
    if found is not None:
        values = found.values
        assert (values["label"], values["shows"], values["back"]) == ("teddy", "bear", back)
        assert there / 2 <= values["count"] <= there
