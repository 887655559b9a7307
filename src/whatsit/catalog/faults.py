"""Faults of the pictures themselves: blank, dark, blurred, tiny or of an odd shape, as a network sees them."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.catalog import Catalog
from whatsit.errors import ImageError
from whatsit.i18n import Message
from whatsit.images import open_image

Fault = Literal["blank", "dark", "blurred", "tiny", "odd aspect"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
SIDE = 224  # pixels: what a network sees
LOOKS = np.dtype([("contrast", "<f4"), ("brightness", "<f4"), ("sharpness", "<f4")])


def looks_of(catalog: Catalog) -> NDArray[np.void]:
    """How each picture looks (n,), as LOOKS: measured once and kept in the index by content.

    NaN for files that can't be read anymore.
    """
    looks = np.full(len(catalog), np.nan, LOOKS)
    for place, item in enumerate(catalog):
        try:
            image = open_image(item.path, SIDE).convert("L").resize((SIDE, SIDE))
        except ImageError:
            continue
        grey = np.asarray(image, np.float32)
        looks[place] = grey.std(), np.percentile(grey, 99), np.abs(np.diff(grey)).mean()
    return looks


def severities(rows: NDArray[np.void], looks: NDArray[np.void]) -> NDArray[np.float64]:
    """How bad each of FAULTS is in each picture (n, faults): 1 at the threshold, above it a fault, 0 none.

    `rows` (n,) are catalog.index.ROW, `looks` (n,) from `looks_of`.
    """
    raise NotImplementedError


def describe(fault: Fault, row: np.void, look: np.void) -> Message:
    """A sentence about a picture with a fault."""
    raise NotImplementedError
