"""What a model says of pictures that it was not trained on: they calibrate it.

Of a backbone as it came heads are trained on four fifths of the training pictures in turn and asked about the
rest, so that validation pictures measure a temperature and a threshold that were found without them. A
backbone that was trained knows all training pictures; then validation pictures have to do, and each of them
is measured by what was found on the others.
"""

import json
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from whatsit.catalog import Split
from whatsit.catalog.split import groups_of
from whatsit.errors import WhatsitError
from whatsit.project import write_whole
from whatsit.project.records import read_json, shaped
from whatsit.train import head as heads
from whatsit.train.loop import Labelled
from whatsit.understand.calibration import fit_temperature
from whatsit.understand.metrics import predicted
from whatsit.understand.novelty import Novelty, threshold_of

FOLDS = 5
MANY = 5000  # groups of pictures
KEPT = "held-out.json"  # in a run


@dataclass(frozen=True)
class HeldOut:
    """What was found by asking about pictures that were not trained on.

    They are `images` many, of which the share `accuracy` is right (0 where there are none). Logits divided by
    `temperature` become probabilities that are true of these; the share FALSE_ALARMS of them is newer than
    `threshold`, which is None with too few to tell. They are of the `split` "train", or "valid" where the
    backbone was trained.
    """

    images: int
    accuracy: float
    temperature: float
    threshold: float | None
    split: Split


@dataclass(frozen=True, eq=False)
class Yardsticks:
    """What each of n pictures is measured by: `temperature` (n,), and `threshold` (n,), NaN with too few."""

    temperature: NDArray[np.float64]
    threshold: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of n pictures that it was not trained on: `logits` (n, classes), `novelty` (n,).

    `labels` (n,) are what they show; pictures with the same number in `relatives` (n,) are not parted.
    """

    logits: NDArray[np.float32]
    novelty: NDArray[np.float64]
    labels: NDArray[np.int64]
    relatives: NDArray[np.int64]

    def __getitem__(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> "Answers":
        return Answers(self.logits[places], self.novelty[places], self.labels[places], self.relatives[places])

    def found(self, split: Split) -> HeldOut:
        """What all of them together tell."""
        right = predicted(self.logits) == self.labels
        return HeldOut(
            len(right),
            float(right.mean()) if len(right) else 0.0,
            fit_temperature(self.logits, self.labels),
            threshold_of(self.novelty, self.relatives),
            split,
        )

    def yardsticks(self) -> Yardsticks:
        """For each picture what those tell that are of other folds; a temperature of 1 without any."""
        count = len(self.labels)
        temperature, threshold = np.ones(count), np.full(count, math.nan)
        for here, there in _folds(self.labels, self.relatives):
            others = self[here]
            temperature[there] = fit_temperature(others.logits, others.labels)
            found = threshold_of(others.novelty, others.relatives)
            threshold[there] = math.nan if found is None else found
        return Yardsticks(temperature, threshold)


def save(run: Path, of: str, found: HeldOut) -> None:
    """Keep in a run what was found of a head and body, whose hash is `of`. It only saves time."""
    with suppress(WhatsitError):
        write_whole(run / KEPT, json.dumps({"of": of, **asdict(found)}, indent=1).encode())


def load(run: Path, of: str) -> HeldOut | None:
    """What is kept of this very head and body."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
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
    return Answers(logits, novelty, labels, relatives)[is_known].found("train")


def novelty_of(train: Labelled, classes: int, found: HeldOut) -> Novelty | None:
    """What tells new pictures from known ones, as a bundle has it; None without a threshold.

    The threshold is at least one that the training pictures themselves would give: where pictures hardly
    differ, known ones score no lower than unseen ones, and four fifths of them not quite as all do.
    """
    if found.threshold is None:
        return None
    features = train.inputs.numpy()
    known = Novelty.fit(features, train.labels.numpy(), classes)
    own = threshold_of(known.score(features)) if found.split == "train" else None
    known = replace(known, threshold=max(found.threshold, own or 0.0))
    return Novelty.from_bytes(*known.to_bytes())


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
    """Places to train on and places to ask about, a pair per fold; none where nothing can be parted."""
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
