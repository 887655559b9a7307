"""Collecting addresses quickly, and what came of it."""

import csv
from collections.abc import Iterable
from pathlib import Path

from whatsit.collection import Collection, collect_lists
from whatsit.collection.provider import Found
from whatsit.fetch import Limits

QUICK = Limits(connect=2, read=0.3, whole=0.6, size=1 << 20)


def gather(into: Path, urls: Iterable[str], **options: object) -> Collection:
    """Collect addresses as bears, quickly."""
    options = {"allow_private": True, "limits": QUICK, "backoff": 0.001, **options}
    done = collect_lists({"bear": [Found(url) for url in urls]}, into, **options)  # type: ignore[arg-type]
    assert not [reason for reason in done.classes["bear"].reasons if reason.code == "downloading.fault"]
    return done


def manifest(folder: Path) -> dict[str, dict[str, str]]:
    """Its rows by address."""
    with open(folder / "manifest.csv", encoding="utf-8-sig", newline="") as file:
        return {row["url"]: row for row in csv.DictReader(file)}


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
