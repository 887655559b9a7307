"""The side of the network's input, chosen from the pictures if none is given."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from whatsit.catalog import Catalog
from whatsit.config import InputSide

Why = Literal["requested", "other", "small", "many", "large"]
USUAL, LARGER = 224, 320  # pixels
LEAST_SIDE = 112  # pixels, the median of the shorter sides: measured at 96, which gains nothing, and at 128
MOST_PICTURES = 5000  # for as many a larger input takes about 20 seconds longer, and more for more


@dataclass(frozen=True)
class InputSize:
    """A side of the input in `pixels`, and `why`: it was "requested", the backbone is not lite0 ("other"), or
    the pictures are "small", "many" or "large". `median` is that of the pictures' shorter sides, `images`
    their number.
    """

    pixels: int
    why: Why
    median: int
    images: int


def input_size(wanted: InputSide, catalog: Catalog, backbone: str, pretrained: bool = True) -> InputSize:
    """The side that is `wanted`, or 320 pixels for few large pictures and 224 for others.

    docs/decisions.md has the measurements. They were made with lite0: other backbones get 224.
    """
    rows = catalog.rows
    median = int(np.median(np.minimum(rows["width"], rows["height"]))) if len(rows) else 0

    def size(pixels: int, why: Why) -> InputSize:
        return InputSize(pixels, why, median, len(rows))

    if wanted != "auto":
        return size(wanted, "requested")
    if backbone != "lite0" or not pretrained:
        return size(USUAL, "other")
    if median < LEAST_SIDE:
        return size(USUAL, "small")
    return size(USUAL, "many") if len(rows) > MOST_PICTURES else size(LARGER, "large")
