"""Pictures that are nearly the same: compared exactly, without looking at every pair."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

DISTANCE = 4  # bits of 64
SIMILARITY = 0.97  # cosine of two feature vectors
BLOCK = 1 << 21  # pairs compared at once: 16 MB for each array of them

Hashes = NDArray[np.uint64]
Pairs = NDArray[np.int64]


def near_duplicates(
    hashes: Hashes,
    distance: int = DISTANCE,
    features: NDArray[np.float32] | None = None,
    similarity: float = SIMILARITY,
) -> NDArray[np.int64]:
    """For each picture the number of its group's leader, which is its own where nothing resembles it.

    `hashes` uint64 (n,), 0 for a picture that no other resembles. A group is a leader and those within
    `distance` bits of it; nobody belongs to it through a third picture. With `features` float32 (n, width)
    pictures of at least that cosine `similarity` resemble each other too, which finds copies that were
    turned, mirrored or cropped more. Where several pictures could lead, the one with most neighbours does.
    """
    values, first, node = np.unique(hashes, return_index=True, return_inverse=True)
    pairs = [near_pairs(values, distance)]
    alone = hashes == 0
    if alone.any():  # each of them is a node of its own
        node = node.copy()
        node[alone] = len(values) + np.arange(alone.sum())
        first = np.concatenate([first, np.flatnonzero(alone)])
    if features is not None:
        similar = node[_similar_pairs(features, similarity)]
        pairs.append(np.unique(np.sort(similar[similar[:, 0] != similar[:, 1]], axis=1), axis=0))
    leader: NDArray[np.int64] = first[_leaders(len(first), np.concatenate(pairs))[node]]
    return leader


def near_pairs(values: Hashes, distance: int = DISTANCE, marked: NDArray[np.bool_] | None = None) -> Pairs:
    """All pairs (k, 2) of different hashes at most `distance` bits apart; 0 resembles nothing.

    With `marked`, only those in which at least one is marked. Two such hashes are equal in one of `distance`
    + 1 parts, so only those that share a part are compared (Norouzi, Punjani and Fleet, "Fast Search in
    Hamming Space with Multi-Index Hashing", 2012).
    """
    masks = [
        np.uint64(sum(1 << bit for bit in range(part, 64, distance + 1))) for part in range(distance + 1)
    ]
    found: list[Pairs] = [np.empty((0, 2), np.int64)]
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
            if marked is not None:  # seen from both sides
                near &= ~marked[right] | (left < right)
            found.append(np.stack([left[near], right[near]], axis=1))
    return np.concatenate(found)


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


def _similar_pairs(features: NDArray[np.float32], similarity: float) -> Pairs:
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    found: list[Pairs] = [np.empty((0, 2), np.int64)]
    step = max(1, 8 * BLOCK // max(1, len(unit)))
    for start in range(0, len(unit), step):
        left, right = np.nonzero(unit[start : start + step] @ unit[start:].T >= similarity)
        upper = right > left
        found.append(np.stack([left[upper], right[upper]], axis=1) + start)
    return np.concatenate(found)


def _leaders(count: int, pairs: Pairs) -> NDArray[np.int64]:
    """Split nodes into stars: whoever has most neighbours leads those that are still free."""
    leader = np.arange(count)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    nodes, start, degree = np.unique(both[:, 0], return_index=True, return_counts=True)
    free = np.ones(count, bool)
    for place in np.lexsort((nodes, -degree)):
        node = nodes[place]
        if free[node]:
            neighbours = both[start[place] : start[place] + degree[place], 1]
            neighbours = neighbours[free[neighbours]]
            leader[neighbours] = node
            free[neighbours] = free[node] = False
    return leader
