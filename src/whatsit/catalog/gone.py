"""The splits of pictures that are not there any more."""

from collections.abc import Mapping
from pathlib import PurePath

from whatsit.catalog.catalog import Catalog
from whatsit.catalog.entries import SPLIT_NAMES
from whatsit.catalog.index import recorded_splits
from whatsit.catalog.opening import SPLITS
from whatsit.config import Split


def splits_of_gone(catalog: Catalog, gone: Mapping[str, PurePath]) -> dict[str, Split]:
    """The split of pictures by content, each with its last path below the root, as far as it is known.

    It was recorded when it was assigned, or the outermost folder is named like it.
    """
    contents, splits = recorded_splits(catalog.project.database, catalog.rule)
    numbers = (content.tobytes().hex() for content in contents)
    recorded = dict(zip(numbers, (SPLITS[split] for split in splits.tolist()), strict=True))
    found = {}
    for content, path in gone.items():
        split = recorded.get(content) or SPLIT_NAMES.get(path.parts[0].lower())
        if split is not None:
            found[content] = split
    return found
