"""What heads say of training pictures that they have not learnt from.

A temperature and a threshold fitted on the validation pictures would flatter what is measured on them.
"""

import json
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from whatsit.catalog.split import groups_of
from whatsit.errors import WhatsitError
from whatsit.project import write_whole
from whatsit.project.records import read_json, shaped
from whatsit.train import head as heads
from whatsit.train.loop import Labelled
from whatsit.understand.calibration import fit_temperature
from whatsit.understand.novelty import FALSE_ALARMS, Novelty

FOLDS = 5
MANY = 5000  # groups of pictures
KEPT = "held-out.json"  # in a run


@dataclass(frozen=True)
class HeldOut:
    """What was found by asking about pictures that were not learnt from: how many `images`, the `accuracy`.

    Logits divided by `temperature` become probabilities that are true of these; the share FALSE_ALARMS of
    them is newer than `threshold`, which is None with too few to tell.
    """

    images: int
    accuracy: float
    temperature: float
    threshold: float | None


def save(run: Path, of: str, found: HeldOut) -> None:
    """Keep in a run what was found of a head and body, whose hash is `of`. It only saves time."""
    with suppress(WhatsitError):
        write_whole(run / KEPT, json.dumps({"of": of, **asdict(found)}, indent=1).encode())


def load(run: Path, of: str) -> HeldOut | None:
    """What is kept of this very head and body."""
    with suppress(OSError, ValueError, AttributeError):
        kept = read_json(run / KEPT)
        if kept.pop("of", None) == of:
            found: HeldOut = shaped(kept, HeldOut)
            return found if 0 < found.temperature < math.inf else None
    return None


def hold_out(
    data: Labelled,
    relatives: NDArray[np.int64],
    classes: int,
    train: Callable[[Labelled, list[torch.Tensor]], list[heads.Head]],
) -> HeldOut:
    """`train` a head on each four fifths of `data`, given as places, and ask it about the rest.

    Pictures whose class the others lack are left out. `data` may hold several views of each picture, as a
    Deck does; answers are for the first. `relatives` (n,) number pictures that must be on one side, such as
    copies.
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
    logits, novelty, labels = logits[is_known], novelty[is_known], labels[is_known]
    return HeldOut(
        len(labels),
        float((logits.argmax(1) == labels).mean()) if len(labels) else math.nan,
        fit_temperature(logits, labels),
        float(np.quantile(novelty, 1 - FALSE_ALARMS)) if len(labels) >= 1 / FALSE_ALARMS else None,
    )


def relatives(rows: NDArray[np.void], groups: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """A number (n,) for each row of a catalog, the same for all that must not be parted.

    That is copies, near-copies, pictures of one of the catalog's `groups`, and whatever these join.
    """
    _, first, unit = np.unique(rows["content"], return_index=True, return_inverse=True)
    related = set() if groups is None else set(zip(unit.tolist(), groups.tolist(), strict=True))
    return groups_of(rows["hash"][first], related)[unit]


def _folds(
    labels: NDArray[np.int64], relatives: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places to learn from and places to ask about, a pair per fold; none where nothing can be parted."""
    from sklearn.model_selection import StratifiedGroupKFold

    groups, group = np.unique(relatives, return_inverse=True)
    most = min(FOLDS, len(groups), int(np.bincount(labels).max()))
    if most < 2:
        return
    if len(groups) > MANY:  # so many need no care to be mixed well, and care takes long
        fold = np.random.default_rng(0).permutation(len(groups))[group] % most
        yield from ((np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(most))
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some class is smaller than the number of folds
        parted = StratifiedGroupKFold(most, shuffle=True, random_state=0).split(labels, labels, relatives)
        yield from ((here, there) for here, there in parted if len(here) > 1 and len(there))
