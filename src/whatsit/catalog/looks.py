"""How pictures look to a network: measured once, at its size, and kept in the index by content."""

import hashlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from whatsit.catalog.catalog import Catalog, Item
from whatsit.errors import ImageError
from whatsit.events import progress
from whatsit.i18n import Message
from whatsit.images import LONGEST, WHOLE, Source, opened, read_bytes
from whatsit.parallel import in_parallel
from whatsit.project import Database

SIDE = 224  # pixels of the shorter side: what most networks see
SMALL = 32  # pixels: of the gray picture by which copies are recognized
BOX = 9  # pixels, of the blur that makes a sharp picture very different
PERCENTILE = 99  # of the gray levels: how bright its bright parts are
VERSION = 1  # raise it when a measure changes
SAVE_EVERY = 1000  # pictures: what a crash may cost
TOGETHER = 4  # pictures that a thread measures before it hands over
MEASURES = ("contrast", "brightness", "blur")
LOOK = np.dtype(  # as it stands in the database too: little-endian, so that a sidecar can move
    [*((name, "<f4") for name in MEASURES), ("small", "u1", (SMALL, SMALL))]
)
NONE = np.array((np.nan, np.nan, np.nan, np.zeros((SMALL, SMALL))), LOOK)
_down, _right = np.mgrid[-1 : 1 : SMALL * 1j, -1 : 1 : SMALL * 1j].reshape(2, -1)
# Orthonormal columns that hold every smooth shading: a surface of the second degree.
_SHADING: NDArray[np.float64] = np.linalg.qr(
    np.stack([_down**0, _down, _right, _down * _right, _down**2, _right**2], axis=1)
)[0]


def looks_of(catalog: Catalog) -> NDArray[np.void]:
    """How each picture looks (n,), as LOOK: what the index does not know is measured, and kept there.

    `contrast` is the largest standard deviation of a color (0 to 127) that no smooth shading explains,
    `brightness` the level (0 to 255) of the bright parts, `blur` from 0 for sharp to 1, `small` the picture
    in gray. NaN for a file that can't be read anymore, or is another picture now.
    """
    database = catalog.project.database
    contents, first, number = np.unique(catalog.rows["content"], return_index=True, return_inverse=True)
    looks = np.full(len(contents), NONE)
    missing = np.flatnonzero(~_recall(database, contents, looks)).tolist()
    fresh: list[int] = []

    def measure(place: int) -> NDArray[np.void] | None:
        try:
            return look_at(unchanged(catalog.items[first[place]]))
        except ImageError:
            return None

    try:
        with progress("looking", len(missing)) as advance:
            for place, look in zip(missing, in_parallel(measure, missing, together=TOGETHER), strict=True):
                advance()
                if look is not None:
                    looks[place] = look
                    fresh.append(place)
                if len(fresh) >= SAVE_EVERY:
                    _keep(database, contents[fresh], looks[fresh])
                    fresh.clear()
    finally:
        _keep(database, contents[fresh], looks[fresh])
    return looks[number]


def look_at(source: Source) -> NDArray[np.void]:
    """How one picture looks, a LOOK. Raises ImageError."""
    with opened(source, at_least=SIDE) as image:
        width, height = (min(side, LONGEST * min(image.size)) for side in image.size)
        left, top = (image.width - width) / 2, (image.height - height) / 2
        scale = SIDE / min(width, height)
        size = round(width * scale), round(height * scale)
        box = (left, top, left + width, top + height)
        seen = image.resize(size, Image.Resampling.BICUBIC, box, reducing_gap=3.0)
        gray = seen.convert("L")
        small = seen.resize((SMALL, SMALL), Image.Resampling.BOX)
        colors = np.asarray(small, np.float64).reshape(-1, 3)
        colors -= _SHADING @ (_SHADING.T @ colors)
        contrast = np.sqrt((colors**2).mean(axis=0).max())
        levels = np.asarray(gray, np.int16)
        measures = contrast, np.percentile(levels, PERCENTILE), blur_of(levels)
        return np.array((*measures, np.asarray(small.convert("L"))), LOOK)


def blur_of(gray: NDArray[np.int16]) -> float:
    """How blurred a gray picture (h, w) is in its more blurred direction, from 0 for sharp to 1.

    That is the share of the differences between neighbors that outlives blurring it once more: Crete,
    Dolmiere, Ladret, Nicolas, "The Blur Effect", 2007.
    """
    return max(_blur_across(gray), _blur_across(np.ascontiguousarray(gray.T)))


def _blur_across(gray: NDArray[np.int16]) -> float:
    padded = np.pad(gray, ((0, 0), (BOX // 2, BOX // 2)), mode="edge")
    before = np.abs(np.diff(gray)) * np.int16(BOX)
    after = np.abs(padded[:, BOX:] - padded[:, :-BOX])  # neighbors of sums over BOX pixels differ by this
    total = int(before.sum())
    return 1 - int(np.maximum(before - after, 0).sum()) / total if total else 1.0


def _recall(database: Database, contents: NDArray[np.void], looks: NDArray[np.void]) -> NDArray[np.bool_]:
    """Fill in the looks of those sorted `contents` (n,) that the index has; which these are."""
    is_known = np.zeros(len(contents), bool)
    with database.read() as connection:
        found = connection.execute("SELECT content, look FROM looks WHERE version = ?", (VERSION,))
        rows = [row for row in found if _is_sound(*row)]
    if not rows:
        return is_known
    known = np.frombuffer(b"".join(content for content, _ in rows), "V32")
    values = np.frombuffer(b"".join(look for _, look in rows), LOOK)
    plausible = (
        np.isfinite(values["contrast"]) & np.isfinite(values["brightness"]) & np.isfinite(values["blur"])
    )
    _, here, there = np.intersect1d(contents, known[plausible], return_indices=True)
    looks[here] = values[plausible][there]
    is_known[here] = True
    return is_known


def _is_sound(content: object, look: object) -> bool:
    """Whether a row could have been written here: a stranger may have written it."""
    is_bytes = isinstance(content, bytes) and isinstance(look, bytes)
    return is_bytes and len(content) == 32 and len(look) == LOOK.itemsize  # type: ignore[arg-type]


def _keep(database: Database, contents: NDArray[np.void], looks: NDArray[np.void]) -> None:
    if len(contents):
        rows = (
            (content.tobytes(), look.tobytes(), VERSION)
            for content, look in zip(contents, looks, strict=True)
        )
        with database.write() as connection:
            connection.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?)", rows)


def unchanged(item: Item) -> Source:
    """A picture's bytes, or the path of a large file. Raises ImageError where it is another picture now."""
    if item.path.exists() and item.path.stat().st_size > WHOLE:
        return item.path
    data = read_bytes(item.path)
    if hashlib.sha256(data).hexdigest() != item.content:
        raise ImageError(Message("training.file_changed"))
    return data
