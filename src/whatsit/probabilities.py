"""From features to probabilities: the head, and softmax with a temperature."""

import numpy as np
from numpy.typing import NDArray

CHUNK = 4096  # pictures at once


def linear(
    features: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Logits (n, classes) of features (n, width) by a head: weight (classes, width) and bias (classes,).

    In double precision: one picture at a time gets what it gets among others, to the twelfth digit.
    """
    columns, constant = weight.T.astype(np.float64), bias.astype(np.float64)
    logits = np.empty((len(features), len(weight)))
    for start in range(0, len(features), CHUNK):
        some = slice(start, start + CHUNK)
        logits[some] = features[some].astype(np.float64) @ columns + constant
    return logits


def softmax(
    logits: NDArray[np.floating], temperature: float | NDArray[np.float64] = 1.0
) -> NDArray[np.float64]:
    """Probabilities (n, classes) of logits divided by a temperature, one for all or one a row (n, 1)."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))
