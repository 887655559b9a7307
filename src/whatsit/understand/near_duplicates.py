"""Pictures that are the same photo in another size, quality or crop, in groups instead of pairs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whatsit.understand.neighbors import star_leaders
from whatsit.understand.unit import unit

# Copies of 1,713 photos, recompressed, resized or cropped by 4%, are found at 99.5%, and no other pair: see
# docs/decisions.md.
GRAY = 2.0  # weight of the gray pictures beside the features
APART = 0.3  # 1 - cosine of the features, and 1 - correlation of the gray pictures by its weight
# The share of a gray picture that the other explains in a copy; the second where features are further apart
# than FAR: a picture that was made very small keeps its gray picture, but not its features.
ALIKE, SAME = 0.98, 0.995
FAR = 0.12  # 1 - cosine
BORDER = 1  # pixels that a shift may have brought in
RIDGE = 1e-3  # for pictures whose shift or stretch changes nothing
CHUNK = 1024  # pictures compared with another at once

Places = NDArray[np.int64]
Grays = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Copies:
    """Groups of near-duplicates among n pictures.

    `group` (n,) is the number of each one's group, from 0 on in the order of their first members, and -1
    where nothing resembles it. `likeness` (n,), ALIKE to 1, is how much it resembles the group's leader, whom
    all resemble (and the leader the most similar one): 1 for the same content, NaN without a group.
    """

    group: Places
    likeness: NDArray[np.float64]

    def groups(self) -> list[Places]:
        """The places of each group's members (at least two), in their order."""
        order = np.argsort(self.group, kind="stable")[(self.group < 0).sum() :]
        ends = np.flatnonzero(np.diff(self.group[order])) + 1
        return [one for one in np.split(order, ends) if len(one)]

    def across(self, column: NDArray[np.integer]) -> list[Places]:
        """The groups whose members differ in a column (n,): in labels, or in splits, which then leak."""
        return [one for one in self.groups() if len(np.unique(column[one])) > 1]

    def among(self, places: Places) -> "Copies":
        """The same of some places alone, in their order: a group needs two members that are left."""
        group = self.group[places]
        alone = -1 - np.arange(len(group))
        return _numbered(np.where(group < 0, alone, group), self.likeness[places])

    def best(self, rows: NDArray[np.void]) -> Places:
        """The member of each group to keep: most pixels, then most bytes; `rows` (n,) are index.ROW."""
        return np.array([largest(rows, one) for one in self.groups()], np.int64)


def largest(rows: NDArray[np.void], places: Places) -> int:
    """The one of some places with most pixels, then most bytes, then the first; `rows` (n,) are index.ROW."""
    some = rows[places]
    pixels = some["width"].astype(np.int64) * some["height"]
    return int(places[np.lexsort((-some["bytes"], -pixels))[0]])


def find_copies(features: NDArray[np.float32], rows: NDArray[np.void], looks: NDArray[np.void]) -> Copies:
    """The near-duplicates among pictures that can be read.

    `features` (n, width) are of the pretrained backbone, `rows` (n,) of the index (catalog.index.ROW), and
    `looks` (n,) from catalog.looks. Candidates are near in features and gray pictures; they are copies where
    one gray picture, shifted and stretched a little, explains the other. Of pictures of one gray, whose
    features are all the same, only equal files are copies.
    """
    _, first, content = np.unique(rows["content"], return_index=True, return_inverse=True)
    order = np.argsort(first)  # each content once, as they come
    first, rank = first[order], np.argsort(order)
    is_flat = rows["hash"][first] == 0
    grays = looks["small"][first]
    seen = np.flatnonzero(~is_flat)
    leader, likeness = np.arange(len(first)), np.full(len(first), np.nan)

    vectors = compared(features[first[seen]], grays[seen])
    width = features.shape[1]

    def confirm(one: int, others: Places) -> NDArray[np.bool_]:
        alike = likeness_of(grays[seen[one]], grays[seen[others]])
        is_far = vectors[others, :width] @ vectors[one, :width] < 1 - FAR
        is_copy = alike >= np.where(is_far, SAME, ALIKE)
        if is_copy.any():
            likeness[seen[others[is_copy]]] = alike[is_copy]
            likeness[seen[one]] = alike[is_copy].max()
        return is_copy

    leader[seen] = seen[star_leaders(vectors, (2 * APART) ** 0.5, confirm)]
    return _numbered(leader[rank[content]], likeness[rank[content]])


def _numbered(leader: Places, likeness: NDArray[np.float64]) -> Copies:
    """Groups of those (n,) that share a leader, a number of any kind; copies of one content have a NaN."""
    _, first, number, count = np.unique(leader, return_index=True, return_inverse=True, return_counts=True)
    in_group = count > 1
    order = np.argsort(np.where(in_group, first, len(leader)), kind="stable")
    names = np.full(len(first), -1)
    names[order[: in_group.sum()]] = np.arange(in_group.sum())
    group = names[number]
    return Copies(group, np.where(group < 0, np.nan, np.where(np.isnan(likeness), 1.0, likeness)))


def compared(features: NDArray[np.float32], grays: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Vectors (n, width + pixels) whose squared distances are twice what APART limits, of equal lengths."""
    width, halved = features.shape[1], grays.shape[1] // 2
    found = np.empty((len(features), width + halved**2), np.float32)
    for start in range(0, len(features), CHUNK):
        found[start : start + CHUNK, :width] = unit(features[start : start + CHUNK])
        small = _smooth(grays[start : start + CHUNK]).reshape(-1, halved, 2, halved, 2).mean((2, 4))
        found[start : start + CHUNK, width:] = _unit(small.reshape(len(small), -1)) * GRAY**0.5
    return found


def likeness_of(one: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How much of each of the `others` (n, side, side) a gray picture (side, side) explains, up to 1.

    It may be shifted, stretched, and change in brightness and contrast: all to the first order, with the mean
    of both gradients, which is exact to the second (Benhimane, Malis, "Real-time image-based tracking of
    planes using efficient second-order minimization", 2004).
    """
    found = np.empty(len(others))
    source = _smooth(one[None])
    for start in range(0, len(others), CHUNK):
        found[start : start + CHUNK] = _explained(source, _smooth(others[start : start + CHUNK]))
    return found


def _explained(source: Grays, targets: Grays) -> NDArray[np.float64]:
    """The share of the variance of each target (n, side, side) that a source (1, side, side) explains."""
    count, side, _ = targets.shape
    down, right = np.meshgrid(*[np.linspace(-1, 1, side, dtype=np.float32)] * 2, indexing="ij")
    mean = _unit(source.reshape(1, -1)) + _unit(targets.reshape(count, -1))
    steep_down, steep_right = np.gradient(mean.reshape(targets.shape), axis=(1, 2))
    known = np.broadcast_to(source, targets.shape)
    changes = (known, steep_right, steep_down, steep_right * right, steep_down * down)
    inner = slice(BORDER, side - BORDER)
    table = np.stack([one[:, inner, inner].reshape(count, -1) for one in changes], axis=1)
    table = _unit(table)
    target = _unit(targets[:, inner, inner].reshape(count, -1))
    products = table @ table.transpose(0, 2, 1) + RIDGE * np.eye(len(changes), dtype=np.float32)
    wanted = (table @ target[:, :, None])[:, :, 0]
    weights = np.linalg.solve(products, wanted[:, :, None])
    rest = target - (table.transpose(0, 2, 1) @ weights)[:, :, 0]
    return np.asarray(np.maximum(0, 1 - (rest.astype(np.float64) ** 2).sum(axis=1)))


def _smooth(grays: NDArray[np.uint8]) -> Grays:
    """Pictures (n, side, side), blurred by about a pixel, so that their gradients hold for shifts of one."""
    some = grays.astype(np.float32)
    for axis in (1, 2, 1, 2):
        padded = np.pad(some, [(0, 0) if one != axis else (1, 1) for one in range(3)], mode="edge")
        before, middle, after = (np.take(padded, np.arange(n, n + some.shape[axis]), axis) for n in range(3))
        some = (before + 2 * middle + after) * np.float32(0.25)
    return some


def _unit(rows: Grays) -> Grays:
    """Rows (..., k) without their mean, of length 1."""
    centered = rows - rows.mean(axis=-1, keepdims=True)
    return np.asarray(centered / np.maximum(np.linalg.norm(centered, axis=-1, keepdims=True), 1e-9))
