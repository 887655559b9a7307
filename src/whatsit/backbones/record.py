"""The record of a converted backbone."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from whatsit.preprocess import Preprocess
from whatsit.text import brief


@dataclass(frozen=True, repr=False)
class Backbone:
    """A backbone as a graph: `network` is ONNX, uint8 (n, size, size, 3) in, `features` (n, width) out.

    Where features are exactly the mean of the last activations, these come too, as `feature_map`
    (n, width, h, w). `preprocess` holds the mean, std, interpolation and crop that it was trained with. In a
    bundle the graph has the head too, whose `logits` and `heat_map` are for other runtimes.
    """

    name: str
    width: int
    preprocess: Preprocess
    network: bytes

    def __repr__(self) -> str:
        return brief(self, f"{self.name}, {self.width} features, size {self.preprocess.size}")

    @cached_property
    def sha256(self) -> str:
        """The hash of the network: weights, architecture and normalization in one."""
        return hashlib.sha256(self.network).hexdigest()
