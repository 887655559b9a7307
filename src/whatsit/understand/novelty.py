"""Novelty: is there anything like this among what the classifier has learnt?

Kernel ridge regression of the classes on features: near what was learnt the support of some class is about 1,
far from it that of all is 0, and between classes it is low too. One score for strange things and for near
relatives; docs/decisions.md has what else was measured.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.understand.principal import principal

DIRECTIONS = 128  # of the features, in which pictures are compared
LANDMARKS = 1000  # pictures that stand for all
STEEPNESS = 4.0  # of the kernel, over the median squared distance
LEAST = 1e-4  # distance that is told from none
RIDGE = 0.1
FALSE_ALARMS = 0.05  # the share of pictures of known classes that may be called new
CHUNK = 4096  # pictures at once
SAVED = np.dtype("<f2")
LARGEST_SIDE = 1 << 20  # of any array
DECIMALS = 4  # of a score and of the threshold, so that what is the same for both stays the same
FARTHEST = 100.0  # and nothing overflows

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Novelty:
    """What pictures are compared with.

    `centre` (width,), `directions` (k, width), `landmarks` (m, k), `rest` (m,) what the directions leave of
    each, squared, `weights` (m, classes), `steepness` of the kernel. Above `threshold` a picture is new:
    that is so of the share `false_alarms` of unseen pictures of known classes.
    """

    centre: Array
    directions: Array
    landmarks: Array
    rest: Array
    weights: Array
    steepness: float
    threshold: float = 1.0
    false_alarms: float = FALSE_ALARMS

    @classmethod
    def fit(cls, features: Array, labels: NDArray[np.int64], classes: int) -> "Novelty":
        """Fit `features` (n, width) of training pictures with `labels` (n,). The same gives the same.

        Every array is rounded as it is saved before the next one is computed from it, so that a bundle gives
        the very scores by which its threshold was found, also where pictures hardly differ.
        """
        chosen = _spread_out(labels, LANDMARKS)
        points = _normalised(features[chosen])
        centre = _rounded(points.mean(0))
        directions = _rounded(principal(points - centre, DIRECTIONS)[1])
        landmarks, left = map(_rounded, _project(points, centre, directions))
        distances = _distances(landmarks, left, landmarks, left)
        np.fill_diagonal(distances, 0.0)
        typical = float(np.median(distances[np.triu_indices(len(chosen), 1)])) if len(chosen) > 1 else 1.0
        steepness = round(STEEPNESS / max(typical, LEAST), 6)
        # Nystrom's approximation with some pictures as landmarks; with all of them it is exact.
        gram = RIDGE * np.exp(-steepness * distances) + 1e-6 * np.eye(len(chosen))
        answer = np.zeros((len(chosen), classes))
        for start in range(0, len(features), CHUNK):
            some = slice(start, start + CHUNK)
            within, rest = _project(_normalised(features[some]), centre, directions)
            near = np.exp(-steepness * _distances(within, rest, landmarks, left))
            gram += near.T @ near
            answer += near.T @ np.eye(classes)[labels[some]]
        weights = _rounded(np.linalg.solve(gram, answer))
        return cls(centre, directions, landmarks, left, weights, steepness)

    def score(self, features: Array) -> NDArray[np.float64]:
        """How new pictures are, by their features (n, width): 0 is well known, 1 like nothing known.

        To DECIMALS.
        """
        scores = np.empty(len(features))
        for start in range(0, len(features), CHUNK):
            some = slice(start, start + CHUNK)
            within, rest = _project(_normalised(features[some]), self.centre, self.directions)
            near = np.exp(-self.steepness * _distances(within, rest, self.landmarks, self.rest))
            scores[some] = 1 - (near @ self.weights).max(1)
        return scores.clip(0, 1).round(DECIMALS)

    def is_new(self, features: Array) -> NDArray[np.bool_]:
        """Whether there is nothing like it."""
        return self.score(features) > self.threshold

    def to_bytes(self) -> tuple[dict[str, Any], bytes]:
        """A record for JSON, and the arrays as float16, one after the other."""
        (k, width), (m, classes) = self.directions.shape, self.weights.shape
        record = {
            "width": width,
            "directions": k,
            "landmarks": m,
            "classes": classes,
            "steepness": round(self.steepness, 6),
            "threshold": round(self.threshold, 6),
            "false_alarms": self.false_alarms,
        }
        return record, b"".join(array.astype(SAVED).tobytes() for array in self._arrays())

    def _arrays(self) -> tuple[Array, ...]:
        return self.centre, self.directions, self.landmarks, self.rest, self.weights

    @classmethod
    def from_bytes(cls, record: dict[str, Any], data: bytes) -> "Novelty":
        """The reverse. Raises KeyError, TypeError or ValueError where the two don't fit each other."""
        width, k, m, classes = sides = [
            record[name] for name in ("width", "directions", "landmarks", "classes")
        ]
        numbers = [record[name] for name in ("steepness", "threshold", "false_alarms")]
        if not all(type(side) is int and 0 < side <= LARGEST_SIDE for side in sides):
            raise ValueError("the novelty data has impossible sizes")
        if not all(type(number) in (int, float) for number in numbers):
            raise TypeError("the novelty data has texts for numbers")
        steepness, threshold, false_alarms = numbers
        shapes = [(width,), (k, width), (m, k), (m,), (m, classes)]
        sizes = [math.prod(shape) for shape in shapes]
        if sum(sizes) * SAVED.itemsize != len(data):
            raise ValueError("the novelty data has another size than its record says")
        values = np.frombuffer(data, SAVED).astype(np.float64)
        in_space = values[: sum(sizes[:-1])]  # all but the weights are of points that lie 1 from the middle
        if not np.isfinite(values).all() or np.abs(in_space).max() > FARTHEST:
            raise ValueError("the novelty data has values that can't be true")
        if not 0 < steepness <= STEEPNESS / LEAST or not 0 <= threshold <= 1 or not 0 < false_alarms < 1:
            raise ValueError("the novelty data can't be true")
        parts = np.split(values, np.cumsum(sizes)[:-1])
        centre, directions, landmarks, rest, weights = (
            part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)
        )
        return cls(
            centre,
            directions,
            landmarks,
            rest,
            weights,
            float(steepness),
            float(threshold),
            float(false_alarms),
        )


def threshold_of(
    scores: NDArray[np.float64],
    relatives: NDArray[np.int64] | None = None,
    false_alarms: float = FALSE_ALARMS,
) -> float | None:
    """What the score of a new picture is above with a chance of at most `false_alarms`; None with too few.

    `scores` (n,) are of pictures that were not trained on. Of n of them that is the ceil((n + 1) * (1 -
    false_alarms))-th smallest (split conformal prediction, Papadopoulos et al. 2002), so it takes 19 for 5 %.
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


def _rounded(array: Array) -> NDArray[np.float64]:
    """As it comes back out of a bundle."""
    return array.astype(SAVED).astype(np.float64)


def _normalised(features: Array) -> NDArray[np.float64]:
    """Signed square roots of length 1 (Perronnin et al. 2010): no single feature drowns the others.

    In double precision, as all that follows: one picture at a time gets what it gets among others.
    """
    roots = np.sign(features) * np.sqrt(np.abs(features.astype(np.float64)))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    return np.asarray(roots / np.maximum(lengths, 1e-12))


def _spread_out(labels: NDArray[np.int64], most: int) -> NDArray[np.int64]:
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


def _project(points: Array, centre: Array, directions: Array) -> tuple[Array, Array]:
    """Coordinates (n, k) of points, and what is left of their squared distance to the centre (n,)."""
    moved = points - centre
    within = moved @ directions.T
    return within, np.maximum((moved**2).sum(1) - (within**2).sum(1), 0)


def _distances(one: Array, its_rest: Array, other: Array, other_rest: Array) -> Array:
    """Squared distances (n, m); what the directions leave of two pictures is taken to be at right angles."""
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.asarray(np.maximum(squares, 0) + its_rest[:, None] + other_rest)
