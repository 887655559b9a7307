"""After a crash in collecting: what had arrived is put in, what had not is waited for again."""

import hashlib
import os
import stat
from collections import defaultdict
from pathlib import Path

from whatsit.collection.manifest import Manifest, Row
from whatsit.i18n import Message
from whatsit.project import Project
from whatsit.project.moving import move_file
from whatsit.project.paths import inside, not_a_link, untrusted

SPOILT = Message("downloading.spoilt")


def recover(project: Project, incoming: Path, manifest: Manifest) -> None:
    """After a crash: put in what had arrived and was written down, throw half files away, wait for others.

    Raises UntrustedError where the folder `incoming` or a class's folder leads elsewhere.
    """
    not_a_link(incoming, project.folder).mkdir(parents=True, exist_ok=True)
    images = project.images
    absent: list[Row] = []
    spoilt: list[Row] = []
    for row in manifest:
        if row.status == "new":
            there = inside(images, row.file, manifest.path)
            if not os.path.lexists(there):
                absent.append(row)
            elif _sha256(there) != row.sha256:
                spoilt.append(row)
    if spoilt:  # by a power failure, or by somebody: it is fetched again
        with project.lock():
            project.journal.begin().trash(
                (images / file, SPOILT) for file in dict.fromkeys(row.file for row in spoilt)
            )
    missing: defaultdict[str | None, list[Row]] = defaultdict(list)
    for row in (*absent, *spoilt):
        missing[row.sha256].append(row)
    for part in incoming.iterdir():
        if part.is_dir() and not part.is_symlink():
            raise untrusted(project.folder, Message("manifests.no_file", path=part))
        arrived = missing[_sha256(part)]
        if arrived:
            move_file(part, images / arrived.pop().file)
        else:
            part.unlink()
    lost = [row for rows in missing.values() for row in rows]
    moves = project.journal.trashed() if lost else []
    spoilt_before = SPOILT.text("en")  # as older versions wrote it
    trashed = {move.source: move.reason for move in moves if move.reason.text("en") != spoilt_before}
    for row in lost:
        reason = trashed.get(images / row.file)  # killed after it was found to be a copy
        manifest.note(row, "duplicate" if reason else "waiting", reason or "")


def _sha256(path: Path) -> str | None:
    """Of a file's content; None of a link, a pipe or a folder, which might be endless or elsewhere."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
