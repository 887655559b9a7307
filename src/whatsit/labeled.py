"""Pictures as numbers, with their classes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Labeled:
    """Inputs of a model (n, ...), or its logits (n, classes), and the index of each one's class (n,)."""

    inputs: NDArray[Any]
    labels: NDArray[np.int64]
