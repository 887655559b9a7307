"""Fitting novelty: what a model compares pictures with, and above which score one is novel."""

import numpy as np
from numpy.typing import NDArray

from whatsit.novelty import (
    CHUNK,
    FALSE_ALARMS,
    LEAST,
    STEEPNESS,
    Array,
    Novelty,
    distances,
    normalized,
    project,
    rounded,
)
from whatsit.understand.principal import principal

DIRECTIONS = 128  # of the features, in which pictures are compared
LANDMARKS = 1000  # pictures that stand for all
RIDGE = 0.1


def fit_novelty(
    features: Array, labels: NDArray[np.int64], classes: int, places: NDArray[np.int64] | None = None
) -> Novelty:
    """Fit `features` (n, width) of training pictures with `labels` (n,), or those at some `places`.

    The same gives the same.

    Every array is rounded as it is saved before the next one is computed from it, so that a bundle gives
    the very scores by which its threshold was found, also where pictures hardly differ.
    """
    places = np.arange(len(labels)) if places is None else places
    chosen = places[spread_out(labels[places], LANDMARKS)]
    points = normalized(features[chosen])
    center = rounded(points.mean(0))
    directions = rounded(principal(points - center, DIRECTIONS)[1])
    landmarks, left = map(rounded, project(points, center, directions))
    apart = distances(landmarks, left, landmarks, left)
    np.fill_diagonal(apart, 0.0)
    typical = float(np.median(apart[np.triu_indices(len(chosen), 1)])) if len(chosen) > 1 else 1.0
    steepness = round(STEEPNESS / max(typical, LEAST), 6)
    # Nystrom's approximation with some pictures as landmarks; with all of them it is exact.
    gram = RIDGE * np.exp(-steepness * apart) + 1e-6 * np.eye(len(chosen))
    answer = np.zeros((len(chosen), classes))
    for start in range(0, len(places), CHUNK):
        some = places[start : start + CHUNK]
        within, rest = project(normalized(features[some]), center, directions)
        near = np.exp(-steepness * distances(within, rest, landmarks, left))
        gram += near.T @ near
        answer += near.T @ np.eye(classes)[labels[some]]
    weights = rounded(np.linalg.solve(gram, answer))
    return Novelty(center, directions, landmarks, left, weights, steepness)


def threshold_of(
    scores: NDArray[np.float64],
    relatives: NDArray[np.int64] | None = None,
    false_alarms: float = FALSE_ALARMS,
) -> float | None:
    """What the score of a new picture is above with a chance of at most `false_alarms`; None with too few.

    `scores` (n,) are of pictures that were not trained on. Of n of them that is the ceil((n + 1) * (1 -
    false_alarms))-th smallest (split conformal prediction, Papadopoulos et al. 2002), so it takes 19 for 5%.
    Pictures with the same number in `relatives` (n,) resemble each other and count together as one (Lee,
    Barber and Willett, "Distribution-free inference with hierarchical data", 2023).
    """
    if not len(scores):
        return None
    group = np.arange(len(scores)) if relatives is None else np.unique(relatives, return_inverse=True)[1]
    sizes = np.bincount(group)
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(1 / sizes[group[order]]) >= (len(sizes) + 1) * (1 - false_alarms) - 1e-9
    return float(scores[order][reached.argmax()]) if reached.any() else None


def spread_out(labels: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Places of up to `most` pictures: of every class as many as its share, at least one."""
    if len(labels) <= most:
        return np.arange(len(labels))
    dice = np.random.default_rng(0)
    order = dice.permutation(len(labels))
    position = np.empty(len(labels))  # of each picture within its class, 0..1
    for label in np.unique(labels):
        there = order[labels[order] == label]
        position[there] = np.arange(len(there)) / len(there)
    return np.sort(np.argsort(position, kind="stable")[:most])
