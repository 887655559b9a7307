"""Which pictures look wrong: labels, near-duplicates, outliers and faults, in one list on one scale."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog import Catalog, split_index
from whatsit.catalog.faults import FAULTS, describe, severities
from whatsit.config import Split
from whatsit.events import working
from whatsit.i18n import Message
from whatsit.review import scale
from whatsit.review.pool import USUAL, Pool, pool_of
from whatsit.review.suspect import RELABEL, Reason, Suspect, Suspects
from whatsit.text import printable
from whatsit.training import crossfit
from whatsit.training.features import Extractor
from whatsit.understand.label_errors import LabelNoise, doubts, estimate_noise, find_label_errors
from whatsit.understand.left_out import leave_out
from whatsit.understand.near_duplicates import Copies, largest
from whatsit.understand.outliers import remoteness

REASONS: tuple[Reason, ...] = ("duplicate", "quality", "outlier", "label")  # the first of equal ones counts
LEAST = 0.05  # a score below which a picture is not listed
SURE = 0.5  # a chance from which a label is called wrong
REMOTE = 0.98  # of the pictures are nearer to others than one that shows none of the classes
FEWEST = 20  # pictures that differ, without which nothing is answered


def suspects(
    catalog: Catalog,
    extract: Extractor,
    splits: Collection[Split] = USUAL,
    kept: Collection[str] = (),
) -> Suspects:
    """The pictures of these splits that look wrong, the most suspicious first.

    Training and validation pictures are looked at in any case: each picture is judged by what all others but
    its copies answer for it. What somebody decided to keep, by its path below the root, is left out. Raises
    what `pool_of` raises.
    """
    return find(pool_of(catalog, extract, splits), splits, kept)


def find(pool: Pool, splits: Collection[Split], kept: Collection[str] = ()) -> Suspects:
    """The suspects of these splits among what `pool_of` gives."""
    with working("suspects"):
        evidence = look_at(pool)
    catalog = pool.catalog
    is_asked = np.isin(catalog.rows["split"], [split_index(split) for split in splits])
    is_kept = np.fromiter(map(set(kept).__contains__, catalog.paths), bool, len(catalog))
    items = tuple(map(evidence.suspect, evidence.ranked(is_asked & ~is_kept).tolist()))
    count = int((is_asked & is_kept).sum())
    return Suspects(items, count, evidence.noise(is_kept), scale.CALIBRATION_ERROR, pool.leaks)


def look_at(pool: Pool) -> "Evidence":
    """What speaks against each picture."""
    catalog, features, copies = pool.catalog, pool.features, pool.copies
    _, labels = np.unique(catalog.labels, return_inverse=True)
    faults = severities(catalog.rows, pool.looks)
    related = crossfit.relatives(catalog.rows, copies.group, catalog.groups)
    if len(catalog.classes) < 2 or len(np.unique(related)) < FEWEST:
        return Evidence(catalog, labels, copies, pool.looks, faults, None, None)
    answers = leave_out(features, labels, related, len(catalog.classes))
    remote = remoteness(features, labels, related)
    return Evidence(catalog, labels, copies, pool.looks, faults, answers, remote)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks against each of n pictures of a catalog.

    `labels` (n,) are places in its classes, `faults` (n, FAULTS) their severities. `answers` are what the
    others answer for each, probabilities (n, classes), and `remote` how far it is from them (n,); both None
    with too few pictures.
    """

    pool: Catalog
    labels: NDArray[np.int64]
    copies: Copies
    looks: NDArray[np.void]
    faults: NDArray[np.float64]
    answers: NDArray[np.float64] | None
    remote: NDArray[np.float64] | None

    def noise(self, is_settled: NDArray[np.bool_]) -> LabelNoise | None:
        """How many labels are wrong, None without answers. What somebody decided about (n,) is right."""
        if self.answers is None:
            return None
        classes, labels = tuple(self.pool.classes), self.labels
        found = estimate_noise(labels[~is_settled], self.answers[~is_settled], classes)
        right = np.bincount(labels[is_settled], minlength=len(classes))
        return LabelNoise(classes, found.joint + np.diag(right))

    @cached_property
    def is_wrong(self) -> NDArray[np.bool_]:
        """Which labels (n,) the answers contradict."""
        if self.answers is None:
            return np.zeros(len(self.labels), bool)
        answer = self.answers
        is_issue = find_label_errors(self.labels, answer) | (self.chances[:, REASONS.index("label")] >= SURE)
        return np.asarray(is_issue & (answer.argmax(1) != self.labels))

    @cached_property
    def is_remote(self) -> NDArray[np.bool_]:
        """Which pictures (n,) are farther from all classes than nearly all others without a fault."""
        is_sound = self.chances[:, REASONS.index("quality")] < SURE
        if self.remote is None or not is_sound.any():
            return np.zeros(len(self.labels), bool)
        return np.asarray(self.remote > np.quantile(self.remote[is_sound], REMOTE))

    @cached_property
    def originals(self) -> NDArray[np.int64]:
        """For each picture (n,) the one of its near-duplicates that is worth keeping; itself without any.

        That is one with the label that the answers speak for, of these the one with most pixels.
        """
        originals, rows = np.arange(len(self.pool)), self.pool.rows
        for group in self.copies.groups():
            members = group
            if self.answers is not None:
                support = self.answers[group].mean(0)[self.labels[group]]
                members = group[support == support.max()]
            originals[group] = largest(rows, members)
        return originals

    @property
    def is_copy(self) -> NDArray[np.bool_]:
        """Which pictures (n,) are near-duplicates of one that is worth keeping."""
        return np.asarray(self.originals != np.arange(len(self.pool)))

    @cached_property
    def measured(self) -> NDArray[np.float64]:
        """What speaks for each reason (n, REASONS): what `scale` makes chances of, NaN where nothing does."""
        found = np.full((len(self.pool), len(REASONS)), math.nan)
        contents = self.pool.rows["content"]
        likeness = np.where(contents == contents[self.originals], math.inf, self.copies.likeness)
        found[:, 0] = np.where(self.is_copy, likeness, math.nan)
        with np.errstate(divide="ignore"):
            found[:, 1] = np.log(self.faults.max(1))
        if self.answers is not None and self.remote is not None:
            found[:, 2] = self.remote
            found[:, 3] = doubts(self.labels, self.answers)
        return found

    @cached_property
    def chances(self) -> NDArray[np.float64]:
        """The chance (n, REASONS) that something is wrong, by each reason."""
        scales = (scale.DUPLICATE, scale.QUALITY, scale.OUTLIER, scale.LABEL)
        return np.stack([one(own) for one, own in zip(scales, self.measured.T, strict=True)], axis=1)

    def ranked(self, is_wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The places of those of the wanted pictures (n,) that are suspicious, the most suspicious first.

        The original of near-duplicates comes along with them.
        """
        scores = self.chances.max(1)
        is_listed = scores >= LEAST
        is_listed[self.originals[self.is_copy & is_wanted]] = True
        order = np.argsort(-scores, kind="stable")
        return np.asarray(order[(is_listed & is_wanted)[order]])

    def suspect(self, place: int) -> Suspect:
        """One picture as a suspect."""
        item, group = self.pool.items[place], int(self.copies.group[place])
        reason, predicted, probability = self._reason(place), "", math.nan
        if self.answers is not None:
            answer = self.answers[place]
            predicted, probability = self.pool.classes[int(answer.argmax())], float(answer.max())
        keeps = reason == "loss" or (reason == "duplicate" and not self.is_copy[place])
        suggestion = f"{RELABEL}{predicted}" if reason == "label" else "keep" if keeps else "remove"
        return Suspect(
            item.path,
            item.content,
            item.label,
            item.split,
            reason,
            float(self.chances[place].max()),
            suggestion,
            self._detail(place, reason),
            group if group >= 0 else None,
            predicted,
            probability,
        )

    def _reason(self, place: int) -> Reason:
        """The first of REASONS that is likely, or else the likeliest; near-duplicates come along together.

        The label of what shows none of the classes is wrong too, but no other would be right.
        """
        chances = self.chances[place]
        number = int((chances >= SURE).argmax() if chances.max() >= SURE else chances.argmax())
        if chances.max() < SURE and self.copies.group[place] >= 0:
            return "duplicate"
        if REASONS[number] == "label":
            return "outlier" if self.is_remote[place] else "label" if self.is_wrong[place] else "loss"
        return REASONS[number]

    def _detail(self, place: int, reason: Reason) -> Message:
        """Why, in one sentence."""
        if reason == "quality":
            fault = FAULTS[int(self.faults[place].argmax())]
            return describe(fault, self.pool.rows[place], self.looks[place])
        if reason == "duplicate":
            return self._copy_of(place)
        if reason == "outlier" or self.answers is None:
            return Message("suspects.outlier")
        answer, label = self.answers[place], self._label(place)
        if reason == "loss":
            return Message("suspects.loss", label=label, probability=float(answer[self.labels[place]]))
        predicted = printable(self.pool.classes[int(answer.argmax())])
        return Message("suspects.label", predicted=predicted, probability=float(answer.max()), label=label)

    def _copy_of(self, place: int) -> Message:
        other = int(self.originals[place])
        if other == place:
            other = int(np.flatnonzero((self.originals == place) & self.is_copy)[0])
        name = printable(self.pool.paths[other])
        if self.labels[other] != self.labels[place]:
            return Message("suspects.duplicate_label", other=name, label=self._label(other))
        splits = self.pool.rows["split"]
        code = "suspects.duplicate" if splits[other] == splits[place] else "suspects.duplicate_split"
        return Message(code, other=name)

    def _label(self, place: int) -> str:
        return printable(self.pool.classes[self.labels[place]])
