"""Train heads by one cycle, as a learner does by default, and nothing is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whatsit.config import LR, Balance
from whatsit.labeled import Labeled
from whatsit.training import loop
from whatsit.training.batches import FeatureBatches, Places, chosen, class_weights, steps_of
from whatsit.training.heads import WD, Heads
from whatsit.training.schedules import OneCycle

MOST_WORK = 4 * 10**9  # weights times steps, of heads that are only asked: 45 s with 1,000 classes


@dataclass(frozen=True)
class HeadFit:
    """How `fit_heads` trains: for `epochs` in batches of `bs` pictures, in an order that `seed` decides."""

    epochs: int
    bs: int
    seed: int = 0
    lr: float = LR
    wd: float = WD
    balance: Balance | None = None


def fit_heads(heads: Heads, data: Labeled, places: Sequence[Places], how: HeadFit) -> None:
    """Train each head on its own `places` in `data`, which may hold several views of all pictures."""
    own = [each[chosen(data.labels[each], how.balance)] for each in places]
    batches = FeatureBatches(data.inputs, data.labels, how.bs, own)
    heads.begin(how.wd, class_weights(data.labels) if how.balance == "loss" else None)
    schedule = OneCycle(how.epochs * batches.steps)
    loop.fit(heads, batches, loop.Plan(how.epochs, schedule, [how.lr], how.seed))


def affordable(heads: Heads, images: int, epochs: int, batch_size: int) -> tuple[int, int]:
    """Epochs and batch size for so many pictures and at most MOST_WORK: fewer epochs, or larger batches."""
    most = max(1, MOST_WORK // heads.weight.size)
    batch_size = min(max(batch_size, images // most), images)
    return max(1, min(epochs, most // steps_of(images, batch_size))), batch_size


def is_right(heads: Heads, features: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pictures (n,) the first head recognizes by their features (n, width)."""
    right: NDArray[np.bool_] = heads.logits(features).argmax(1) == labels
    return right
