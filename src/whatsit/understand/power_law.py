"""An error that falls by a power law to a floor: a * images ** -b + c, and how much of that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whatsit.understand.clusters import sums_by

DRAWS = 500  # of the bootstrap
TOGETHER = 4096  # pictures that are weighed at once: all of them would take too much memory
EXPONENTS = np.linspace(0, 1.5, 31)  # b; vision tasks show 0.1 to 0.7
FLOORS = np.linspace(0, 1, 21)  # c as a share of the error that there is now
NO_FLOOR = 0.5  # how likely it is beforehand that there is none; else any share is as likely


@dataclass(frozen=True)
class Draws:
    """What the bootstrap drew: the error `level` (draws,) now, and `fall` and `floor` (draws,) of it.

    With `times` as many pictures the share (1 - floor) * times ** -fall + floor of all errors is kept.
    """

    level: NDArray[np.float64]
    fall: NDArray[np.float64]
    floor: NDArray[np.float64]

    def kept(self, times: float) -> NDArray[np.float64]:
        """The share of the errors that would be left (draws,)."""
        return np.asarray((1 - self.floor) * times**-self.fall + self.floor)

    def usual(self, times: float) -> float:
        """The median of that."""
        return float(np.median(self.kept(times)))


def draw(
    images: Sequence[int], wrong: NDArray[np.bool_], groups: NDArray[np.int64] | None = None, seed: int = 0
) -> Draws:
    """Draw power laws that may lie behind `wrong` (k, repeats, n), errors after training on `images` (k,).

    The form is that of Hestness et al., "Deep Learning Scaling is Predictable, Empirically", 2017, with the
    irreducible error of Rosenfeld et al., "A Constructive Prediction of the Generalization Error Across
    Scales", 2020. Pictures, or `groups` (n,) of them, and repeats are drawn by the Bayesian bootstrap (Rubin
    1981). Few sizes hardly show a floor: each draw takes one at random, the likelier the better it fits (and
    no floor at all half of the time, before it is looked at the errors), and fits the rest to it by
    generalized least squares, whose covariance is that of the draws, since the same pictures are hard for
    all sizes.
    """
    dice = np.random.default_rng(seed)
    errors = _errors(wrong, groups, dice)
    fall, floor = (grid.ravel() for grid in np.meshgrid(EXPONENTS, FLOORS, indexing="ij"))
    sizes = np.asarray(images, float)[:, None] / images[-1]
    shapes = (1 - floor) * sizes**-fall + floor  # (k, grid): the errors, where they are 1 with all pictures
    spread = np.atleast_2d(np.cov(errors.T))
    spread += np.eye(len(images)) * (1e-6 * np.trace(spread) + 1e-12)
    weight = np.linalg.inv(spread)
    fit = errors @ weight @ shapes  # (draws, grid)
    misfit = -(fit**2) / (shapes * (weight @ shapes)).sum(0)  # less what is the same for all of a draw
    misfit = misfit.reshape(DRAWS, len(EXPONENTS), len(FLOORS))
    best, misfit = misfit.argmin(1), misfit.min(1)  # (draws, floors)
    likely = np.exp((misfit.min(1, keepdims=True) - misfit) / 2)
    likely *= np.where(FLOORS == 0, NO_FLOOR, (1 - NO_FLOOR) / (len(FLOORS) - 1))
    among = likely.cumsum(1)
    chosen = (among < dice.random((DRAWS, 1)) * among[:, -1:]).sum(1)
    return Draws(errors[:, -1], EXPONENTS[best[np.arange(DRAWS), chosen]], FLOORS[chosen])


def _errors(
    wrong: NDArray[np.bool_], groups: NDArray[np.int64] | None, dice: np.random.Generator
) -> NDArray[np.float64]:
    """The error rate at each size, drawn anew (draws, k).

    Half a picture that is always wrong and half a one that never is are added, so that no error is not taken
    for certainty; of a single size that is Jeffreys' interval.
    """
    count, repeats, pictures = wrong.shape
    table = wrong.reshape(count * repeats, pictures).T.astype(np.float64)
    units, sizes = table, np.ones(pictures)
    if groups is not None:
        units, sizes = sums_by(groups, table), sums_by(groups, np.ones((pictures, 1)))[:, 0]
    half = dice.standard_gamma(0.5, (2, DRAWS, 1)) * (sizes.mean() if len(sizes) else 1.0)
    total, weighed = half.sum(0), np.repeat(half[0], table.shape[1], 1)
    for start in range(0, len(sizes), TOGETHER):
        some = slice(start, start + TOGETHER)
        weights = dice.standard_exponential((DRAWS, len(sizes[some])))
        weighed += weights @ units[some]
        total += weights @ sizes[some, None]
    drawn = (weighed / total).reshape(DRAWS, count, repeats).mean(2)
    drawn = drawn + _luck(wrong) * dice.standard_normal(drawn.shape)
    return np.asarray(np.clip(drawn, 1e-9, 1.0))


def _luck(wrong: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the choice of training pictures moves the mean error at each size by, one standard deviation.

    With all pictures the repeats were trained on the same ones: that luck is not seen in them, and is taken
    to be that of one repeat at the size below.
    """
    count, repeats, _ = wrong.shape
    if repeats < 2:
        return np.zeros(count)
    spread = wrong.mean(2).std(1, ddof=1)
    luck = spread / np.sqrt(repeats)
    if count > 1:
        luck[-1] = spread[-2]
    return np.asarray(luck)
