"""The manifest follows pictures that a review moved: license and author stay with them."""

import os
from collections import defaultdict
from collections.abc import Iterable

from filelock import FileLock, Timeout

from whatsit.collection.manifest import REMOVED, Manifest, Row, Status
from whatsit.errors import WhatsitError
from whatsit.events import warn
from whatsit.i18n import Message
from whatsit.project import MANIFEST, Decision, Project
from whatsit.project.paths import not_a_link

LOCK = "collecting.lock"
HERE: tuple[Status, ...] = ("kept", "new")


def follow(project: Project) -> None:
    """Have the manifest show what was moved since it did last, if there is one.

    While somebody collects, it is left for the end of that; where it can't be read or written, a warning says
    so, and the next change of the folder tries again.
    """
    if not os.path.lexists(project.images / MANIFEST):
        return
    try:
        if not project.decided.not_followed():
            return
        with FileLock(not_a_link(project.folder / LOCK, project.folder), timeout=0):
            show_moves(project, Manifest(project.images / MANIFEST))
    except Timeout:
        return
    except WhatsitError as error:
        warn(Message("manifests.not_followed", reason=error))


def show_moves(project: Project, manifest: Manifest) -> None:
    """Have the manifest show what was moved since it did last. Whoever calls it holds the lock of collecting.

    After a kill in between it comes to the same rows: a picture's moves are followed from wherever it was.
    """
    moves = project.decided.not_followed()
    if not moves:
        return
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for row in manifest:
        rows[row.sha256].append(row)
    back = [one for _, one, is_made in reversed(moves) if not is_made]
    forth = [one for _, one, is_made in moves if is_made]
    changed = [_take_along(project, rows[one.content], one, is_back=True) for one in back]
    changed += [_take_along(project, rows[one.content], one, is_back=False) for one in forth]
    with project.decided.following(moves):
        manifest.sweep()
        if any(changed):
            manifest.tidy()


def _take_along(project: Project, rows: Iterable[Row], one: Decision, is_back: bool) -> bool:
    """Change the rows of a picture that was moved, or moved back; whether there are any."""
    here, there = one.path, one.place
    if is_back:
        here, there = one.place or one.path, one.path
    before: tuple[Status, ...] = ("removed",) if is_back and one.place is None else HERE
    rows = [row for row in rows if row.status in before]
    # Where there is none of that place, its file was moved by hand.
    found = [row for row in rows if row.file == here.as_posix()]
    found = found or [row for row in rows if not os.path.lexists(project.images / row.file)]
    for row in found:
        row.status = "kept" if there else "removed"
        row.error = "" if there else REMOVED.text("en")
        row.file = (there or here).as_posix()
    return bool(found)


def removed_by_review(project: Project) -> frozenset[str]:
    """The contents, SHA-256 in hex, of pictures that a review removed."""
    return frozenset(one.content for one in project.decided.holding() if one.choice == "remove")
