"""Pictures that belong together, as those of one person, and what that does to an interval."""

import math

import numpy as np
from numpy.typing import NDArray

LEAST = 20  # groups: with fewer nobody can say how much they differ
Z = 1.959964  # of 95%
Interval = tuple[float, float]


def count_groups(groups: NDArray[np.int64]) -> int:
    """How many different ones there are."""
    return len(np.unique(groups))


def sums_by(groups: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sums (groups, k) of the rows of `values` (n, k) that belong together by `groups` (n,)."""
    found, group = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(found), values.shape[1]))
    np.add.at(sums, group, values)
    return sums


def effective(values: NDArray[np.float64], groups: NDArray[np.int64]) -> tuple[float, float]:
    """How many pictures on their own `values` (n,) in `groups` (n,) are worth, and the t that replaces Z.

    That is n divided by the design effect (Kish, "Survey Sampling", 1965): the variance of the mean between
    groups over that of n pictures on their own, at least 1. Where only a few values differ from the rest it
    is drawn to what it would be if all groups were all alike, since a few show little of that. t is
    Student's, for as many groups of one size as these are worth (Kish's effective number; Carter, Schnepel,
    Steigerwald, "Asymptotic Behavior of a t-Test Robust to Cluster Heterogeneity", 2017).
    """
    count = len(values)
    table = sums_by(groups, np.stack([values - values.mean(), np.ones(count)], axis=1))
    squares = float((table[:, 1] ** 2).sum())
    most, worth = squares / count, count**2 / squares  # the effect where every group is all alike
    alone = float(((values - values.mean()) ** 2).sum())
    effect, rare = most, 0.0
    if alone > 0:
        between = len(table) / max(1, len(table) - 1) * float((table[:, 0] ** 2).sum())
        _, times = np.unique(values, return_counts=True)
        rare = float(count - times.max())
        known = (rare / 2) ** 2
        effect = (known * between / alone + most) / (known + 1)
    return count / max(1.0, effect), students_t(max(1.0, worth - 1))


def students_t(freedom: float) -> float:
    """The 97.5th percentile of Student's t (Abramowitz, Stegun 26.7.5), for 3 degrees of freedom or more."""
    nu, z = max(3.0, freedom), Z
    return (
        z
        + (z**3 + z) / (4 * nu)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * nu**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * nu**3)
    )


def wilson(right: float, total: float, z: float = 1.96) -> Interval:
    """The score interval of a proportion (Wilson 1927), 0..1; all of it where there is nothing to count."""
    if total == 0:
        return 0.0, 1.0
    share, spread = right / total, z * z / total
    center = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return (0.0 if right == 0 else center - half), (1.0 if right == total else center + half)


def interval_of(right: NDArray[np.bool_], groups: NDArray[np.int64] | None) -> Interval | None:
    """The 95% interval of the share of `right` (n,): Wilson's, of as many pictures as they are worth.

    (Franco, Little, Louis, Slud, "Comparative Study of Confidence Intervals for Proportions in Complex Sample
    Surveys", 2019.) None with pictures of fewer than LEAST `groups` (n,).
    """
    hits = int(right.sum())
    if groups is None or not len(right):
        return wilson(hits, len(right))
    if count_groups(groups) < LEAST:
        return None
    worth, t = effective(right.astype(np.float64), groups)
    return wilson(worth if hits == len(right) else worth * hits / len(right), worth, t)
