"""What heads say of training pictures that they have not learnt from.

A temperature and a threshold fitted on the validation pictures would flatter what is measured on them.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from whatsit.catalog.duplicates import near_duplicates
from whatsit.train import head as heads
from whatsit.train.loop import Labelled
from whatsit.understand.calibration import fit_temperature
from whatsit.understand.novelty import FALSE_ALARMS, Novelty

FOLDS = 5


@dataclass(frozen=True)
class HeldOut:
    """Of each of the n training pictures, by what was learnt from the others: `logits` (n, classes) and
    `novelty` (n,); `labels` (n,). Pictures whose class the others lack are left out.
    """

    logits: NDArray[np.float32]
    novelty: NDArray[np.float64]
    labels: NDArray[np.int64]

    @property
    def temperature(self) -> float:
        """What the logits have to be divided by."""
        return fit_temperature(self.logits, self.labels)

    @property
    def threshold(self) -> float | None:
        """The novelty that the share FALSE_ALARMS of pictures of known classes exceeds; None with too few."""
        enough = len(self.novelty) >= 1 / FALSE_ALARMS
        return float(np.quantile(self.novelty, 1 - FALSE_ALARMS)) if enough else None


def hold_out(
    data: Labelled,
    relatives: NDArray[np.int64],
    classes: int,
    train: Callable[[Labelled, list[torch.Tensor]], list[heads.Head]],
) -> HeldOut:
    """`train` a head on each four fifths of `data`, given as places, and ask it about the rest.

    `data` may hold several views of each picture, as a Deck does; answers are for the first. `relatives` (n,)
    number pictures that must be on one side, such as copies.
    """
    count, labels = len(data.labels), data.labels.numpy()
    features = data.inputs[:count]
    logits, novelty = np.zeros((count, classes), np.float32), np.zeros(count)
    is_known = np.zeros(count, bool)
    folds = list(_folds(labels, relatives))
    trained = train(data, [torch.from_numpy(here) for here, _ in folds]) if folds else []
    with threadpool_limits(1):  # as for heads: beside other programs threads wait for each other
        for (here, there), head in zip(folds, trained, strict=True):
            logits[there] = heads.logits_of(head, features[there]).numpy()
            known = Novelty.fit(features[here].numpy(), labels[here], classes)
            novelty[there] = known.score(features[there].numpy())
            is_known[there] = np.isin(labels[there], labels[here])
    return HeldOut(logits[is_known], novelty[is_known], labels[is_known])


def relatives(rows: NDArray[np.void]) -> NDArray[np.int64]:
    """The group of copies and near-copies that each row of a catalog belongs to (n,)."""
    _, first, unit = np.unique(rows["content"], return_index=True, return_inverse=True)
    group: NDArray[np.int64] = near_duplicates(rows["hash"][first])[unit]
    return group


def _folds(
    labels: NDArray[np.int64], relatives: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places to learn from and places to ask about, a pair per fold; none where nothing can be parted."""
    from sklearn.model_selection import StratifiedGroupKFold

    most = min(FOLDS, len(np.unique(relatives)), int(np.bincount(labels).max()))
    if most < 2:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some class is smaller than the number of folds
        parted = StratifiedGroupKFold(most, shuffle=True, random_state=0).split(labels, labels, relatives)
        yield from ((here, there) for here, there in parted if len(here) > 1 and len(there))
