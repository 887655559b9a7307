"""How many scans a JPEG has: with each, be it of a few bytes, a progressive one changes all its pixels."""

import re
from typing import IO

from whatsit.errors import ImageError

MOST = 100  # scans: programs write 1 to 20, a trap has thousands
JPEG = b"\xff\xd8"
_SCAN = b"\xff\xda"
# The next marker: neither a filling byte, nor an escaped 0xff, nor one of those that a scan restarts at.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ALONE = (0x01, *range(0xD0, 0xD9))  # markers without a length
_END = 0xD9


def refuse_many(data: bytes) -> None:
    """Raise ImageError for a JPEG of more than `MOST` scans; other formats pass."""
    # Nearly always it is enough to count bytes: that is never too few, and too many by what lies behind.
    if data.startswith(JPEG) and data.count(_SCAN) > MOST and count(data, MOST) > MOST:
        raise _too_many()


def count(data: bytes, most: int) -> int:
    """The scans of the first picture in a JPEG or MPO, no further than `most` + 1."""
    scans = place = 0
    while scans <= most and (found := _MARKER.search(data, place)):
        marker, place = found[0][1], found.end()
        if marker == _END:
            break
        if marker == _SCAN[1]:
            scans += 1
        if marker not in _ALONE:
            place += int.from_bytes(data[place : place + 2])
    return scans


class Watched:
    """A JPEG file too large for memory, for Pillow to read: ImageError comes before more than `MOST` scans.

    It is read once. What looks like a scan inside its metadata counts too.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._scans = 0
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._scans += (self._last + data[:1]).count(_SCAN) + data.count(_SCAN)
        self._last = data[-1:]
        if self._scans > MOST:
            raise _too_many()
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Pillow begins again where it decodes what it has identified."""
        self._scans, self._last = 0, b""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _too_many() -> ImageError:
    return ImageError(f"the picture is a JPEG of more than {MOST} scans, which would take minutes to decode")
