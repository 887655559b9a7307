"""Which labels are wrong, and how many of each class, by what is answered for pictures not trained on."""

import numpy as np
import pytest
from numpy.typing import NDArray

from whatsit.understand.label_errors import LabelNoise, doubts, estimate_noise, find_label_errors

CLASSES = ("bear", "fox", "owl")


def answers(shows: NDArray[np.int64], seed: int = 0, clarity: float = 3.0) -> NDArray[np.float64]:
    """Calibrated probabilities for pictures: what they show is likeliest, most often."""
    dice = np.random.default_rng(seed)
    logits = dice.normal(size=(len(shows), len(CLASSES))) + clarity * np.eye(len(CLASSES))[shows]
    powers = np.exp(clarity * logits)
    return powers / powers.sum(1, keepdims=True)


def test_wrong_labels_have_the_highest_odds() -> None:
    shows = np.arange(300) % 3
    labels = shows.copy()
    labels[:24] = (shows[:24] + 1) % 3
    odds = doubts(labels, answers(shows))
    assert set(np.argsort(-odds)[:20]) <= set(range(24))
    assert (odds[:24] > 0).mean() > 0.8 > 0.1 > (odds[24:] > 0).mean()
    found = find_label_errors(labels, answers(shows))
    assert found[:24].mean() > 0.8 > 0.1 > found[24:].mean()


def test_noise_is_estimated_per_class_and_direction() -> None:
    shows = np.arange(600) % 3
    labels = shows.copy()
    labels[np.flatnonzero(shows == 0)[:40]] = 1
    noise = estimate_noise(labels, answers(shows), CLASSES)
    assert noise.joint.sum() == pytest.approx(600)
    assert noise.joint.sum(1) == pytest.approx(np.bincount(labels))
    assert noise.rate == pytest.approx(40 / 600, abs=0.03)
    assert noise.of_classes()["fox"] == pytest.approx(40 / 240, abs=0.05)
    first = noise.directions()[0]
    assert (first.label, first.shows, first.is_lopsided) == ("fox", "bear", True)
    assert "labeled fox" in noise.messages[-1].text("en")


def test_errors_in_both_directions_are_not_lopsided() -> None:
    joint = np.array([[90.0, 8, 0], [7, 93, 0], [0, 0, 100]])
    noise = LabelNoise(CLASSES, joint)
    assert not any(one.is_lopsided for one in noise.directions())
    assert len(noise.messages) == 1
    assert noise.rate == pytest.approx(15 / 298)


def test_clean_labels_give_no_directions() -> None:
    noise = LabelNoise(CLASSES, np.diag([10.0, 20, 30]))
    assert noise.directions() == []
    assert noise.messages == []
