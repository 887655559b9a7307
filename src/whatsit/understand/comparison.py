"""Is one better than another, or was it luck?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Z = 1.96  # of 95 %


@dataclass(frozen=True)
class Difference:
    """How much higher an error rate is than another on the same pictures, with the 95 % interval of that.

    `chance` is what it would be by luck alone, two times of three, if both were as good.
    """

    difference: float
    low: float
    high: float
    chance: float = 0.0

    @property
    def is_clear(self) -> bool:
        """Whether it is more than chance."""
        return self.low > 0 or self.high < 0


def paired(right: Mapping[str, bool], other: Mapping[str, bool]) -> Difference:
    """Error rate of the first minus that of the second, picture by picture.

    Only pictures that one got right and the other did not tell anything (McNemar 1947; the interval is
    Wald's for paired proportions). Raises ValueError where they are not the same pictures.
    """
    if right.keys() != other.keys():
        raise ValueError("these are different pictures")
    count = len(right)
    if not count:
        return Difference(0.0, -1.0, 1.0)
    lost = sum(other[picture] and not right[picture] for picture in right)
    won = sum(right[picture] and not other[picture] for picture in right)
    difference = (lost - won) / count
    spread = Z * math.sqrt(max(lost + won - (lost - won) ** 2 / count, 0)) / count
    return Difference(difference, difference - spread, difference + spread, math.sqrt(lost + won) / count)


def comparable(runs: Sequence[Mapping[str, bool]]) -> list[list[int]]:
    """Places of runs that were measured on the same pictures, grouped; the group of the latest run last."""
    groups: dict[frozenset[str], list[int]] = {}
    for place, right in enumerate(runs):
        groups.setdefault(frozenset(right), []).append(place)
    return sorted(groups.values(), key=lambda places: places[-1])
