"""What is remembered of a picture's file: its content, its looks in 64 bits, and the facts about it."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from whatsit.errors import ImageError
from whatsit.formats import NOT_READ
from whatsit.i18n import Message
from whatsit.images import MAX_PIXELS, Facts, examined, explain_unreadable, read_file

SIDE = 32  # pixels: the hash sees the picture at this size
ENOUGH = 64  # pixels: from a JPEG that is decoded smaller than this, resized copies differ by up to 8 bits
READ_TOGETHER = 16  # files that a thread reads before it hands over
FLAT = 2.0  # grey levels: with less contrast the bits would be chance
JUDGE = f"Pillow {PIL.__version__}, {MAX_PIXELS} pixels"  # who found a file unreadable; another may not

_RESAMPLING = Image.Resampling.BILINEAR  # of the same pictures bicubic finds no more, and takes twice as long
_wave = np.arange(SIDE)
_COSINES = np.cos(np.pi * _wave[:12, None] * (2 * _wave + 1) / (2 * SIDE)).astype(np.float32)
# The 64 lowest frequencies after the mean, in the zigzag order of JPEG's diagonals.
_ZIGZAG: NDArray[np.int64] = np.array(sorted(np.ndindex(12, 12), key=lambda at: (sum(at), at))[1:65]).T


@dataclass(frozen=True)
class Fingerprint:
    """`content` is the SHA-256 of the bytes; `hash` the perceptual hash, 0 for a picture without contrast."""

    content: bytes
    hash: int
    facts: Facts
    stat: tuple[int, int, int]


def stat_key(stat: os.stat_result) -> tuple[int, int, int]:
    """By what a changed file is known: mtime_ns, ctime_ns, size; no moment is before 1677 or after 2262."""
    return _in_64_bits(stat.st_mtime_ns), _in_64_bits(stat.st_ctime_ns), stat.st_size


def _in_64_bits(moment: int) -> int:
    return min(max(moment, -(1 << 63)), (1 << 63) - 1)


def fingerprint(path: Path) -> Fingerprint:
    """Read a file once and decode it wholly. Raises ImageError for what is not a picture or can't be read."""
    data, status = read_file(path)
    try:
        if data or not status.st_size:
            return _fingerprint(data, hashlib.sha256(data).digest(), stat_key(status))
        with open(path, "rb") as file:
            return _fingerprint(path, hashlib.file_digest(file, "sha256").digest(), stat_key(status))
    except OSError as error:
        raise explain_unreadable(error) from error
    except ImageError as error:
        format = NOT_READ.get(path.suffix.lower())
        if format and error.message.code == "images.unknown":
            message = Message("images.misnamed", suffix=path.suffix, format=format)
            raise ImageError(message) from error
        raise


def fingerprint_of(data: bytes) -> Fingerprint:
    """The fingerprint of a file that is not on disk yet. Raises ImageError."""
    return _fingerprint(data, hashlib.sha256(data).digest(), (0, 0, len(data)))


def _fingerprint(source: bytes | Path, content: bytes, stat: tuple[int, int, int]) -> Fingerprint:
    with examined(source, at_least=ENOUGH, grey=True) as (image, facts):
        return Fingerprint(content, perceptual_hash(image), facts, stat)


def perceptual_hash(image: Image.Image) -> int:
    """64 bits that barely change when the picture is resized, recompressed or cropped by a percent.

    Each is set where one of the 64 lowest frequencies (DCT of the grey picture at 32 x 32, without the mean)
    is above their median: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010.
    0 where the picture is nearly one grey.
    """
    small = (image if image.mode == "L" else image.convert("L")).resize((SIDE, SIDE), _RESAMPLING)
    grey: NDArray[np.float32] = np.asarray(small, np.float32)
    if np.vdot(grey, grey) / grey.size - (grey.sum() / grey.size) ** 2 < FLAT * FLAT:
        return 0
    waves = (_COSINES @ grey @ _COSINES.T)[*_ZIGZAG]
    below, above = np.sort(waves)[31:33]  # np.median takes ten times as long
    return int.from_bytes(np.packbits(waves > (below + above) / 2).tobytes(), "big")
