"""Which pictures look wrong: labels, near-duplicates, outliers and faults, in one list on one scale."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog import Catalog, split_index
from whatsit.catalog.faults import FAULTS, describe, looks_of, severities
from whatsit.catalog.split import groups_of
from whatsit.config import Split
from whatsit.events import working
from whatsit.i18n import Message
from whatsit.labeled import Labeled
from whatsit.review import scale
from whatsit.review.answers import Answers, ask
from whatsit.review.suspect import RELABEL, Reason, Suspect, Suspects
from whatsit.text import printable
from whatsit.training.features import Extractor
from whatsit.understand.near_duplicates import Copies, find_copies

USUAL: tuple[Split, ...] = ("train", "valid")
REASONS: tuple[Reason, ...] = ("duplicate", "quality", "outlier", "label")  # of equal chances the first counts
LEAST = 0.05  # a score below which a picture is not listed
SURE = 0.5  # a chance from which a label is called wrong


def suspects(
    catalog: Catalog,
    extract: Extractor,
    splits: Collection[Split] = USUAL,
    kept: Collection[str] = (),
) -> Suspects:
    """The pictures of these splits that look wrong, the most suspicious first.

    Training and validation pictures are looked at in any case: each picture is judged by heads that were
    trained on others of them. What somebody decided to keep, by its content, is left out.
    """
    pool = catalog.select(_places(catalog, {*USUAL, *splits}))
    features = extract(pool)
    pool = pool.without(features.refused, to_train=False) if features.refused else pool
    with working("suspects"):
        evidence = look_at(pool, features.vectors)
    is_asked, is_kept = np.isin(np.arange(len(pool)), _places(pool, splits)), pool.among(kept)
    places = evidence.ranked(is_asked & ~is_kept)
    items = tuple(evidence.suspect(place) for place in places.tolist())
    noise = evidence.answers and evidence.answers.noise
    return Suspects(items, int((is_asked & is_kept).sum()), noise, scale.CALIBRATION_ERROR)


def _places(catalog: Catalog, splits: Collection[Split]) -> NDArray[np.int64]:
    return np.flatnonzero(np.isin(catalog.rows["split"], [split_index(split) for split in splits]))


def look_at(pool: Catalog, features: NDArray[np.float32]) -> "Evidence":
    """What speaks against each picture, by its features (n, width) of the pretrained backbone."""
    _, labels = np.unique(pool.labels, return_inverse=True)
    looks = looks_of(pool)
    copies = find_copies(features, pool.rows, looks)
    answers = ask(Labeled(features, labels), relatives(pool, copies), pool.classes)
    return Evidence(pool, labels, copies, looks, severities(pool.rows, looks), answers)


def relatives(pool: Catalog, copies: Copies) -> NDArray[np.int64]:
    """A number (n,), the same for pictures that must stay in one fold: copies, and groups of the catalog."""
    _, first, unit = np.unique(pool.rows["content"], return_index=True, return_inverse=True)
    related = {
        (int(one), f"{kind}{number}")
        for kind, numbers in (("copy", copies.group), ("group", pool.groups))
        if numbers is not None
        for one, number in zip(unit, numbers, strict=True)
        if number >= 0
    }
    return groups_of(pool.rows["hash"][first], related)[unit]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks against each of n pictures of a catalog, with `labels` (n,) as places in its classes."""

    pool: Catalog
    labels: NDArray[np.int64]
    copies: Copies
    looks: NDArray[np.void]
    faults: NDArray[np.float64]
    answers: Answers | None

    @cached_property
    def keepers(self) -> NDArray[np.int64]:
        """For each picture (n,) the one of its near-duplicates that is worth keeping; itself without any.

        That is one with the label that the answers speak for, of these the one with most pixels.
        """
        keepers = np.arange(len(self.pool))
        rows = self.pool.rows
        for group in self.copies.groups():
            members = group
            if self.answers is not None and len(np.unique(self.labels[group])) > 1:
                liked = self.answers.probabilities[group].mean(0)[self.labels[group]]
                members = group[liked == liked.max()]
            pixels = rows["width"][members].astype(np.int64) * rows["height"][members]
            keepers[group] = members[np.lexsort((-rows["bytes"][members], -pixels))[0]]
        return keepers

    @cached_property
    def chances(self) -> NDArray[np.float64]:
        """The chance (n, REASONS) that something is wrong, by each reason."""
        count = len(self.pool)
        is_copy = self.keepers != np.arange(count)
        none = np.zeros(count)
        with np.errstate(divide="ignore"):
            severity = np.log(self.faults.max(1))
        return np.stack(
            [
                np.where(is_copy, scale.DUPLICATE(self.copies.likeness), 0.0),
                scale.QUALITY(severity),
                none if self.answers is None else scale.OUTLIER(self.answers.distances),
                none if self.answers is None else scale.LABEL(self.answers.log_odds),
            ],
            axis=1,
        )

    def ranked(self, is_wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The places of those of the wanted pictures (n,) that are suspicious, best first.

        The keeper of near-duplicates comes along with them.
        """
        scores = self.chances.max(1)
        is_listed = scores >= LEAST
        is_copy = self.keepers != np.arange(len(scores))
        is_listed[self.keepers[is_copy & is_wanted]] = True
        order = np.argsort(-scores, kind="stable")
        return order[(is_listed & is_wanted)[order]]

    def suspect(self, place: int) -> Suspect:
        """One picture as a suspect."""
        item, group = self.pool.items[place], int(self.copies.group[place])
        chances = self.chances[place]
        reason: Reason = REASONS[int(chances.argmax())]
        is_keeper = group >= 0 and self.keepers[place] == place
        if is_keeper and chances.max() < LEAST:
            reason = "duplicate"
        predicted, probability = "", float("nan")
        if self.answers is not None:
            likeliest = int(self.answers.probabilities[place].argmax())
            predicted = self.pool.classes[likeliest]
            probability = float(self.answers.probabilities[place, likeliest])
        if reason == "label" and (predicted == item.label or chances.max() < SURE):
            reason = "loss"
        suggestion = "keep" if reason == "loss" or is_keeper and reason == "duplicate" else "remove"
        if reason == "label":
            suggestion = f"{RELABEL}{predicted}"
        return Suspect(
            item.path,
            item.content,
            item.label,
            item.split,
            reason,
            float(chances.max()),
            suggestion,
            self._detail(place, reason),
            group if group >= 0 else None,
            predicted,
            probability,
        )

    def _detail(self, place: int, reason: Reason) -> Message:
        """Why, in one sentence."""
        label = printable(self.pool.classes[self.labels[place]])
        if reason == "quality":
            fault = FAULTS[int(self.faults[place].argmax())]
            return describe(fault, self.pool.rows[place], self.looks[place])
        if reason == "duplicate":
            return self._copy_of(place)
        if reason == "outlier" or self.answers is None:
            return Message("suspects.outlier")
        answer = self.answers.probabilities[place]
        if reason == "loss":
            return Message("suspects.loss", label=label, probability=float(answer[self.labels[place]]))
        predicted = printable(self.pool.classes[int(answer.argmax())])
        return Message("suspects.label", predicted=predicted, probability=float(answer.max()), label=label)

    def _copy_of(self, place: int) -> Message:
        other = int(self.keepers[place])
        if other == place:
            members = np.flatnonzero(self.copies.group == self.copies.group[place])
            others = members[members != place]
            other = int(others[self.labels[others] != self.labels[place]][0]) if ... else int(others[0])
        name = printable(self.pool.paths[other])
        if self.labels[other] != self.labels[place]:
            label = printable(self.pool.classes[self.labels[other]])
            return Message("suspects.duplicate_label", other=name, label=label)
        if self.pool.rows["split"][other] != self.pool.rows["split"][place]:
            return Message("suspects.duplicate_split", other=name)
        return Message("suspects.duplicate", other=name)
