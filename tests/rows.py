"""Feature vectors that follow from their content, for tests in several processes."""

import numpy as np
from numpy.typing import NDArray

from whatsit.project import Recipe

RECIPE, OTHER = Recipe("a" * 64, "1" * 64), Recipe("b" * 64, "2" * 64)
WIDTH = 8


def hashes(first: int, last: int) -> NDArray[np.void]:
    return np.frombuffer(b"".join(number.to_bytes(32, "big") for number in range(first, last)), "V32")


def vectors_of(contents: NDArray[np.void]) -> NDArray[np.float32]:
    """The vectors that are right for these contents."""
    seeds = contents.view(np.uint8).reshape(-1, 32)[:, -2:].astype(np.float32)
    return np.repeat(seeds @ np.float32([[256], [1]]), WIDTH, 1) + np.arange(WIDTH, dtype=np.float32)
