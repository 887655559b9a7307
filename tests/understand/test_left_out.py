"""What all others answer for a picture: as if it and its relatives had never been there."""

import numpy as np
import pytest
from numpy.typing import NDArray

from whatsit.novelty import normalized
from whatsit.probabilities import softmax
from whatsit.understand import left_out
from whatsit.understand.calibration import fit_temperature
from whatsit.understand.left_out import LOGIT, RIDGE, STEEPNESS, leave_out

CLASSES = 3


def clouds(count: int, seed: int = 0, width: int = 24) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features of three classes that overlap a little."""
    dice, labels = np.random.default_rng(seed), np.arange(count) % CLASSES
    centers = np.random.default_rng(5).gamma(1.0, 1.0, (CLASSES, width))
    return np.float32(centers[labels] * dice.gamma(2.0, 0.5, (count, width))), labels


def by_force(
    features: NDArray[np.float32], labels: NDArray[np.int64], relatives: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The same, fitted anew for every group of relatives."""
    points, targets = normalized(features), np.eye(CLASSES)[labels]
    apart = np.maximum(2 - 2 * points @ points.T, 0)
    kernel = np.exp(-STEEPNESS / np.median(apart[np.triu_indices(len(points), 1)]) * apart) + 1
    answers = np.empty_like(targets)
    for number in np.unique(relatives):
        there, others = np.flatnonzero(relatives == number), np.flatnonzero(relatives != number)
        gram = kernel[np.ix_(others, others)] + RIDGE * np.eye(len(others))
        answers[there] = kernel[np.ix_(there, others)] @ np.linalg.solve(gram, targets[others])
    return softmax(LOGIT * answers, fit_temperature(LOGIT * answers, labels))


@pytest.mark.parametrize("groups", [90, 30, 2])
def test_answers_are_those_of_a_fit_without_the_picture_and_its_relatives(groups: int) -> None:
    features, labels = clouds(90)
    relatives = np.arange(90) // (90 // groups)
    found = leave_out(features, labels, relatives, CLASSES)
    assert found == pytest.approx(by_force(features, labels, relatives), abs=1e-3)


def test_groups_larger_than_the_landmarks_are_left_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = clouds(120)
    relatives = np.where(np.arange(120) < 60, -1, np.arange(120))
    monkeypatch.setattr(left_out, "LANDMARKS", 60)
    small = leave_out(features, labels, relatives, CLASSES)
    monkeypatch.setattr(left_out, "_without", _as_small)
    assert small == pytest.approx(leave_out(features, labels, relatives, CLASSES), abs=1e-6)


def _as_small(
    points: NDArray[np.float64], _: object, inverse: NDArray[np.float64], missed: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.linalg.solve(np.eye(len(points)) - points @ inverse @ points.T, missed)


def test_a_wrong_label_is_contradicted_though_its_picture_was_there() -> None:
    features, labels = clouds(300)
    given = labels.copy()
    given[:20] = (labels[:20] + 1) % CLASSES
    found = leave_out(features, given, np.arange(300), CLASSES)
    assert set(np.argsort(found[np.arange(300), given])[:20]) >= set(range(18))


def test_a_copy_with_the_same_wrong_label_does_not_vouch_for_it() -> None:
    features, labels = clouds(60)
    labels[:2], features[1] = 1, features[0]
    together = leave_out(features, labels, np.maximum(np.arange(60), 1), CLASSES)[0]
    apart = leave_out(features, labels, np.arange(60), CLASSES)[0]
    assert together[0] > 0.5 > together[1]
    assert apart[1] > together[1]
