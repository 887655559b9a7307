"""Vectors of length 1, whose products are cosines."""

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-12  # of a length: shorter vectors stay as short


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors (..., width) with length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), LEAST))
