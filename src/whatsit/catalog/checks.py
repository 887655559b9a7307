"""Whether a model can be trained on a catalog, and what looks like a mistake in it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whatsit.catalog.duplicates import DISTANCE, near_duplicates
from whatsit.catalog.entries import some
from whatsit.catalog.index import heads
from whatsit.errors import CatalogError
from whatsit.i18n import Message
from whatsit.text import printable

Counts = dict[str, dict[str, int]]  # of pictures, {label: {split: count}}, labels in their order


def check(
    root: Path, counts: Counts, unreadable: Sequence[tuple[Path, Message]], is_grouped: bool, to_train: bool
) -> None:
    """Raise CatalogError where there are no pictures or, `to_train`, nothing to train on."""
    if not counts:
        if not unreadable:
            raise CatalogError(Message("catalog.no_pictures", folder=root))
        (path, reason), files = unreadable[0], len(unreadable)
        raise CatalogError(
            Message("catalog.none_usable", folder=root, count=files, name=path.name, reason=reason)
        )
    if not to_train:
        return
    for label in counts:
        if not _is_text(label):  # which no report and no bundle could hold
            raise CatalogError(Message("catalog.class_not_text", label=printable(label), folder=root))
    if len(counts) < 2:
        raise CatalogError(Message("catalog.one_class", label=next(iter(counts))))
    for label, count in counts.items():
        if not count["train"]:
            raise CatalogError(Message("catalog.no_training_pictures", label=label, count=count["valid"]))
    if not any(count["valid"] for count in counts.values()):
        if is_grouped:
            raise CatalogError(Message("catalog.classes_of_one_group"))
        raise CatalogError(Message("catalog.classes_of_one_picture"))


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
) -> Iterator[Message]:
    """What looks like a mistake in the folders.

    `labels` (n,) are places in `names`, `paths` (n,) name the pictures, `rows` (n,) are those of the index.
    """
    unnamed = [printable(label) for label in counts if not _is_text(label)]
    if unnamed:
        yield Message("catalog_warning.not_text", names=some(unnamed))
    folded: dict[str, list[str]] = {}
    for label in counts:
        folded.setdefault(label.casefold(), []).append(label)
    for alike in folded.values():
        if len(alike) > 1:
            yield Message("catalog_warning.differ_in_case", names=some(alike))
    single = [label for label, count in counts.items() if sum(count.values()) == 1]
    if single:
        yield Message("catalog_warning.one_picture", names=some(single))
    untrained = [label for label, count in counts.items() if count["valid"] and not count["train"]]
    if untrained:
        yield Message("catalog_warning.no_training_pictures", names=some(untrained))
    if len(counts) == 1:
        yield Message("catalog_warning.one_class", label=next(iter(counts)))
    untimed = int(np.isnan(rows["taken"]).sum()) if by_time else 0
    if untimed:
        yield Message("catalog_warning.no_time", count=untimed)
    yield from _bursts(names, labels, rows["hash"])
    unmeasured = [label for label, count in counts.items() if count["train"] > 1 and not count["valid"]]
    if unmeasured:
        yield Message("catalog_warning.no_validation_pictures", names=some(unmeasured))
    places = _shared(rows["content"])
    _, content = np.unique(rows["content"][places], return_inverse=True)
    for column, code in (
        (labels, "catalog_warning.two_labels"),
        (rows["split"], "catalog_warning.two_splits"),
    ):
        both = np.unique(np.stack([content, column[places]]), axis=1)[0]
        twice = both[:-1][both[1:] == both[:-1]]
        if len(twice):
            first = [[paths[n] for n in places[content == one].tolist()] for one in twice[:3]]
            yield Message(code, names=some([" = ".join(copies) for copies in first], more=len(twice)))


def _bursts(names: Sequence[str], labels: NDArray[np.int32], hashes: NDArray[np.uint64]) -> Iterator[Message]:
    order = np.argsort(labels, kind="stable")
    bursts = []
    for group in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        some_hash = hashes[group[0]]
        # All near one leader are near each other by twice that: nearly every class ends here.
        is_close = (np.bitwise_count(hashes[group] ^ some_hash) <= 2 * DISTANCE).all()
        if len(group) > 1 and some_hash and is_close and len(set(near_duplicates(hashes[group]))) == 1:
            bursts.append(names[labels[group[0]]])
    if bursts:
        yield Message("catalog_warning.nearly_the_same", names=some(bursts))


def _shared(content: NDArray[np.void]) -> NDArray[np.int64]:
    """The places of contents that other places have too, or nearly."""
    head = heads(content)
    order = np.argsort(head)
    is_next = head[order][1:] == head[order][:-1]
    shared: NDArray[np.int64] = np.sort(order[np.append(is_next, False) | np.insert(is_next, 0, False)])
    return shared
