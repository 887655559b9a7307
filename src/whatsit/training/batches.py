"""Features in batches, and which pictures an epoch shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whatsit.config import Balance
from whatsit.labeled import Labeled

Places = NDArray[np.int64]  # of pictures, some perhaps several times


def steps_of(images: int, batch_size: int) -> int:
    """Batches in an epoch, of equal size: a last, smaller one would unsettle BatchNorm."""
    return max(1, images // batch_size)


def shuffled(places: Places, steps: int, order: np.random.Generator) -> list[Places]:
    """Places in an order of their own, in so many batches."""
    return np.array_split(order.permutation(places), steps)


@dataclass(frozen=True, eq=False)
class FeatureBatches:
    """Features to train heads on, in batches of about `batch_size`; each head has `places` of its own.

    With several views of n pictures the features are (views * n, width), all first views first, and an epoch
    shows one view of each at random. So that batches are equally large, an epoch shows each head as many
    pictures as the one with the fewest.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    batch_size: int
    places: Sequence[Places]

    @property
    def _fewest(self) -> int:
        return min(map(len, self.places))

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return steps_of(self._fewest, self.batch_size)

    def epoch(self, order: np.random.Generator) -> Iterator[Labeled]:
        """Batches of features (heads, n, width) and labels (heads, n)."""
        count = len(self.labels)
        own = [order.permutation(places)[: self._fewest] for places in self.places]
        for batch in np.array_split(np.stack(own), self.steps, axis=1):
            view = order.integers(len(self.features) // count, size=batch.shape)
            yield Labeled(self.features[batch + count * view], self.labels[batch])


def chosen(labels: NDArray[np.int64], balance: Balance | None) -> Places:
    """Places of the pictures that an epoch shows, those of small classes more often with "oversample"."""
    return oversampled(labels) if balance == "oversample" else np.arange(len(labels))


def oversampled(labels: NDArray[np.int64]) -> Places:
    """Places of pictures, those of smaller classes again and again until all classes are as large."""
    places = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    most = max(map(len, places))
    return np.concatenate([np.resize(there, most) for there in places])


def class_weights(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """What a picture of each class counts so that all classes count the same; 1 on average."""
    counts = np.bincount(labels).clip(1)
    return (len(labels) / (len(counts) * counts)).astype(np.float32)


def sample(labels: NDArray[np.int64], share: float, seed: int) -> Places:
    """Places of a share of the pictures of every class, at least one of each."""
    rng = np.random.default_rng(seed)
    classes = (np.flatnonzero(labels == label) for label in np.unique(labels))
    return np.concatenate([rng.permutation(there)[: max(1, round(share * len(there)))] for there in classes])
