"""Labels that answers contradict: which ones, and how many of each class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LabelNoise:
    """How many pictures labeled as one class show another, as estimated: `joint` (classes, classes).

    Rows are the labels, columns what the pictures show; all of it sums to the number of pictures.
    """

    classes: tuple[str, ...]
    joint: NDArray[np.float64]

    @property
    def rate(self) -> float:
        """The share of all pictures whose label is wrong, 0 to 1."""
        total = float(self.joint.sum())
        return 1 - float(np.trace(self.joint)) / total if total else 0.0
