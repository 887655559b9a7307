"""Small handwritten digits, which every installation has. NOTICE has their source and license."""

from pathlib import Path

import numpy as np

from whatsit.labeled import Labeled

DARKEST = 16
TRAIN = 400  # the first ones; the others are for validation
_FILE = Path(__file__).with_name("digits.txt")  # a label and 64 pixels a line, in base 17


def load_digits() -> Labeled:
    """The pixels (600, 64), from 0, white, to 16, black, and which digit each picture shows.

    The first 400 are the training set, the others the validation set; both hold all digits equally often.
    """
    rows = [line.split() for line in _FILE.read_text(encoding="ascii").splitlines()]
    pixels = [[int(one, DARKEST + 1) for one in row] for _, row in rows]
    return Labeled(np.array(pixels, np.float64), np.array([int(label) for label, _ in rows], np.int64))


def split(data: Labeled, train: int) -> tuple[Labeled, Labeled]:
    """The first `train` rows, and the others."""
    parts = slice(train), slice(train, None)
    first, others = (Labeled(data.inputs[part], data.labels[part]) for part in parts)
    return first, others
