"""Which pictures are unlike those of any class."""

import numpy as np
import pytest

from whatsit.understand.outliers import remoteness


def clouds(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of three classes, and their labels."""
    dice, labels = np.random.default_rng(1), np.arange(count) % 3
    centers = dice.gamma(0.5, 1.0, (4, 32))
    features = centers[labels] * dice.gamma(8.0, 1 / 8, (count, 32))
    return np.float32(features), labels


def test_foreign_pictures_are_remote_though_they_resemble_each_other() -> None:
    features, labels = clouds(300)
    dice = np.random.default_rng(9)
    features[:9] = dice.gamma(0.5, 1.0, 32) * dice.gamma(50.0, 1 / 50, (9, 32))  # under all three labels
    found = remoteness(features, labels, np.arange(300))
    assert set(np.argsort(-found)[:9]) == set(range(9))
    assert np.median(found) == pytest.approx(0, abs=1e-6)


def test_wrong_labels_are_not_remote_by_that() -> None:
    features, labels = clouds(300)
    labels[:10] = (labels[:10] + 1) % 3
    found = remoteness(features, labels, np.arange(300))
    assert np.abs(found[:10]).max() < 3 * np.abs(found[10:]).max()


def test_copies_of_a_foreign_picture_do_not_hide_it() -> None:
    features, labels = clouds(120)
    relatives = np.arange(120)
    features[:60:3], labels[:60:3], relatives[:60:3] = np.linspace(0, 1, 32), 0, 0
    found = remoteness(features, labels, relatives)
    assert set(np.argsort(-found)[:20]) == set(range(0, 60, 3))
