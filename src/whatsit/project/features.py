"""Feature vectors on disk."""

import re
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock, Timeout

from whatsit.errors import ProjectError, WhatsitError
from whatsit.i18n import Message
from whatsit.project.paths import not_a_link
from whatsit.project.shards import CHUNK, Shard, open_shard, write_shard
from whatsit.text import brief, ending

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEATURES, SUFFIX = "features", ".features"
_BACKBONE = re.compile(r"[0-9a-f]{64}")
FEW, FACTOR = 256, 4  # shards of up to 256, 1024, 4096, ... vectors are of one size
MANY = 4  # shards of one size, which are merged
TRIES = 9  # to read files that another process merges
OLD = 3600  # seconds, of a file that nobody writes any more


@dataclass(frozen=True)
class Recipe:
    """What a feature depends on beside the picture: the hash of the backbone, and of everything else."""

    backbone: str
    others: str


class FeatureStore:
    """Feature vectors by recipe and content hash, in files that are written once: shards.

    Many processes may read and write at once. A file appears whole or not at all, and small ones are merged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return brief(self, ending(self.folder, 120))

    def fill(
        self, recipe: Recipe, contents: "NDArray[np.void]", vectors: "NDArray[np.float32]"
    ) -> "NDArray[np.bool_]":
        """Put the vectors (n, width) of those `contents` (n,) that are known into `vectors`; which these are.

        The contents differ from each other. Raises ProjectError where the store can't be read.
        """
        import numpy as np

        is_known = np.zeros(len(contents), np.bool_)
        for shard in self._shards(recipe):
            if shard.vectors.shape[1] != vectors.shape[1] or is_known.all():
                continue
            here, there = _shared(contents, shard.contents)
            wanted = ~is_known[here]
            here, there = here[wanted], there[wanted]
            for start in range(0, len(here), CHUNK):
                ours, theirs = here[start : start + CHUNK], there[start : start + CHUNK]
                vectors[ours] = shard.vectors[theirs]
                is_known[ours] = np.isfinite(vectors[ours]).all(1)  # others were never written here
        return is_known

    def put(self, recipe: Recipe, contents: "NDArray[np.void]", vectors: "NDArray[np.float32]") -> None:
        """Add the vectors (n, width) of `contents` (n,), all of them or none. Raises ProjectError."""
        if not len(contents):
            return
        try:
            write_shard(self._make(recipe) / f"{uuid4().hex}{SUFFIX}", [(contents, vectors)])
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProjectError(
                Message("project.features_not_written", path=self.folder, reason=reason)
            ) from error
        except WhatsitError as error:
            raise ProjectError(Message("project.features", reason=error)) from error
        with suppress(Timeout, OSError, WhatsitError):  # later, then
            self._merge(recipe)

    def forget(self, backbone: str) -> None:
        """Delete all that was computed with a backbone, by its hash; anything else is passed over."""
        if _BACKBONE.fullmatch(backbone):
            shutil.rmtree(self._of(backbone), ignore_errors=True)

    def _of(self, backbone: str) -> Path:
        return not_a_link(not_a_link(self.folder, self.folder.parent) / backbone[:32], self.folder)

    def _place(self, recipe: Recipe) -> Path:
        return not_a_link(self._of(recipe.backbone) / recipe.others[:32], self.folder)

    def _make(self, recipe: Recipe) -> Path:
        """The recipe's folder; the one around all is not made, for its image folder may have moved."""
        place = self._place(recipe)
        for folder in (self.folder, place.parent, place):
            folder.mkdir(exist_ok=True)
        return place

    def _shards(self, recipe: Recipe) -> list[Shard]:
        """All shards of a recipe. Raises ProjectError."""
        place = self._place(recipe)
        for _ in range(TRIES):
            try:
                paths = [not_a_link(path, self.folder) for path in sorted(place.glob(f"*{SUFFIX}"))]
                return [shard for path in paths if (shard := open_shard(path)) is not None]
            except FileNotFoundError:  # it was merged just now
                continue
            except OSError as error:
                reason = error.strerror or str(error)
                raise ProjectError(Message("project.features_not_read", path=place, reason=reason)) from error
        return []

    def _merge(self, recipe: Recipe) -> None:
        """Make one of the shards of a size, where they are many. Raises Timeout if another process does."""
        place = self._place(recipe)
        with FileLock(not_a_link(place / "lock", self.folder), timeout=0):
            for torn in place.glob(".whatsit.*"):  # of a process that was killed, unless it is quite new
                if time.time() - torn.lstat().st_mtime > OLD:
                    torn.unlink()
            by_size: dict[int, list[Path]] = {}
            for path, count in [(shard.path, len(shard)) for shard in self._shards(recipe)]:
                by_size.setdefault(_size(count), []).append(path)
            for paths in by_size.values():
                if len(paths) >= MANY:
                    _write_merged(paths, place / f"{uuid4().hex}{SUFFIX}")
                    for path in paths:
                        with suppress(OSError):  # Windows keeps what another process reads
                            path.unlink()


def _write_merged(paths: Sequence[Path], target: Path) -> None:
    """Write one shard with what several have. Afterwards this process has none of them open."""
    write_shard(target, _different([shard for path in paths if (shard := open_shard(path)) is not None]))


def _size(count: int) -> int:
    """0 for up to FEW vectors, 1 for up to FACTOR times as many, and so on."""
    size = 0
    while count > FEW * FACTOR**size:
        size += 1
    return size


def _shared(
    one: "NDArray[np.void]", other: "NDArray[np.void]"
) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Places of the contents that both have, in the order of the second."""
    import numpy as np

    _, here, there = np.intersect1d(one, other, return_indices=True)
    order = np.argsort(there)
    return here[order], there[order]


def _different(shards: Sequence[Shard]) -> "list[tuple[NDArray[np.void], NDArray[np.float32]]]":
    """Contents and vectors of shards, without contents that one before has."""
    import numpy as np

    parts, known = [], np.empty(0, shards[0].contents.dtype)
    width = shards[0].vectors.shape[1]
    for shard in shards:
        if shard.vectors.shape[1] != width:
            continue
        is_new = ~np.isin(shard.contents, known)
        known = np.concatenate([known, shard.contents])
        parts.append((shard.contents[is_new], shard.vectors[is_new] if not is_new.all() else shard.vectors))
    return parts
