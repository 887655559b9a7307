"""What a model says of pictures that it was not trained on: they calibrate it.

Of a backbone as it came heads are trained on four fifths of the training pictures in turn and asked about the
rest, so that validation pictures measure a temperature and a threshold that were found without them. A
backbone that was trained knows all training pictures; then validation pictures have to do, and each of them
is measured by what was found on the others.
"""

import hashlib
import json
import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes

from whatsit.catalog.split import groups_of
from whatsit.config import Split
from whatsit.errors import WhatsitError
from whatsit.labeled import Labeled
from whatsit.novelty import Novelty
from whatsit.parallel import in_parallel
from whatsit.probabilities import linear, softmax
from whatsit.project import write_whole
from whatsit.project.records import read_file, read_json, shaped
from whatsit.text import brief
from whatsit.training.batches import Places
from whatsit.training.folds import stratified_folds
from whatsit.training.heads import Heads, one_thread
from whatsit.understand.calibration import fit_temperature
from whatsit.understand.metrics import predicted
from whatsit.understand.novelty import fit_novelty, threshold_of

FOLDS = 5
DECIMALS = 6  # of a temperature, as a bundle has it
FOUND, KEPT = "held-out.json", "held-out.safetensors"  # in a run


@dataclass(frozen=True)
class Found:
    """What was found by asking about pictures that were not trained on.

    They are `images` many, of which the share `accuracy` is right (0 where there are none). Logits divided by
    `temperature` become probabilities that are true of these; the novelty of the share FALSE_ALARMS of them
    is above `threshold`, which is None with too few to tell. They are of the `split` "train", or "valid"
    where the backbone was trained.
    """

    images: int
    accuracy: float
    temperature: float
    threshold: float | None
    split: Split


@dataclass(frozen=True, eq=False, repr=False)
class HeldOut(Found):
    """With the calibrated `probabilities` (n, classes) of each picture, by its `contents` (n,), 32 bytes."""

    contents: NDArray[np.void]
    probabilities: NDArray[np.float16]

    def __repr__(self) -> str:
        right = f"{self.accuracy:.1%} of {self.images} {self.split} pictures right"
        return brief(self, f"{right}, temperature {self.temperature:.3f}")


@dataclass(frozen=True, eq=False)
class Yardsticks:
    """What each of n pictures is measured by: `temperature` (n,), and `threshold` (n,), NaN with too few."""

    temperature: NDArray[np.float64]
    threshold: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Unseen:
    """The answers for n pictures that were not trained on: `logits` (n, classes), `novelty` (n,).

    `labels` (n,) are what they show, `contents` (n,) their hashes; pictures with the same number in
    `relatives` (n,) stay together.
    """

    logits: NDArray[np.floating]
    novelty: NDArray[np.float64]
    labels: NDArray[np.int64]
    relatives: NDArray[np.int64]
    contents: NDArray[np.void]

    def __getitem__(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> "Unseen":
        return Unseen(
            self.logits[places],
            self.novelty[places],
            self.labels[places],
            self.relatives[places],
            self.contents[places],
        )

    def held_out(self, split: Split) -> HeldOut:
        """What all of them together show."""
        right = predicted(self.logits) == self.labels
        temperature = round(fit_temperature(self.logits, self.labels), DECIMALS)
        return HeldOut(
            len(right),
            float(right.mean()) if len(right) else 0.0,
            temperature,
            threshold_of(self.novelty, self.relatives),
            split,
            self.contents,
            softmax(self.logits, temperature).astype(np.float16),
        )

    def yardsticks(self) -> Yardsticks:
        """For each picture what those of other folds show; a temperature of 1 without any."""
        count = len(self.labels)
        temperature, threshold = np.ones(count), np.full(count, math.nan)
        for here, there in _folds(self.labels, self.relatives):
            others = self[here]
            temperature[there] = fit_temperature(others.logits, others.labels)
            found = threshold_of(others.novelty, others.relatives)
            threshold[there] = math.nan if found is None else found
        return Yardsticks(temperature, threshold)


def save(run: Path, of: str, held_out: HeldOut) -> None:
    """Keep in a run what was found of a head and backbone, whose hash is `of`."""
    tensors: dict[str, NDArray[Any]] = {
        "contents": np.frombuffer(held_out.contents.tobytes(), np.uint8).reshape(-1, 32),
        "probabilities": held_out.probabilities,
    }
    data = to_bytes(tensors)
    record = {"of": of, "sha256": hashlib.sha256(data).hexdigest()}
    record |= {field.name: getattr(held_out, field.name) for field in fields(Found)}
    with suppress(WhatsitError):  # it only saves time
        write_whole(run / KEPT, data)
        write_whole(run / FOUND, json.dumps(record, indent=1).encode())


def load(run: Path, classes: int, of: str | None = None) -> HeldOut | None:
    """What a run keeps, only of this very head and backbone if `of` says their hash."""
    with suppress(OSError, ValueError, TypeError, AttributeError, KeyError, SafetensorError):
        record = read_json(run / FOUND)
        kept_of, sha256 = record.pop("of"), record.pop("sha256")
        found: Found = shaped(record, Found)
        data = read_file(run / KEPT)
        if hashlib.sha256(data).hexdigest() != sha256 or (of is not None and of != kept_of):
            return None
        tensors = from_bytes(data)
        contents, probabilities = tensors["contents"], tensors["probabilities"]
        is_sound = (
            0 < found.temperature < math.inf
            and contents.shape == (found.images, 32)
            and probabilities.shape == (found.images, classes)
            and (contents.dtype, probabilities.dtype) == (np.dtype(np.uint8), np.dtype(np.float16))
        )
        if is_sound:
            hashes = np.frombuffer(contents.tobytes(), "V32")
            return HeldOut(**asdict(found), contents=hashes, probabilities=probabilities)
    return None


def hold_out(
    data: Labeled,
    relatives: NDArray[np.int64],
    contents: NDArray[np.void],
    classes: int,
    train: Callable[[Labeled, list[Places]], Heads],
) -> HeldOut:
    """`train` a head on each four fifths of `data`, given as places, and ask it about the rest.

    Pictures whose class the others lack are left out. `data` may hold several views of each picture, as
    FeatureBatches do; answers are for the first. `relatives` (n,) number pictures that must be in one fold,
    such as copies; `contents` (n,) are the hashes of all.
    """
    count, labels = len(data.labels), data.labels
    features = data.inputs[:count]
    logits, novelty = np.zeros((count, classes)), np.zeros(count)
    is_known = np.zeros(count, bool)
    folds = list(_folds(labels, relatives))

    def judge(number: int) -> None:
        here, there = folds[number]
        known = fit_novelty(features, labels, classes, here)
        novelty[there] = known.score(features[there])
        is_known[there] = np.isin(labels[there], labels[here])

    if folds:
        heads = train(data, [here for here, _ in folds])
        for place, (_, there) in enumerate(folds):
            logits[there] = linear(features[there], *heads.as_linear(place))
        with one_thread():
            deque(in_parallel(judge, range(len(folds))), maxlen=0)
    return Unseen(logits, novelty, labels, relatives, contents)[is_known].held_out("train")


def novelty_of(train: Labeled, known: Novelty, found: Found) -> Novelty | None:
    """What separates novel pictures from `known` ones, as a bundle has it; None without a threshold.

    The threshold is at least one that the training pictures themselves would give: where pictures hardly
    differ, known ones score no lower than unseen ones, and four fifths of them not quite as all do.
    """
    if found.threshold is None:
        return None
    own = threshold_of(known.score(train.inputs)) if found.split == "train" else None
    known = replace(known, threshold=max(found.threshold, own or 0.0))
    return Novelty.from_bytes(*known.to_bytes())


def relatives(rows: NDArray[np.void], *groupings: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """A number (n,) for each row of a catalog, the same for all that must stay together.

    That is copies, near-copies, pictures with the same number in one of the `groupings` (n,), such as the
    catalog's groups, and whatever these join. Negative numbers join nothing.
    """
    _, first, unit = np.unique(rows["content"], return_index=True, return_inverse=True)
    related = {
        (one, (kind, number))
        for kind, numbers in enumerate(groupings)
        if numbers is not None
        for one, number in zip(unit.tolist(), numbers.tolist(), strict=True)
        if number >= 0
    }
    return groups_of(rows["hash"][first], related)[unit]


def _folds(
    labels: NDArray[np.int64], relatives: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places to train on and places to ask about, a pair per fold; none where nothing can be separated."""
    most = min(FOLDS, len(np.unique(relatives)), int(np.bincount(labels).max()))
    if most < 2:
        return
    fold = stratified_folds(labels, relatives, most)
    for one in range(most):
        here, there = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        if len(here) > 1 and len(there):
            yield here, there
