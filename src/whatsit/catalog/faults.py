"""Faults of pictures: blank, dark, blurred, tiny, or of an extreme shape, as a network sees them."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.looks import SIDE
from whatsit.i18n import Message
from whatsit.images import LONGEST, SMALLEST

Fault = Literal["blank", "dark", "blurred", "tiny", "extreme shape"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
# Of looks.LOOK, from 1,713 photos and the same ones with faults (docs/decisions.md).
BLANK = 5.0  # contrast: of photos at least 8.8, of blank ones at most 2
DARK = 80.0  # brightness: of photos at least 115, of those at a quarter of the light at most 65
BLURRED = 0.5  # blur: of 99.9% of photos less, of 98% of those blurred by 2 pixels (deviation) more
WORST = 10.0  # severity: beyond it all are equally bad


def severities(rows: NDArray[np.void], looks: NDArray[np.void]) -> NDArray[np.float64]:
    """How bad each of FAULTS is in each picture (n, faults): a fault from 1 on, at most WORST.

    `rows` (n,) are catalog.index.ROW, `looks` (n,) from `looks_of`. A fault that most pictures of the set
    have, as of enlarged icons or drawings on black, is how the set is: it is 0 in all.
    """
    short, long = np.minimum(rows["width"], rows["height"]), np.maximum(rows["width"], rows["height"])
    with np.errstate(divide="ignore", invalid="ignore"):
        bad = [
            BLANK / looks["contrast"].astype(float),
            DARK / looks["brightness"].astype(float),
            looks["blur"].astype(float) / BLURRED,
            SMALLEST / short,
            long / (LONGEST * short),
        ]
    found = np.minimum(np.nan_to_num(np.stack(bad, axis=1), posinf=WORST), WORST)
    return np.where((found >= 1).mean(axis=0) > 0.5, 0.0, found) if len(found) else found


def describe(fault: Fault, row: np.void, look: np.void) -> Message:
    """A sentence about a picture with a fault: `row` is its catalog.index.ROW, `look` its looks.LOOK."""
    width, height = int(row["width"]), int(row["height"])
    if fault == "blank":
        return Message("faults.blank")
    if fault == "dark":
        return Message("faults.dark", level=round(float(look["brightness"])))
    if fault == "blurred":
        return Message("faults.blurred", side=SIDE)
    if fault == "tiny":
        return Message("faults.tiny", width=width, height=height)
    times = max(width, height) / min(width, height)
    return Message("faults.wide" if width > height else "faults.high", times=times)
