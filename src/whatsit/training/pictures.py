"""Pictures as a network is trained on them: decoded in threads, a little ahead of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whatsit.errors import CatalogError, ImageError
from whatsit.events import progress
from whatsit.i18n import Message
from whatsit.labeled import Labeled
from whatsit.parallel import in_parallel
from whatsit.preprocess import Preprocess
from whatsit.training.batches import Places, shuffled, steps_of

IN_MEMORY = 512 << 20  # bytes of decoded pictures that are kept for the next epoch
TOGETHER = 4  # pictures that a thread decodes before it hands over


@dataclass
class PictureBatches:
    """Picture files and the index of each one's class (n,), in batches of about `batch_size`.

    `chosen` are places of pictures, some perhaps several times; `kept` the decoded ones. Raises CatalogError
    where one can't be read anymore.
    """

    paths: Sequence[Path]
    labels: NDArray[np.int64]
    preprocess: Preprocess
    batch_size: int
    chosen: Places
    kept: dict[int, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return steps_of(len(self.chosen), self.batch_size)

    def epoch(self, order: np.random.Generator) -> Iterator[Labeled]:
        """The chosen pictures, shuffled; pixels uint8 (n, size, size, 3)."""
        return self._batches(shuffled(self.chosen, self.steps, order), "training")

    def in_order(self) -> Iterator[Labeled]:
        """All pictures as they come."""
        places = np.arange(len(self.paths))
        starts = range(self.batch_size, len(places), self.batch_size)
        return self._batches(np.split(places, starts), "validating")

    def _batches(self, batches: Sequence[Places], task: str) -> Iterator[Labeled]:
        decoded = in_parallel(self._load, np.concatenate(batches).tolist(), together=TOGETHER)
        with progress(task, len(batches)) as advance:
            for places in batches:
                pixels = np.stack(list(islice(decoded, len(places))))
                yield Labeled(pixels, self.labels[places])
                advance()

    def _load(self, place: int) -> NDArray[np.uint8]:
        pixels = self.kept.get(place)
        if pixels is None:
            try:
                pixels = self.preprocess.load(self.paths[place])
            except ImageError as error:
                message = Message("training.changed", path=self.paths[place], reason=error)
                raise CatalogError(message) from error
            if (len(self.kept) + 1) * pixels.nbytes <= IN_MEMORY:
                self.kept[place] = pixels
        return pixels
