"""What somebody gets who asks about pictures: a right answer, "nothing like this", or a wrong answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whatsit.understand.clusters import Interval, count_groups, interval_of


@dataclass(frozen=True)
class Outcomes:
    """Of `images` pictures, how many are answered `right`, are called `novel`, and are answered `wrong`.

    A picture that is called novel is neither right nor wrong, whatever its likeliest class. `interval` is the
    95% interval of the share that is right; None with pictures of too few `groups`.
    """

    images: int
    right: int
    novel: int
    interval: Interval | None
    groups: int | None = None

    @classmethod
    def of(
        cls,
        is_hit: NDArray[np.bool_],
        is_novel: NDArray[np.bool_] | None,
        groups: NDArray[np.int64] | None,
    ) -> "Outcomes":
        """Count pictures whose likeliest class is the right one or not (n,), and which are novel (n,)."""
        novel = np.zeros(len(is_hit), np.bool_) if is_novel is None else is_novel
        is_right = is_hit & ~novel
        count = None if groups is None else count_groups(groups)
        return cls(len(is_hit), int(is_right.sum()), int(novel.sum()), interval_of(is_right, groups), count)

    @property
    def wrong(self) -> int:
        return self.images - self.right - self.novel
