"""What is answered for each picture by what all others have in common with it.

Kernel ridge regression of the classes on features, in which every picture is a fold of its own: the answer
without it and its relatives is one step of algebra away (Allen, "The Relationship between Variable Selection
and Data Augmentation and a Method for Prediction", 1974). Wrong labels among the others disturb it less than
heads that are trained by steps: docs/decisions.md has the measurements.
"""

import numpy as np
from numpy.typing import NDArray

from whatsit.novelty import LEAST, Array, normalized
from whatsit.probabilities import softmax
from whatsit.understand.calibration import fit_temperature
from whatsit.understand.novelty import spread_out

LANDMARKS = 800  # pictures that stand for all: more find no more, and take longer
CHUNK = 4096  # pictures at once
STEEPNESS, RIDGE = 1.0, 0.3  # of the kernel, over the median squared distance
LOGIT = 10.0  # what an answer of 1 counts
JITTER = 1e-6


def leave_out(
    features: NDArray[np.float32], labels: NDArray[np.int64], relatives: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """Calibrated probabilities (n, classes) for each picture by its features (n, width), from all others.

    `labels` (n,) are what the others are taken for.

    Pictures with the same number in `relatives` (n,), such as copies, know nothing of each other.
    """
    chosen = spread_out(labels, LANDMARKS)
    points = _projected(features, chosen)
    targets = np.eye(classes)[labels]
    gram = points.T @ points
    gram[np.diag_indices_from(gram)] += RIDGE
    inverse = np.linalg.inv(gram)
    missed = targets - points @ (inverse @ (points.T @ targets))
    order = np.argsort(relatives, kind="stable")
    ends = np.flatnonzero(np.diff(relatives[order])) + 1
    groups = np.split(order, ends)
    alone = np.array([group[0] for group in groups if len(group) == 1], np.int64)
    missed[alone] /= (1 - ((points[alone] @ inverse) * points[alone]).sum(1))[:, None]
    for group in groups:
        if len(group) > 1:
            missed[group] = _without(points[group], gram, inverse, missed[group])
    logits = LOGIT * (targets - missed)
    return softmax(logits, fit_temperature(logits, labels))


def _without(points: Array, gram: Array, inverse: Array, missed: Array) -> Array:
    """What would be missed of some pictures without them; by the smaller of two systems of equations."""
    if len(points) <= len(gram):
        return np.asarray(np.linalg.solve(np.eye(len(points)) - points @ inverse @ points.T, missed))
    return np.asarray(missed + points @ np.linalg.solve(gram - points.T @ points, points.T @ missed))


def _projected(features: NDArray[np.float32], chosen: NDArray[np.int64]) -> Array:
    """Pictures as points (n, m) whose products are those of the kernel, by the `chosen` ones (m,) of them.

    With all chosen these are exact, otherwise Nystrom's.
    """
    landmarks = normalized(features[chosen])
    apart = _squared(landmarks, landmarks)
    typical = float(np.median(apart[np.triu_indices(len(chosen), 1)])) if len(chosen) > 1 else 1.0
    steepness = STEEPNESS / max(typical, LEAST)
    root = np.linalg.inv(np.linalg.cholesky(_kernel(apart, steepness) + JITTER * np.eye(len(chosen)))).T
    points = np.empty((len(features), len(chosen)))
    for start in range(0, len(features), CHUNK):
        some = slice(start, start + CHUNK)
        points[some] = _kernel(_squared(normalized(features[some]), landmarks), steepness) @ root
    return points


def _squared(one: Array, other: Array) -> Array:
    """Squared distances (n, m) of points of length 1."""
    return np.asarray(np.maximum(2 - 2 * one @ other.T, 0))


def _kernel(apart: Array, steepness: float) -> Array:
    """With a constant: an answer that all share."""
    return np.asarray(np.exp(-steepness * apart) + 1)
