"""How many scans a JPEG has: with each, be it of a few bytes, a progressive one changes all its pixels."""

import re
from typing import IO

from whatsit.errors import ImageError
from whatsit.i18n import Message

MOST = 100  # scans: programs write 1 to 20, a trap has thousands
JPEG = b"\xff\xd8"
_SCAN = b"\xff\xda"
# The next marker: neither a filling byte, nor an escaped 0xff, nor one of those that a scan restarts at.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# Markers without a length. The standard reserves those below 0xc0, and decoders skip the marker alone: what
# follows it is read as usual.
_ALONE = frozenset((*range(0xC0), *range(0xD0, 0xD9)))
_END = 0xD9
_SEQUENTIAL = (0xC0, 0xC1, 0xC9)  # begins a frame that is not progressive


def refuse_many(data: bytes) -> None:
    """Raise ImageError for a JPEG of more than `MOST` scans; other formats pass."""
    if data.startswith(JPEG) and count(data, MOST) > MOST:
        raise _too_many()


def count(data: bytes, most: int) -> int:
    """The scans of the first picture in a JPEG or MPO, no further than `most` + 1.

    One that is not progressive and whose first scan holds all colors has no other: what follows is not read.
    """
    scans = place = colors = 0
    while scans <= most and (found := _MARKER.search(data, place)):
        marker, place = found[0][1], found.end()
        if marker == _END:
            break
        if marker in _SEQUENTIAL:
            colors = int.from_bytes(data[place + 7 : place + 8])
        if marker == _SCAN[1]:
            scans += 1
            if colors and data[place + 2 : place + 3] == bytes([colors]):
                break
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
    return ImageError(Message("images.many_scans", most=MOST))
