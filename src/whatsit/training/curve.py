"""Training heads on growing shares of the pictures: what the learning curve is drawn from."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whatsit.checks import described, is_count
from whatsit.config import LearnerConfig
from whatsit.errors import WhatsitError
from whatsit.events import progress
from whatsit.i18n import Message
from whatsit.labeled import Labeled
from whatsit.training.batches import sample, steps_of
from whatsit.training.fit_heads import HeadFit, affordable, fit_heads
from whatsit.training.heads import Heads
from whatsit.understand.learning_curve import LearningCurve

SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
STEPS = 800  # enough for a head to settle
PLAIN = LearnerConfig()


def usual_batch_size(images: int) -> int:
    """The batch size for so many training pictures."""
    return 32 if images >= 500 else 16


def epochs_of(images: int, batch_size: int) -> int:
    """Epochs enough for a head to settle: about 800 steps, 4 to 30 epochs."""
    return max(4, min(30, round(STEPS / steps_of(images, batch_size))))


def draw_curve(
    train: Labeled,
    valid: Labeled,
    classes: Sequence[str],
    batch_size: int,
    repeats: int,
    like: LearnerConfig = PLAIN,
    groups: NDArray[np.int64] | None = None,
) -> LearningCurve:
    """Train `repeats` heads on each share, drawn class by class, and note their mistakes on `valid`.

    Seeds and dropout are `like` those of a learner. `groups` (n,) are those of the validation pictures, where
    some belong together. Raises WhatsitError for fewer `repeats` than one.
    """
    if not is_count(repeats, 1):
        raise WhatsitError(Message("train_options.repeats", given=described(repeats)))
    count = len(train.labels)
    shares = [share for share in SHARES if share * count >= 2 * len(classes)] or [1.0]
    wrong: NDArray[np.bool_] = np.empty((len(shares), repeats, len(valid.labels)), np.bool_)
    images = []
    with progress("learning_curve", len(shares)) as advance:
        for row, share in enumerate(shares):
            seeds = range(like.seed, like.seed + repeats)
            places = [sample(train.labels, share, one) for one in seeds]
            heads = Heads(train.inputs.shape[1], len(classes), seeds, like.ps)
            count = len(places[0])
            bs = min(batch_size, count)
            epochs, bs = affordable(heads, count, epochs_of(count, bs), bs)
            fit_heads(heads, train, places, HeadFit(epochs, bs, like.seed))
            for repeat in range(repeats):
                wrong[row, repeat] = heads.logits(valid.inputs, repeat).argmax(1) != valid.labels
            advance()
            images.append(count)
    return LearningCurve(classes, images, wrong, valid.labels, groups)
