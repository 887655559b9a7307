"""What pictures are labeled now, without assigning splits, decoding or writing anything."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from whatsit.catalog.entries import from_csv, from_folder
from whatsit.catalog.index import look_up
from whatsit.project import Database

Labels = Mapping[str, tuple[str, ...]]


def labels_today(source: Path, database: Database) -> Labels:
    """By the content of each picture in a folder or CSV file, what it is labeled; copies may differ in that.

    The project's index knows most contents; other files are hashed. Raises CatalogError and ProjectError
    where there is nothing to read.
    """
    entries = from_csv(source) if source.suffix.lower() == ".csv" else from_folder(source)
    paths = entries.sort()
    known = look_up(database, entries, paths)
    found: dict[str, set[str]] = {}
    missing = set(known.missing)
    for place, label in enumerate(entries.labels):
        if place in known.refused:
            continue
        content = known.rows["content"][place].tobytes().hex()
        if place in missing:
            content = _hash(entries.root / entries.paths[place])
        if content:
            found.setdefault(content, set()).add(label)
    return {content: tuple(sorted(labels)) for content, labels in found.items()}


def _hash(path: Path) -> str:
    """The SHA-256 of a file; "" for what can't be read, or never ends."""
    with suppress(OSError):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
