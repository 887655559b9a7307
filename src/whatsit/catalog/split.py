"""Assigns pictures to the splits: once, by content, related ones together, and permanently."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.duplicates import near_duplicates, near_pairs
from whatsit.config import SplitConfig
from whatsit.errors import CatalogError
from whatsit.i18n import Message

TRAIN, VALID, TEST, NO_SPLIT = 0, 1, 2, -1
BOTH = 1 << TRAIN | 1 << VALID
Name = TypeVar("Name", str, tuple[int, int])
SEPARATOR = "\x1f"  # between the relations of a picture whose copies have several


@dataclass(frozen=True)
class Rule:
    """How validation pictures are chosen; another rule makes another split.

    `valid` is their share of each class, `seed` shuffles, `by_time` takes the latest instead, and `relation`
    names what `group=` was: "pattern REGEX", "column NAME" or "function NAME".
    """

    valid: float = SplitConfig.valid
    seed: int = SplitConfig.seed
    by_time: bool = False
    relation: str = ""

    @property
    def group(self) -> str | None:
        """The `group=` that gives the relation again, None where there was none or it was a function."""
        how, _, what = self.relation.partition(" ")
        return what if how in ("pattern", "column") else None

    @property
    def message(self) -> Message:
        """The rule in words."""
        if self.by_time:
            return Message("catalog.rule_by_time", share=self.valid)
        return Message("catalog.rule", share=self.valid, seed=self.seed)

    @property
    def name(self) -> str:
        """The rule as text, by which its record is found."""
        return json.dumps(asdict(self), sort_keys=True)


def checked_rule(valid: object, seed: object, by_time: bool = False) -> Rule:
    """The rule of a share and a seed, NumPy's numbers too. Raises CatalogError for impossible ones."""
    try:
        share, number = float(valid), int(seed)  # type: ignore[arg-type, call-overload]
    except (TypeError, ValueError) as error:
        given = {"valid": f"{valid!r:.60}", "seed": f"{seed!r:.60}"}
        raise CatalogError(Message("catalog.no_numbers", **given)) from error
    if 1 < share < 100:
        raise CatalogError(Message("catalog.share_percent", share=share, meant=share / 100))
    if not 0 < share < 1:
        raise CatalogError(Message("catalog.share", share=share, usual=SplitConfig.valid))
    return Rule(share, number, by_time)


@dataclass(frozen=True)
class Pictures:
    """What the assignment depends on, a row per picture.

    `content` V32, `hashes` uint64 (0: resembles nothing), `splits` int8, `relations` what must stay in one
    split ("" for nothing), `labels` int32, `times` float64 in seconds.
    """

    content: NDArray[np.void]
    hashes: NDArray[np.uint64]
    splits: NDArray[np.int8]
    relations: Sequence[str]
    labels: NDArray[np.int32]
    times: NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """Pictures assigned earlier, whether their files still exist or not; columns as in Pictures."""

    content: NDArray[np.void]
    hashes: NDArray[np.uint64]
    splits: NDArray[np.int8]
    relations: Sequence[str]


@dataclass(frozen=True)
class Assignment:
    """`splits` per row; `ambiguous` rows of new pictures that resemble both training and validation pictures;
    `separated` labels, whose pictures are all alike and were assigned one by one.
    """

    splits: NDArray[np.int8]
    ambiguous: NDArray[np.int64]
    separated: list[int]


def assign(pictures: Pictures, record: Record, rule: Rule) -> Assignment:
    """Assign a split to every row that has none (NO_SPLIT); the others stay where they are.

    A new picture goes to the split of its relatives, or to training where they are in both. The rest is
    assigned class by class, whole groups in the order of a hash of seed and content, until the class has its
    share of validation pictures: at least one, if another is left to train on.
    """
    splits = pictures.splits.copy()
    rows = np.flatnonzero(splits == NO_SPLIT)
    if not len(rows):
        return Assignment(splits, rows, [])
    content, first, unit = np.unique(pictures.content[rows], return_index=True, return_inverse=True)
    hashes = pictures.hashes[rows][first]
    related = {
        (one, name)
        for one, row in zip(unit.tolist(), rows.tolist(), strict=True)
        if (name := pictures.relations[row])
    }
    group = groups_of(hashes, related)
    relatives = _splits_of_relatives(content, hashes, related, pictures, record)
    group_relatives = np.zeros(len(content), np.uint8)
    np.bitwise_or.at(group_relatives, group, relatives)
    group_split = np.array([NO_SPLIT, TRAIN, VALID, TRAIN], np.int8)[group_relatives]

    labels = pictures.labels[rows]
    has_relation = np.zeros(len(content), bool)
    has_relation[[one for one, _ in related]] = True
    separated = []
    for label in np.unique(labels):
        units = np.unique(unit[labels == label])
        has_assigned = np.isin(splits[pictures.labels == label], (TRAIN, VALID)).any()
        one_group = len(np.unique(group[units])) == 1 and group_split[group[units[0]]] == NO_SPLIT
        if len(units) > 1 and one_group and not has_assigned and not has_relation[units].any():
            # All pictures are near-duplicates of one: measuring on those is better than not at all.
            separated.append(int(label))
            group[units] = units

    rank = _ranks(content, pictures.times[rows], unit, group, rule)
    count = {label: len(np.unique(group[unit[labels == label]])) for label in np.unique(labels)}
    # A group of several classes is assigned with the class of fewest groups, which must keep one to train on.
    for label in sorted(count, key=lambda label: (count[label], label)):
        groups, sizes = np.unique(group[unit[labels == label]], return_counts=True)
        known = splits[pictures.labels == label]
        train, valid = (
            int((known == split).sum() + sizes[group_split[groups] == split].sum())
            for split in (TRAIN, VALID)
        )
        free = group_split[groups] == NO_SPLIT
        order = np.argsort(rank[groups[free]])
        groups, sizes = groups[free][order], sizes[free][order]
        group_split[groups] = _share_out(sizes, train, valid, rule.valid)
    splits[rows] = group_split[group[unit]]
    return Assignment(splits, rows[group_relatives[group[unit]] == BOTH], separated)


def groups_of(hashes: NDArray[np.uint64], related: Collection[tuple[int, Name]]) -> NDArray[np.int64]:
    """The group of each unit, named by one of its units: near-duplicates, and what is related by name.

    What either relation joins is one group, through others too. `related` are units with their names.
    """
    group = near_duplicates(hashes)
    by_name: dict[Name, int] = {}
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while (above := parent.get(one, one)) != one:
            one = above
        return one

    for unit, name in sorted(related):
        ours, theirs = root(int(group[unit])), root(by_name.setdefault(name, int(group[unit])))
        parent[max(ours, theirs)] = min(ours, theirs)
    if parent:
        roots = {one: root(one) for one in parent}
        group = np.array([roots.get(one, one) for one in group.tolist()])
    return group


def _splits_of_relatives(
    content: NDArray[np.void],
    hashes: NDArray[np.uint64],
    related: set[tuple[int, str]],
    pictures: Pictures,
    record: Record,
) -> NDArray[np.uint8]:
    """Per unit, the splits of its assigned relatives as bits: 0, 1 << TRAIN, 1 << VALID, or BOTH."""
    here = np.flatnonzero(np.isin(pictures.splits, (TRAIN, VALID)))
    old_content = np.concatenate([record.content, pictures.content[here]])
    old_hashes = np.concatenate([record.hashes, pictures.hashes[here]])
    bits = np.left_shift(1, np.concatenate([record.splits, pictures.splits[here]])).astype(np.uint8)
    if not len(bits):
        return np.zeros(len(content), np.uint8)
    count = len(content)

    _, node = np.unique(np.concatenate([content, old_content]), return_inverse=True)
    splits = _spread(node, bits, count)[node[:count]]

    values, node = np.unique(np.concatenate([hashes, old_hashes]), return_inverse=True)
    exact = _spread(node, bits, count)
    marked = np.zeros(len(values), bool)
    marked[node[:count]] = True
    left, right = near_pairs(values, marked=marked).T
    near = exact.copy()
    np.bitwise_or.at(near, left, exact[right])
    np.bitwise_or.at(near, right, exact[left])
    splits |= np.where(hashes == 0, np.uint8(0), near[node[:count]])

    if related:
        by_name: dict[str, int] = defaultdict(int)
        names = [*record.relations, *(pictures.relations[row] for row in here.tolist())]
        for joined, bit in zip(names, bits.tolist(), strict=True):
            for name in joined.split(SEPARATOR):
                by_name[name] |= bit
        for one, name in related:
            splits[one] |= by_name[name]
    return splits


def _spread(node: NDArray[np.int64], bits: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """The bits that the old ones, after the first `count`, put on each node."""
    spread = np.zeros(int(node.max()) + 1, np.uint8)
    np.bitwise_or.at(spread, node[count:], bits)
    return spread


def _ranks(
    content: NDArray[np.void],
    times: NDArray[np.float64],
    unit: NDArray[np.int64],
    group: NDArray[np.int64],
    rule: Rule,
) -> NDArray[np.int64]:
    """The place of each group, by its first unit, in the order of assignment.

    Chance is the hash of one member, the smallest content: the lowest hash of all would favour large groups.
    """
    hashed = [hashlib.sha256(f"{rule.seed}:{one.tobytes().hex()}".encode()).digest()[:8] for one in content]
    _, first = np.unique(group, return_index=True)  # contents are sorted, so the first one is the smallest
    chance = np.zeros(len(content), np.uint64)
    chance[group[first]] = np.frombuffer(b"".join(hashed), ">u8")[first]
    latest = np.zeros(len(content))
    if rule.by_time:
        latest = np.full(len(content), -np.inf)
        np.maximum.at(latest, group[unit], times)
    ranks = np.empty(len(content), np.int64)
    ranks[np.lexsort((chance, -latest))] = np.arange(len(content))
    return ranks


def _share_out(sizes: NDArray[np.int64], train: int, valid: int, share: float) -> NDArray[np.int8]:
    """The split of each free group, given how many pictures the class has in each already."""
    wanted = max(1, round((train + valid + int(sizes.sum())) * share))
    splits = np.full(len(sizes), TRAIN, np.int8)
    for place, size in enumerate(sizes.tolist()):
        missing = wanted - valid
        is_last_to_train_on = train == 0 and place == len(sizes) - 1
        if missing > 0 and size <= 2 * missing and not is_last_to_train_on:  # comes closer to what is wanted
            splits[place] = VALID
            valid += size
        else:
            train += size
    if valid == 0 and len(sizes) and train > sizes.min():
        splits[int(sizes.argmin())] = VALID
    return splits
