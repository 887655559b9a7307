"""What a training records about itself in `history.json`: typed, versioned, and read here alone."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from whatsit.config import LARGEST_SEED, Balance, Precision
from whatsit.preprocess import Preprocess
from whatsit.project.records import read_json, shaped

HISTORY = "history.json"
VERSION = 2
MOST_VIEWS = 1000


class EpochRecord(TypedDict):
    """An epoch; None is a number that is not finite."""

    epoch: int
    train_loss: float | None
    valid_loss: float | None
    error_rate: float
    seconds: float
    metrics: NotRequired[dict[str, float | None]]


LOSSES: tuple[Literal["train_loss"], Literal["valid_loss"]] = ("train_loss", "valid_loss")


class Fit(TypedDict):
    """The arguments of one call of `fit_one_cycle`."""

    epochs: int
    lr: float
    bs: int
    wd: float
    balance: Balance | None
    group_lrs: NotRequired[list[float]]


class MessageRecord(TypedDict):
    """A `Message`, to be put into words by whoever reads the record."""

    code: str
    values: dict[str, str | int | float]


FindingRecord = tuple[str, MessageRecord, str]  # the doctor's: sign, message, class concerned or empty


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A training: how it was done and what it achieved.

    `accuracy` is that on the validation split, `images` the number of pictures in all splits, `findings` the
    doctor's, `versions` those of the packages used.
    """

    version: int = VERSION
    backbone: str
    backbone_sha256: str
    preprocess: Preprocess
    precision: Precision
    split: dict[str, Any]
    seed: int
    views: int
    fits: list[Fit]
    classes: list[str]
    images: int
    accuracy: float
    versions: dict[str, str]
    history: list[EpochRecord]
    findings: list[FindingRecord]

    @property
    def has_diverged(self) -> bool:
        """Whether a loss of the last epoch is not a number."""
        return any(self.history[-1][name] is None for name in LOSSES)

    def to_json(self) -> bytes:
        """The content of `history.json`."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8", "backslashreplace")


def read_record(run: Path) -> RunRecord:
    """The record in a run's folder.

    Raises OSError, and ValueError where it is damaged or of another version.
    """
    record: RunRecord = shaped(read_json(run / HISTORY), RunRecord)
    is_plausible = (
        record.version == VERSION
        and 0 <= record.accuracy <= 1
        and 0 <= record.seed <= LARGEST_SEED
        and 1 <= record.views <= MOST_VIEWS
        and are_plausible(record.fits)
        and len(record.history) > 0
        and all(0 <= one["error_rate"] <= 1 and 0 < one["epoch"] < 10**7 for one in record.history)
    )
    if not is_plausible:
        raise ValueError(f"{run / HISTORY} holds values that no training writes")
    return record


def are_plausible(fits: Sequence[Fit]) -> bool:
    """Whether there is at least one fit, and `fit_one_cycle` accepts the arguments of each."""
    return len(fits) > 0 and all(map(_is_plausible, fits))


def _is_plausible(fit: Fit) -> bool:
    is_lr_or_wd = 0 < fit["lr"] < math.inf and 0 <= fit["wd"] < math.inf
    return is_lr_or_wd and fit["bs"] >= 2 and 0 < fit["epochs"] < 10**6
