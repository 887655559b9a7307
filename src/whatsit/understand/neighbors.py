"""Vectors that are close to each other, exactly, without computing all distances in full."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whatsit.understand.principal import principal

Places = NDArray[np.int64]
Confirm = Callable[
    [int, Places], NDArray[np.bool_]
]  # of a leader and its neighbors (k,), which follow it (k,)
DIRECTIONS = 128  # leading ones, in which distances are computed first
SAMPLE = 1024  # vectors that give the directions
ROWS, COLUMNS = 1024, 2048  # compared at once: 8 MB of distances
DENSE = 0.01  # share of a block's pairs from which on a product of matrices is faster than pair by pair
CHUNK = 2048  # pairs, or vectors, computed in full at once
ROUNDING = 1e-4  # of the largest squared length: far more than single precision loses of a squared distance
FEW = 32  # neighbors: those of vectors with more are not kept, but found again
KEPT = 1 << 23  # pairs that may be kept before those of crowded vectors are dropped


@dataclass(frozen=True, eq=False)
class Neighbors:
    """Which of n `vectors` float32 (n, width) are at most `distance` apart (Euclidean).

    `short` (n, k) are their coordinates in the leading principal directions and the length of what is left of
    each, so that two of them are never further apart than the vectors: what is far in these is far.
    `squares` and `short_squares` (n,) are their squared lengths.
    """

    vectors: NDArray[np.float32]
    distance: float
    short: NDArray[np.float32]
    squares: NDArray[np.float64]
    short_squares: NDArray[np.float32]

    def pairs(self) -> Iterator[tuple[Places, Places]]:
        """All pairs, each once, in blocks of places (k,) and larger places (k,)."""
        count = len(self.vectors)
        for top in range(0, count, ROWS):
            rows = np.arange(top, min(top + ROWS, count))
            for start in range(top, count, COLUMNS):
                columns = np.arange(start, min(start + COLUMNS, count))
                left, right = self._block(rows, columns)
                if len(left):
                    yield left, right

    def of(self, place: int) -> Places:
        """The places of a vector's neighbors, without itself, ascending."""
        row, count = np.array([place]), len(self.vectors)
        starts = range(0, count, CHUNK)
        blocks = [self._block(row, np.arange(at, min(at + CHUNK, count)), both=True)[1] for at in starts]
        near = np.concatenate(blocks)
        return np.asarray(near[near != place])

    def _block(self, rows: Places, columns: Places, both: bool = False) -> tuple[Places, Places]:
        """The near pairs of a row and a column; unless `both`, those whose column has the larger place."""
        limit = self.distance**2 + self._rounding
        apart = self.short[rows] @ self.short[columns].T
        apart *= -2
        apart += self.short_squares[rows, None]
        apart += self.short_squares[columns]
        row, column = np.divmod(np.flatnonzero(apart <= limit), len(columns))
        left, right = rows[row], columns[column]
        if not both:
            left, right = left[left < right], right[left < right]
        if not len(left):
            return left, right
        is_near = np.ones(len(left), bool)
        is_sure = np.zeros(len(left), bool)
        if len(left) > DENSE * apart.size:
            full = self.vectors[rows] @ self.vectors[columns].T
            squared = (
                self.squares[left] + self.squares[right] - 2.0 * full[left - rows[0], right - columns[0]]
            )
            is_near = squared <= self.distance**2
            is_sure = np.abs(squared - self.distance**2) > self._rounding
        unsure = np.flatnonzero(~is_sure)
        is_near[unsure] = self._are_near(left[unsure], right[unsure])
        return left[is_near], right[is_near]

    @property
    def _rounding(self) -> float:
        return ROUNDING * float(self.squares.max())

    def _are_near(self, left: Places, right: Places) -> NDArray[np.bool_]:
        """Whether the vectors of each pair are, in double precision."""
        near = np.empty(len(left), bool)
        for start in range(0, len(left), CHUNK):
            some = slice(start, start + CHUNK)
            apart = self.vectors[left[some]].astype(np.float64) - self.vectors[right[some]]
            near[some] = np.einsum("nw,nw->n", apart, apart) <= self.distance**2
        return near


def neighbors(vectors: NDArray[np.float32], distance: float) -> Neighbors:
    """Prepare the comparison of vectors (n, width)."""
    count, width = vectors.shape
    some = vectors[np.linspace(0, count - 1, min(count, SAMPLE)).astype(int)]
    center = some.mean(axis=0, dtype=np.float64)
    directions = np.linalg.qr(principal(some - center, min(DIRECTIONS, width))[1].T.astype(np.float64))[0]
    short = np.empty((count, directions.shape[1] + 1), np.float32)
    squares = np.empty(count)
    for start in range(0, count, CHUNK):
        some = vectors[start : start + CHUNK].astype(np.float64)
        squares[start : start + CHUNK] = np.einsum("nw,nw->n", some, some)
        some -= center
        lengths = np.einsum("nw,nw->n", some, some)
        some = some @ directions
        short[start : start + CHUNK, :-1] = some
        rest = lengths - np.einsum("nk,nk->n", some, some)
        short[start : start + CHUNK, -1] = np.sqrt(np.maximum(rest, 0))
    return Neighbors(vectors, distance, short, squares, np.einsum("nk,nk->n", short, short))


def star_leaders(vectors: NDArray[np.float32], distance: float, confirm: Confirm | None = None) -> Places:
    """For each vector (n, width) the place of its group's leader, its own where none is near.

    A group is a leader and those at most `distance` from it: nobody belongs to it through a third. Whoever
    has most neighbors leads, the first of several. With `confirm` only neighbors follow for which it answers
    True; equal vectors always do. Groups and not pairs are kept: memory grows with n.
    """
    if not len(vectors):
        return np.empty(0, np.int64)
    node, first, copies = _distinct(vectors)
    near = neighbors(vectors[first] if len(first) < len(vectors) else vectors, distance)
    degree, few = _few_neighbors(near, copies)
    leader = np.arange(len(first))
    is_free = np.ones(len(first), bool)
    for one in np.argsort(-degree, kind="stable").tolist():
        if not degree[one]:
            break
        if is_free[one]:
            close = few[one]
            led = near.of(one) if close is None else close
            led = led[is_free[led]]
            if confirm is not None and len(led):
                led = led[confirm(int(first[one]), first[led])]
            leader[led] = one
            is_free[led] = False
            is_free[one] = not len(led)
    found: Places = first[leader[node]]
    return found


def _few_neighbors(near: Neighbors, copies: Places) -> tuple[Places, list[Places | None]]:
    """How many neighbors each vector has (n,), each counted as often as it occurs, its own copies too; and
    which these are, None for a vector that has many.
    """
    count = len(copies)
    degree, distinct = copies - 1, np.zeros(count, np.int64)
    kept: list[tuple[Places, Places]] = []
    total = 0
    for left, right in near.pairs():
        degree += np.bincount(left, copies[right], count).astype(np.int64)
        degree += np.bincount(right, copies[left], count).astype(np.int64)
        distinct += np.bincount(left, minlength=count) + np.bincount(right, minlength=count)
        kept.append((left, right))
        total += len(left)
        if total > KEPT:  # a vector that is crowded now will be so at the end
            kept = [_of_few(kept, distinct)]
            total = len(kept[0][0])
    left, right = _of_few(kept, distinct)
    source, target = np.concatenate([left, right]), np.concatenate([right, left])
    order = np.argsort(source, kind="stable")
    ends = np.searchsorted(source[order], np.arange(1, count))
    lists = np.split(target[order], ends)
    return degree, [close if many <= FEW else None for close, many in zip(lists, distinct, strict=True)]


def _of_few(pairs: list[tuple[Places, Places]], distinct: Places) -> tuple[Places, Places]:
    """The pairs in which at least one has few neighbors."""
    left = np.concatenate([np.empty(0, np.int64), *(one for one, _ in pairs)])
    right = np.concatenate([np.empty(0, np.int64), *(other for _, other in pairs)])
    is_few = (distinct[left] <= FEW) | (distinct[right] <= FEW)
    return left[is_few], right[is_few]


def _distinct(vectors: NDArray[np.float32]) -> tuple[Places, Places, Places]:
    """Which distinct vector each is (n,), and of each of these its first place and how often it occurs."""
    number: dict[bytes, int] = {}
    node = np.empty(len(vectors), np.int64)
    for place, vector in enumerate(vectors):
        node[place] = number.setdefault(
            hashlib.blake2b(vector.tobytes(), digest_size=32).digest(), len(number)
        )
    _, first, copies = np.unique(node, return_index=True, return_counts=True)
    return node, first, copies
