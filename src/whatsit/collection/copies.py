"""Of pictures that are (nearly) the same, one is kept."""

from collections import deque
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from whatsit.catalog.duplicates import duplicate_groups
from whatsit.catalog.entries import files_below
from whatsit.catalog.fingerprint import READ_TOGETHER, fingerprint
from whatsit.collection.looks import Look, Looks
from whatsit.collection.manifest import TOGETHER, Manifest
from whatsit.errors import ImageError
from whatsit.events import progress
from whatsit.formats import SUFFIXES
from whatsit.i18n import Message
from whatsit.parallel import in_parallel
from whatsit.project import Project
from whatsit.project.moving import sync

DISK = 16  # files that are brought safely to disk at once: that is waiting, not work


def read_looks(images: Path, label: str, known: Mapping[str, Look]) -> Looks:
    """The looks of all pictures of a class; those that are known already are not read again."""
    folder = images / label
    inside = files_below(folder) if folder.is_dir() else []
    files = [f"{label}/{name}" for name in inside if name[name.rfind(".") :].lower() in SUFFIXES]
    looks = {file: known[file] for file in files if file in known}
    unknown = [file for file in files if file not in known]

    def look(file: str) -> Look | None:
        try:
            return Look.of(fingerprint(images / file))
        except ImageError:
            return None

    with progress(label, len(unknown)) as advance:
        for file, found in zip(unknown, in_parallel(look, unknown, together=READ_TOGETHER), strict=True):
            advance()
            if found is not None:
                looks[file] = found
    return looks


def settle(project: Project, manifest: Manifest, label: str, known: Mapping[str, Look]) -> Looks:
    """Keep the best of the new pictures of a class that resemble each other, and put the rest into the trash.

    What was there before stays. Returns the looks of all pictures that are left.
    """
    new = {row.file: row for row in manifest.of(label) if row.status == "new"}
    looks = read_looks(project.images, label, known)
    copies: dict[str, Message] = {}
    for group in duplicate_groups(looks) if new else []:
        # Among the new ones the largest is the best, and of equal ones the one that was found first.
        group.sort(key=lambda file: (file in new, -looks[file].pixels, file))
        for file in group[1:]:
            if file in new:
                is_same = looks[file].content == looks[group[0]].content
                code = "downloading.same" if is_same else "downloading.nearly_same"
                copies[file] = Message(code, file=group[0])
    if copies:
        with project.lock():
            action, rest = project.journal.begin(), iter(copies.items())
            while some := list(islice(rest, TOGETHER)):
                action.trash((project.images / file, reason) for file, reason in some)
    kept = [file for file in new if file in looks and file not in copies]
    deque(in_parallel(lambda file: sync(project.images / file), kept, DISK, together=16), maxlen=0)
    manifest.note_all(
        (row, "duplicate" if file in copies else "kept", copies.get(file, ""))
        for file, row in new.items()
        if file in looks  # else somebody took it away meanwhile, and the next run finds out
    )
    return {file: look for file, look in looks.items() if file not in copies}
