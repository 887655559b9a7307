"""A shard: feature vectors of some pictures in one file, written once and never changed."""

import mmap
import os
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.project.files import write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = b"whatsit features 1\n"
HEADER = struct.Struct("<19s5xQQ")  # the magic, how many pictures, how wide a vector
HASH = 32  # bytes of a content
LARGEST_SIDE = 1 << 20
CHUNK = 4096  # vectors at once


@dataclass(frozen=True, eq=False)
class Shard:
    """`contents` (n,), hashes of 32 bytes, and `vectors` float32 (n, width), read from disk when used."""

    path: Path
    contents: "NDArray[np.void]"
    vectors: "NDArray[np.float32]"

    def __len__(self) -> int:
        return len(self.contents)


def open_shard(path: Path) -> Shard | None:
    """Open a shard; None for a file that is torn, of another kind, or not a plain one. Raises OSError."""
    import numpy as np

    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode):
        os.close(handle)
        return None
    with open(handle, "rb") as file:
        if about.st_size < HEADER.size:
            return None
        magic, count, width = HEADER.unpack(file.read(HEADER.size))
        if magic != MAGIC or not 0 < width <= LARGEST_SIDE or not 0 < count <= about.st_size:
            return None
        if about.st_size != HEADER.size + count * (HASH + 4 * width):
            return None
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    contents = np.frombuffer(data, f"V{HASH}", count, HEADER.size)
    vectors = np.frombuffer(data, "<f4", count * width, HEADER.size + HASH * count).reshape(count, width)
    return Shard(path, contents, vectors)


def write_shard(path: Path, parts: "Sequence[tuple[NDArray[np.void], NDArray[np.float32]]]") -> None:
    """Write contents and vectors of all parts, in their order. Raises WhatsitError."""
    count, width = sum(len(contents) for contents, _ in parts), parts[0][1].shape[1]

    def pieces() -> Iterator[bytes]:
        yield HEADER.pack(MAGIC, count, width)
        for contents, _ in parts:
            yield contents.tobytes()
        for _, vectors in parts:
            for start in range(0, len(vectors), CHUNK):
                yield vectors[start : start + CHUNK].astype("<f4").tobytes()

    write_whole(path, pieces())
