"""One scale for all reasons: the estimated chance that something is wrong with a picture.

Made by `python -m benchmarks.scale`: logistic curves through what was found on digits and drawn sets with
faults on purpose. Each takes what its finder measures.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FARTHEST = 500.0  # an exponent beyond which nothing changes


@dataclass(frozen=True)
class Scale:
    """A logistic curve: 1 / (1 + exp(-(slope * measured + offset)))."""

    slope: float
    offset: float

    def __call__(self, measured: NDArray[np.floating]) -> NDArray[np.float64]:
        """Chances (n,), 0 for what is NaN."""
        power = np.clip(self.slope * measured + self.offset, -FARTHEST, FARTHEST)
        return np.asarray(np.nan_to_num(1 / (1 + np.exp(-power))))


LABEL = Scale(2.71, -5.15)  # of the log odds that a label is wrong
DUPLICATE = Scale(3.63, 3.64)  # of the likeness of near-duplicates, 0 to 1; the same file is certain
OUTLIER = Scale(5.46, -5.92)  # of how remote a picture is: 0 as far from the others as most
QUALITY = Scale(15.02, -2.57)  # of the logarithm of how bad a fault is
CALIBRATION_ERROR = 0.032  # of these scores, on sets that did not make them
