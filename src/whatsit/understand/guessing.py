"""Is it better than guessing?"""

import math

import numpy as np

from whatsit.i18n import Message
from whatsit.understand.metrics import Evaluation, pictures_of

CHANCE = 0.05  # one-sided: guesses are called better than guesses this often
KNOWS = 0.5  # of what guessing gets wrong: who gets so much right does not guess, however few the pictures


def warning(evaluation: Evaluation) -> Message | None:
    """A warning about answers that may well be guesses; None for better ones."""
    right, (expected, spread) = evaluation.right, by_chance(evaluation)
    z = (right - 0.5 - expected) / spread if spread else 0.0
    is_beyond_chance = math.erfc(z / math.sqrt(2)) / 2 <= CHANCE
    if is_beyond_chance or right - expected >= KNOWS * (evaluation.images - expected):
        return None
    pictures = pictures_of("valid", evaluation.images)
    return Message("understand.guessing", right=right, pictures=pictures, expected=expected)


def by_chance(evaluation: Evaluation) -> tuple[float, float]:
    """How many right answers there would be, and their standard deviation, if the same answers were shuffled.

    So both somebody who always says the largest class and somebody who draws lots guess. The moments are
    those of Hoeffding, "A combinatorial central limit theorem", 1951.
    """
    images = evaluation.images
    if images < 2:
        return float(images), 0.0
    actual, predicted = evaluation.actual / images, evaluation.confusion.sum(0) / images
    share = float(actual @ predicted)
    # Of a picture of one class (row) and an answer (column): whether they fit, less the mean of both.
    centered = np.eye(len(actual)) - predicted[:, None] - actual[None, :] + share
    silent = 1 - predicted.sum()  # answers that are not numbers fit nothing
    variance = float(actual @ centered**2 @ predicted + silent * (actual @ (share - predicted) ** 2))
    return images * share, images * math.sqrt(variance / (images - 1))
