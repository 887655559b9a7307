"""Whether a model can be trained on a catalog, and what looks like a mistake in it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.duplicates import DISTANCE, near_duplicates
from whatsit.catalog.index import heads
from whatsit.catalog.listing import some
from whatsit.errors import CatalogError
from whatsit.text import printable

Counts = dict[str, dict[str, int]]  # of pictures, {label: {split: count}}, labels in their order


def check(
    root: Path, counts: Counts, unreadable: Sequence[tuple[Path, str]], is_grouped: bool, to_train: bool
) -> None:
    """Raise CatalogError where there are no pictures or, `to_train`, nothing to learn from."""
    if not counts:
        what = f"{root} holds no pictures in sub-folders."
        if unreadable:
            path, reason = unreadable[0]
            what = f"None of the {len(unreadable)} files in {root} can be used ({path.name}: {reason})."
        raise CatalogError(
            what,
            "Make one sub-folder per class and put its pictures there. (Labels in file names: "
            "Catalog.from_pattern.)",
        )
    if not to_train:
        return
    for label in counts:
        if not _is_text(label):  # which no report and no bundle could hold
            raise CatalogError(
                f"The name of the class {printable(label)} is not UTF-8 text.",
                f"Rename its folder in {root}.",
            )
    if len(counts) < 2:
        raise CatalogError(
            f"There is only one class, {next(iter(counts))!r}.",
            "A classifier needs at least two: add a sub-folder with pictures of something else.",
        )
    for label, count in counts.items():
        if not count["train"]:
            raise CatalogError(
                f"The class {label!r} has no picture to learn from ({count['valid']} for validation).",
                "Add pictures, at least ten if you can.",
            )
    if not any(count["valid"] for count in counts.values()):
        if is_grouped:
            raise CatalogError(
                "No picture is left for validation: each class is a single group.",
                "Give a --group that tells persons, days or things apart, or leave it out.",
            )
        raise CatalogError(
            "No picture is left for validation: every class has only one.",
            "Add pictures, at least ten of each class if you can.",
        )


def _is_text(label: str) -> bool:
    """Whether a name can be written as UTF-8: one from a disk may hold any bytes."""
    try:
        label.encode()
    except UnicodeEncodeError:
        return False
    return True


def oddities(
    counts: Counts,
    names: Sequence[str],
    labels: NDArray[np.int32],
    paths: Sequence[str],
    rows: NDArray[np.void],
    by_time: bool,
) -> Iterator[str]:
    """What looks like a mistake in the folders, in words.

    `labels` (n,) are places in `names`, `paths` (n,) name the pictures, `rows` (n,) are those of the index.
    """
    unnamed = [printable(label) for label in counts if not _is_text(label)]
    if unnamed:
        yield f"classes whose names are not UTF-8 text: {some(unnamed)}. Rename them before you train."
    folded: dict[str, list[str]] = {}
    for label in counts:
        folded.setdefault(label.casefold(), []).append(label)
    for alike in folded.values():
        if len(alike) > 1:
            yield f"classes that differ only in case: {some(alike)}. Are they one?"
    single = [label for label, count in counts.items() if sum(count.values()) == 1]
    if single:
        yield f"only one picture: {some(single)}. It is learnt, but can't be measured; add pictures."
    unlearnt = [label for label, count in counts.items() if count["valid"] and not count["train"]]
    if unlearnt:
        yield f"no picture to learn from: {some(unlearnt)}."
    if len(counts) == 1:
        yield f"only one class, {next(iter(counts))!r}: is the folder one level too high?"
    untimed = int(np.isnan(rows["taken"]).sum()) if by_time else 0
    if untimed:
        yield f"{untimed} pictures say no time at which they were taken: their files' times count."
    yield from _bursts(names, labels, rows["hash"])
    unmeasured = [label for label, count in counts.items() if count["train"] > 1 and not count["valid"]]
    if unmeasured:
        yield f"no validation picture, so not measured: {some(unmeasured)}."
    places = _shared(rows["content"])
    _, content = np.unique(rows["content"][places], return_inverse=True)
    for column, what in (
        (labels, "the same picture under two labels, one of which is wrong"),
        (rows["split"], "the same picture in two splits"),
    ):
        both = np.unique(np.stack([content, column[places]]), axis=1)[0]
        twice = both[:-1][both[1:] == both[:-1]]
        if len(twice):
            first = [[paths[n] for n in places[content == one].tolist()] for one in twice[:3]]
            yield f"{what}: {some([' = '.join(copies) for copies in first], more=len(twice))}."


def _bursts(names: Sequence[str], labels: NDArray[np.int32], hashes: NDArray[np.uint64]) -> Iterator[str]:
    order = np.argsort(labels, kind="stable")
    bursts = []
    for group in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        some_hash = hashes[group[0]]
        # All near one leader are near each other by twice that: nearly every class ends here.
        is_close = (np.bitwise_count(hashes[group] ^ some_hash) <= 2 * DISTANCE).all()
        if len(group) > 1 and some_hash and is_close and len(set(near_duplicates(hashes[group]))) == 1:
            bursts.append(names[labels[group[0]]])
    if bursts:
        yield f"all pictures are nearly the same, so the accuracy says little: {some(bursts)}."


def _shared(content: NDArray[np.void]) -> NDArray[np.int64]:
    """The places of contents that other places have too, or nearly."""
    head = heads(content)
    order = np.argsort(head)
    is_next = head[order][1:] == head[order][:-1]
    shared: NDArray[np.int64] = np.sort(order[np.append(is_next, False) | np.insert(is_next, 0, False)])
    return shared
