"""Pictures that are nearly the same: compared exactly, without looking at every pair."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

DISTANCE = 4  # bits of 64
BLOCK = 1 << 21  # pairs compared at once: 16 MB for each array of them

Hashes = NDArray[np.uint64]
Pairs = NDArray[np.int64]
Places = NDArray[np.int64]
Key = TypeVar("Key", str, Path)


class Comparable(Protocol):
    """What identifies copies: the SHA-256 of the bytes, and the perceptual hash, 0 for none."""

    @property
    def content(self) -> bytes:
        """The SHA-256."""
        ...

    @property
    def hash(self) -> int:
        """Of 64 bits."""
        ...


def duplicate_groups(pictures: Mapping[Key, Comparable]) -> list[list[Key]]:
    """Groups of at least two pictures that are the same or nearly the same, each sorted by path."""
    paths = sorted(pictures)
    leaders = near_duplicates(np.array([pictures[path].hash for path in paths], np.uint64))
    together: dict[object, list[Key]] = defaultdict(list)
    for path, leader in zip(paths, leaders.tolist(), strict=True):
        # Pictures of one grey have no hash: only their content can be the same.
        together[leader if pictures[path].hash else pictures[path].content].append(path)
    return [group for group in together.values() if len(group) > 1]


def groups_of_copies(contents: NDArray[Any], hashes: Hashes) -> tuple[list[Places], list[Places]]:
    """The places of pictures that have the same content, and of those that are nearly the same.

    `contents` (n,) and `hashes` (n,). In the latter groups the first file of each content stands for its
    copies, so that none is counted twice.
    """
    _, content = np.unique(contents, return_inverse=True)
    near = [group for group in _sharing_a_name(near_duplicates(hashes)) if len(set(content[group])) > 1]
    firsts = [group[np.sort(np.unique(content[group], return_index=True)[1])] for group in near]
    return _sharing_a_name(content), firsts


def _sharing_a_name(names: Places) -> list[Places]:
    """The places that share a name, for each name that several share."""
    order = np.argsort(names, kind="stable")
    ends = np.flatnonzero(np.diff(names[order])) + 1
    return [group for group in np.split(order, ends) if len(group) > 1]


def near_duplicates(hashes: Hashes, distance: int = DISTANCE) -> NDArray[np.int64]:
    """For each picture the number of its group's leader, which is its own where nothing resembles it.

    `hashes` uint64 (n,), 0 for a picture that no other resembles. A group is a leader and those within
    `distance` bits of it; nobody belongs to it through a third picture. Where several pictures could lead,
    the one with most neighbours does.
    """
    values, first, node = np.unique(hashes, return_index=True, return_inverse=True)
    alone = hashes == 0
    if alone.any():  # each of them is a node of its own
        node = node.copy()
        node[alone] = len(values) + np.arange(alone.sum())
        first = np.concatenate([first, np.flatnonzero(alone)])
    leader: NDArray[np.int64] = first[_leaders(values, distance, len(first))[node]]
    return leader


def resembling(hashes: Hashes, known: Hashes, distance: int = DISTANCE) -> NDArray[np.bool_]:
    """Which hashes (n,) are at most `distance` bits from one of `known` (k,); 0 resembles nothing."""
    values = np.unique(np.concatenate([hashes, known]))
    is_known = np.isin(values, known)
    one, other = near_pairs(values, distance, is_known).T
    is_near = is_known.copy()
    is_near[one[is_known[other]]] = is_near[other[is_known[one]]] = True
    found: NDArray[np.bool_] = is_near[np.searchsorted(values, hashes)] & (hashes != 0)
    return found


def near_pairs(values: Hashes, distance: int = DISTANCE, marked: NDArray[np.bool_] | None = None) -> Pairs:
    """All pairs (k, 2) of different hashes at most `distance` bits apart; 0 resembles nothing.

    With `marked`, only those in which at least one is marked. Two such hashes are equal in one of `distance`
    + 1 parts, so only those that share a part are compared (Norouzi, Punjani and Fleet, "Fast Search in
    Hamming Space with Multi-Index Hashing", 2012).
    """
    found: list[Pairs] = [np.empty((0, 2), np.int64)]
    found += [np.stack(pair, axis=1) for pair in _near(values, distance, marked)]
    return np.concatenate(found)


def _masks(distance: int) -> list[np.uint64]:
    """The bits of each of `distance` + 1 parts."""
    parts = distance + 1
    return [np.uint64(sum(1 << bit for bit in range(part, 64, parts))) for part in range(parts)]


def _near(
    values: Hashes, distance: int, marked: NDArray[np.bool_] | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Blocks of near pairs, each pair once."""
    masks = _masks(distance)
    for number, mask in enumerate(masks):
        order = np.argsort(values & mask, kind="stable")
        part = (values & mask)[order]
        for left, right in _sharing(part, None if marked is None else marked[order]):
            left, right = order[left], order[right]
            apart = values[left] ^ values[right]
            near = np.bitwise_count(apart) <= distance
            for earlier in masks[:number]:  # found there already
                near &= (apart & earlier) != 0
            near &= (values[left] != 0) & (values[right] != 0)
            if marked is not None:  # found from both ends
                near &= ~marked[right] | (left < right)
            yield left[near], right[near]


def _sharing(
    part: Hashes, marked: NDArray[np.bool_] | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Blocks of positions whose sorted `part` is equal: each pair once, or those of every marked one."""
    ends = np.searchsorted(part, part, side="right")
    if marked is None:
        rows = np.arange(len(part))
        starts = rows + 1
    else:
        rows = np.flatnonzero(marked)
        starts, ends = np.searchsorted(part, part[rows]), ends[rows]
    counts = ends - starts
    rows, starts, counts = rows[counts > 0], starts[counts > 0], counts[counts > 0]
    total = np.cumsum(counts)
    begin = 0
    while begin < len(rows):
        before = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, before + BLOCK)))
        some = counts[begin:end]
        left = np.repeat(rows[begin:end], some)
        step = np.arange(some.sum()) - np.repeat(np.cumsum(some) - some, some)
        right = np.repeat(starts[begin:end], some) + step
        yield left[left != right], right[left != right]
        begin = end


def _leaders(values: Hashes, distance: int, count: int) -> NDArray[np.int64]:
    """Split nodes, the first ones with hashes, into stars: whoever has most neighbours leads the free ones.

    A thousand frames of one scene are half a million pairs, so pairs are counted and not kept.
    """
    degree = np.zeros(count, np.int64)
    for left, right in _near(values, distance):
        degree += np.bincount(left, minlength=count) + np.bincount(right, minlength=count)
    parts = []
    for mask in _masks(distance):
        order = np.argsort(values & mask, kind="stable")
        parts.append((mask, order, (values & mask)[order]))

    leader = np.arange(count)
    free = np.ones(count, bool)
    nodes = np.flatnonzero(degree)
    for node in nodes[np.argsort(-degree[nodes], kind="stable")].tolist():
        if not free[node]:
            continue
        neighbours = []
        for mask, order, part in parts:
            start = np.searchsorted(part, values[node] & mask)
            end = np.searchsorted(part, values[node] & mask, side="right")
            those = order[start:end]
            is_near = np.bitwise_count(values[those] ^ values[node]) <= distance
            neighbours.append(those[is_near & (values[those] != 0)])
        led = np.concatenate(neighbours)
        led = led[free[led]]
        leader[led] = leader[node] = node
        free[led] = free[node] = False
    return leader
