"""Where the pictures of an image folder came from, by the manifest that `whatsit collect` wrote there."""

import csv
import stat
from collections import Counter
from contextlib import suppress
from pathlib import Path

from whatsit.catalog.catalog import Catalog
from whatsit.cells import unsafe
from whatsit.project import MANIFEST
from whatsit.text import printable

LARGEST = 256 << 20  # bytes, of a manifest that may come from a stranger
LONGEST = 100  # characters
Names = tuple[str, str]  # of a provider and a license, "" for what is not known


def sources_of(catalog: Catalog) -> Counter[Names] | None:
    """How many of the pictures came from each provider under each license; None without a manifest.

    A picture is known by its content, wherever it lies now, or else by its place.
    """
    known = _known(catalog.root / MANIFEST)
    if known is None:
        return None
    found: Counter[Names] = Counter()
    contents = (row.tobytes().hex() for row in catalog.rows["content"])
    for path, content in zip(catalog.paths, contents, strict=True):
        names = known.get(content) or known.get(path)
        if names:
            found[names] += 1
    return found


def _known(manifest: Path) -> dict[str, Names] | None:
    """Provider and license by SHA-256 and by file; None where there is no manifest that can be read."""
    with suppress(OSError, ValueError, csv.Error):
        facts = manifest.lstat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > LARGEST:
            return None
        known: dict[str, Names] = {}
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("status") == "kept" and "provider" in row:
                    names = _cut(row["provider"]), _cut(row.get("license"))
                    known |= {unsafe(row[key]): names for key in ("sha256", "file") if row.get(key)}
        return known
    return None


def _cut(cell: str | None) -> str:
    return printable(unsafe(cell or ""))[:LONGEST]
