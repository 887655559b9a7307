"""Of pictures that are (nearly) the same, one is kept."""

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from whatsit.catalog import near_duplicates
from whatsit.catalog.fingerprint import Fingerprint, fingerprint
from whatsit.collection.manifest import Manifest
from whatsit.engine import in_parallel
from whatsit.errors import CatalogError, ImageError
from whatsit.images import SUFFIXES, is_hidden
from whatsit.progress import progress
from whatsit.project import Project

Prints = dict[Path, Fingerprint]


def groups_of(prints: Mapping[Path, Fingerprint]) -> list[list[Path]]:
    """Groups of at least two pictures that are the same or nearly the same, each sorted by path."""
    paths = sorted(prints)
    leaders = near_duplicates(np.array([prints[path].hash for path in paths], np.uint64))
    together: dict[object, list[Path]] = defaultdict(list)
    for path, leader in zip(paths, leaders.tolist(), strict=True):
        # Pictures of one grey have no hash: only their content can be the same.
        together[leader if prints[path].hash else prints[path].content].append(path)
    return [group for group in together.values() if len(group) > 1]


def files_in(folder: Path) -> list[Path]:
    """All files below a folder that are not hidden, sorted. Raises CatalogError."""

    def refuse(error: OSError) -> None:
        what = f"{error.filename} can't be read: {error.strerror}."
        raise CatalogError(what, "Check its permissions.") from error

    found = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not is_hidden(name)]
        found += [Path(place, name) for name in names if not is_hidden(name)]
    return sorted(found)


def read_prints(folder: Path, known: Mapping[Path, Fingerprint]) -> Prints:
    """The fingerprints of all pictures in a folder; those that are known already are not read again."""
    paths = [path for path in files_in(folder) if path.suffix.lower() in SUFFIXES] if folder.is_dir() else []
    prints = {path: known[path] for path in paths if path in known}
    unknown = [path for path in paths if path not in known]

    def look(path: Path) -> Fingerprint | None:
        try:
            return fingerprint(path)
        except ImageError:
            return None

    with progress(f"Reading {folder.name}", len(unknown)) as advance:
        for path, told in zip(unknown, in_parallel(look, unknown), strict=True):
            advance()
            if told is not None:
                prints[path] = told
    return prints


def settle(project: Project, manifest: Manifest, label: str, known: Mapping[Path, Fingerprint]) -> Prints:
    """Keep the best of the new pictures of a class that resemble each other, and put the rest into the trash.

    What was there before stays. Returns the fingerprints of all pictures that are left.
    """
    new = {project.images / row.file: row for row in manifest.of(label) if row.status == "new"}
    prints = read_prints(project.images / label, known)
    copies: list[tuple[Path, str]] = []
    for group in groups_of(prints) if new else []:
        # Among the new ones the largest is the best, and of equal ones the one that was found first.
        group.sort(key=lambda path: (path in new, -_pixels(prints[path]), path))
        for path in group[1:]:
            if path in new:
                same = "the same" if prints[path].content == prints[group[0]].content else "nearly the same"
                copies.append((path, f"{same} as {group[0].relative_to(project.images)}"))
    if copies:
        with project.lock():
            project.journal.begin().trash(copies)
    reasons = dict(copies)
    if not new.keys() <= prints.keys():  # killed before it was noted
        trashed = {move.source: move.reason for move in project.journal.trashed() if move.source}
        reasons |= {path: trashed[path] for path in new.keys() & trashed.keys() - prints.keys()}
    for path, row in new.items():
        reason = reasons.get(path)
        manifest.note(row, "duplicate" if reason else "kept", reason or "")
    return {path: told for path, told in prints.items() if path not in reasons}


def _pixels(told: Fingerprint) -> int:
    return told.facts.width * told.facts.height
