"""Novelty: how little a picture is like any that a model was trained on.

Kernel ridge regression of the classes on features: near the training pictures the support of some class is
about 1, far from them that of all is 0, and between classes it is low too. One score for strange things and
for near relatives. `understand.novelty` fits it; docs/decisions.md has what else was measured.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whatsit.checks import ReasonError
from whatsit.i18n import Message
from whatsit.text import brief

STEEPNESS = 4.0  # of the kernel, over the median squared distance
LEAST = 1e-4  # of a distance: smaller ones count as this one
FALSE_ALARMS = 0.05  # the share of pictures of known classes that may be called novel
CHUNK = 4096  # pictures at once
SAVED = np.dtype("<f2")
LARGEST_SIDE = 1 << 20  # of any array
DECIMALS = 4  # of a score and of the threshold, so that what is the same for both stays the same
FARTHEST = 100.0  # and nothing overflows

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Novelty:
    """What pictures are compared with.

    `center` (width,), `directions` (k, width), `landmarks` (m, k), `rest` (m,) what the directions leave of
    each, squared, `weights` (m, classes), `steepness` of the kernel. Above `threshold` a picture is novel:
    that is so of the share `false_alarms` of unseen pictures of known classes.
    """

    center: Array
    directions: Array
    landmarks: Array
    rest: Array
    weights: Array
    steepness: float
    threshold: float = 1.0
    false_alarms: float = FALSE_ALARMS

    def __repr__(self) -> str:
        return brief(self, f"threshold {self.threshold:.4f}, {len(self.landmarks)} landmarks")

    def score(self, features: Array) -> NDArray[np.float64]:
        """How novel pictures are, by their features (n, width): 0 is well known, 1 like nothing known.

        To DECIMALS.
        """
        scores = np.empty(len(features))
        for start in range(0, len(features), CHUNK):
            some = slice(start, start + CHUNK)
            within, rest = project(normalized(features[some]), self.center, self.directions)
            near = np.exp(-self.steepness * distances(within, rest, self.landmarks, self.rest))
            scores[some] = 1 - (near @ self.weights).max(1)
        return scores.clip(0, 1).round(DECIMALS)

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
        return self.center, self.directions, self.landmarks, self.rest, self.weights

    @classmethod
    def from_bytes(cls, record: dict[str, Any], data: bytes) -> "Novelty":
        """The reverse. Raises KeyError, TypeError or ReasonError where the two don't fit each other."""
        width, k, m, classes = sides = [
            record[name] for name in ("width", "directions", "landmarks", "classes")
        ]
        numbers = [record[name] for name in ("steepness", "threshold", "false_alarms")]
        if not all(type(side) is int and 0 < side <= LARGEST_SIDE for side in sides):
            raise ReasonError(Message("bundle.novelty_sizes"))
        if not all(type(number) in (int, float) for number in numbers):
            raise ReasonError(Message("bundle.novelty_texts"))
        steepness, threshold, false_alarms = numbers
        shapes = [(width,), (k, width), (m, k), (m,), (m, classes)]
        sizes = [math.prod(shape) for shape in shapes]
        if sum(sizes) * SAVED.itemsize != len(data):
            raise ReasonError(Message("bundle.novelty_length"))
        values = np.frombuffer(data, SAVED).astype(np.float64)
        in_space = values[: sum(sizes[:-1])]  # all but the weights are of points that lie 1 from the middle
        if not np.isfinite(values).all() or np.abs(in_space).max() > FARTHEST:
            raise ReasonError(Message("bundle.novelty_values"))
        if not 0 < steepness <= STEEPNESS / LEAST or not 0 <= threshold <= 1 or not 0 < false_alarms < 1:
            raise ReasonError(Message("bundle.novelty_numbers"))
        parts = np.split(values, np.cumsum(sizes)[:-1])
        center, directions, landmarks, rest, weights = (
            part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)
        )
        return cls(
            center,
            directions,
            landmarks,
            rest,
            weights,
            float(steepness),
            float(threshold),
            float(false_alarms),
        )


def rounded(array: Array) -> NDArray[np.float64]:
    """As it comes back out of a bundle."""
    return array.astype(SAVED).astype(np.float64)


def normalized(features: Array) -> NDArray[np.float64]:
    """Signed square roots of length 1 (Perronnin et al. 2010): no single feature drowns the others.

    In double precision, as all that follows: one picture at a time gets what it gets among others.
    """
    roots = np.sign(features) * np.sqrt(np.abs(features.astype(np.float64)))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    return np.asarray(roots / np.maximum(lengths, 1e-12))


def project(points: Array, center: Array, directions: Array) -> tuple[Array, Array]:
    """Coordinates (n, k) of points, and what is left of their squared distance to the center (n,)."""
    moved = points - center
    within = moved @ directions.T
    return within, np.maximum((moved**2).sum(1) - (within**2).sum(1), 0)


def distances(one: Array, its_rest: Array, other: Array, other_rest: Array) -> Array:
    """Squared distances (n, m); what the directions leave of two pictures is taken to be at right angles."""
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.asarray(np.maximum(squares, 0) + its_rest[:, None] + other_rest)
