"""Is one better than another, or was it luck?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from whatsit.text import brief
from whatsit.understand.clusters import LEAST, Z, count_groups, effective, wilson

MANY = 2000  # pictures that differ
CLEAR = 0.05  # of being wrong, whatever is called clear among all that are compared


@dataclass(frozen=True)
class Difference:
    """How much higher an error rate is than another on the same pictures, with the 95% interval of that.

    `chance` is what it would be by luck alone, two times of three, if both were as good.
    """

    difference: float
    low: float
    high: float
    chance: float = 0.0

    def __repr__(self) -> str:
        points = f"{100 * self.difference:+.1f} points"
        between = f"95% interval {100 * self.low:+.1f} to {100 * self.high:+.1f}"
        return brief(self, f"{points} ({between}), {'clear' if self.is_clear else 'may be chance'}")

    @property
    def is_clear(self) -> bool:
        """Whether it is more than chance."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Ranking:
    """Several on the same pictures: the place of the `best`, and how much worse than it each one is.

    `p_values` are adjusted for that all were compared: below CLEAR it is more than chance. `groups` is how
    many groups the pictures are of, where some belong together.
    """

    best: int
    differences: Sequence[Difference]
    p_values: Sequence[float]
    groups: int | None = None

    def __repr__(self) -> str:
        best = f"number {self.best} of {len(self.differences)} has the lowest error rate"
        worse = ", ".join(
            f"number {number} {100 * one.difference:+.1f} points (p = {p:.2g})"
            for number, (one, p) in enumerate(zip(self.differences, self.p_values, strict=True))
            if number != self.best
        )
        return brief(self, f"{best}; {worse}" if worse else best)

    @property
    def has_intervals(self) -> bool:
        """Whether there are groups enough to say anything of chance."""
        return self.groups is None or self.groups >= LEAST


def paired(
    right: Mapping[str, bool], other: Mapping[str, bool], groups: Mapping[str, int] | None = None
) -> Difference:
    """Error rate of the first minus that of the second, picture by picture.

    The interval is that of Newcombe, "Improved confidence intervals for the difference between binomial
    proportions based on paired data", 1998, method 10: it never leaves -1..1, and never a single point where
    both answer alike. Pictures of a group, by picture, are worth fewer single ones (`clusters.effective`);
    with too few groups anything is possible. Raises ValueError where they are not the same pictures.
    """
    if right.keys() != other.keys():
        raise ValueError("these are different pictures")
    first, second = (np.array([one[picture] for picture in right], bool) for one in (right, other))
    return _paired(first, second, _numbers(right, groups))


def rank(runs: Sequence[Mapping[str, bool]], groups: Mapping[str, int] | None = None) -> Ranking:
    """Compare all with the best of them; raises ValueError where they are not the same pictures.

    Which one is best the same pictures said, so that every pair counts as compared: the p-values of all pairs
    are adjusted by Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    pictures = list(runs[0])
    if any(run.keys() != runs[0].keys() for run in runs):
        raise ValueError("these are different pictures")
    hits = np.array([[run[picture] for picture in pictures] for run in runs], bool)
    numbers = _numbers(pictures, groups)
    best = int(hits.sum(1).argmax())
    pairs = [(one, two) for one in range(len(runs)) for two in range(one)]
    p_values = [_p_value(hits[one], hits[two], numbers) for one, two in pairs]
    adjusted = dict(zip(pairs, holm(p_values), strict=True))
    return Ranking(
        best,
        [_paired(one, hits[best], numbers) for one in hits],
        [1.0 if n == best else adjusted[max(n, best), min(n, best)] for n in range(len(runs))],
        None if numbers is None else count_groups(numbers),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p-value adjusted, so that with all below a level the chance of any false one is below it too."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, highest = [1.0] * len(p_values), 0.0
    for place, number in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * p_values[number]))
        adjusted[number] = highest
    return adjusted


def comparable(runs: Sequence[Mapping[str, bool]]) -> list[list[int]]:
    """Places of runs that were measured on the same pictures, grouped; the group of the latest run last."""
    groups: dict[frozenset[str], list[int]] = {}
    for place, right in enumerate(runs):
        groups.setdefault(frozenset(right), []).append(place)
    return sorted(groups.values(), key=lambda places: places[-1])


def _numbers(
    pictures: Mapping[str, bool] | Sequence[str], groups: Mapping[str, int] | None
) -> NDArray[np.int64] | None:
    return None if groups is None else np.array([groups[picture] for picture in pictures], np.int64)


def _paired(
    first: NDArray[np.bool_], second: NDArray[np.bool_], groups: NDArray[np.int64] | None
) -> Difference:
    count = len(first)
    if not count:
        return Difference(0.0, -1.0, 1.0)
    lost, won = int((second & ~first).sum()), int((first & ~second).sum())
    neither = int((~first & ~second).sum())
    difference, chance, share, z = (lost - won) / count, math.sqrt(lost + won) / count, 1.0, Z
    if groups is not None:
        if count_groups(groups) < LEAST:
            return Difference(difference, -1.0, 1.0, chance)
        worth, z = effective(second.astype(np.float64) - first, groups)
        share = worth / count
        chance /= math.sqrt(share)
    table = (neither * share, lost * share, won * share, (count - neither - lost - won) * share)
    low, high = _newcombe(*table, z)
    return Difference(difference, min(low, difference), max(high, difference), chance)


def _newcombe(neither: float, lost: float, won: float, both: float, z: float) -> tuple[float, float]:
    """The interval of the difference of the error rates, with counts that need not be whole."""
    count = neither + lost + won + both
    one, two = (neither + lost) / count, (neither + won) / count
    (low, high), (other_low, other_high) = wilson(neither + lost, count, z), wilson(neither + won, count, z)
    below, above = one - low, high - one
    other_below, other_above = two - other_low, other_high - two
    margins = (neither + lost) * (won + both) * (neither + won) * (lost + both)
    product = neither * both - lost * won
    if product > 0:  # corrected for continuity
        product = max(product - count / 2, 0.0)
    alike = product / math.sqrt(margins) if margins > 0 else 0.0
    down = max(0.0, below**2 - 2 * alike * below * other_above + other_above**2)
    up = max(0.0, above**2 - 2 * alike * above * other_below + other_below**2)
    return max(-1.0, one - two - math.sqrt(down)), min(1.0, one - two + math.sqrt(up))


def _p_value(first: NDArray[np.bool_], second: NDArray[np.bool_], groups: NDArray[np.int64] | None) -> float:
    """How likely a difference at least as large is by chance alone, if both are as good."""
    lost, won = int((second & ~first).sum()), int((first & ~second).sum())
    if groups is None:
        return _mcnemar(min(lost, won), lost + won)
    if count_groups(groups) < LEAST or lost == won:
        return 1.0
    gaps = second.astype(np.float64) - first
    worth, t = effective(gaps, groups)
    spread = max(float(gaps.std()), 1 / len(gaps)) / math.sqrt(worth)
    return math.erfc(abs(float(gaps.mean())) / spread * Z / t / math.sqrt(2))


@cache
def _mcnemar(fewer: int, differing: int) -> float:
    """The exact two-sided p-value, of which only pictures tell that one alone got right (McNemar 1947)."""
    if differing > MANY:  # where the normal tail is as good
        z = (differing - 2 * fewer - 1) / math.sqrt(differing)
        return min(1.0, math.erfc(max(0.0, z) / math.sqrt(2)))
    tail = sum(math.comb(differing, one) for one in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**differing))
