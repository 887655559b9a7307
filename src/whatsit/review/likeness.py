"""Which pictures are alike, to the eye of a backbone."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whatsit.understand.unit import unit

PAIRS = 2000  # of pictures of one class, by which likeness is measured


@dataclass(frozen=True, eq=False)
class Likeness:
    """Pictures by their `contents` (n,), 32 bytes, with their `features` (n, width) and `labels` (n,)."""

    contents: NDArray[np.void]
    features: NDArray[np.float32]
    labels: NDArray[np.integer]

    def of(self, content: str) -> set[str]:
        """The contents of the pictures that are as much like one as pictures of a class are like each other.

        That is the median cosine of two pictures of one class.
        """
        place = np.flatnonzero(self.contents == np.array(bytes.fromhex(content), "V32"))[:1]
        if not len(place):
            return set()
        alike = self._unit @ self._unit[place[0]] >= self._usual
        return {one.tobytes().hex() for one in self.contents[alike]}

    @cached_property
    def _unit(self) -> NDArray[np.float32]:
        return unit(self.features)

    @cached_property
    def _usual(self) -> float:
        dice = np.random.default_rng(0)
        order = np.lexsort((dice.random(len(self.labels)), self.labels))
        first, second = order[:-1], order[1:]
        pairs = np.flatnonzero(self.labels[first] == self.labels[second])
        chosen = dice.permutation(pairs)[:PAIRS]
        if not len(chosen):
            return 1.0
        return float(np.median(np.einsum("nw,nw->n", self._unit[first[chosen]], self._unit[second[chosen]])))
