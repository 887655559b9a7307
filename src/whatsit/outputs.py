"""Files that a task writes: never over a file of the user's."""

import os
from pathlib import Path

from whatsit.checks import require_place
from whatsit.errors import WhatsitError
from whatsit.i18n import Message

HEAD = 2000  # bytes, in which the mark of a page and of a figure stands
NOUNS = {
    "table": Message("outputs.table"),
    "events": Message("outputs.events"),
    "report": Message("outputs.report"),
    "figure": Message("outputs.figure"),
    "course": Message("outputs.course"),
}
BEGINNINGS = {"table": b"path,label,verdict", "events": b'{"event": '}
PAGE = b'content="Whatsit"'
MARKS = {"report": PAGE, "figure": b"Software\0Whatsit", "course": PAGE}


def is_ours(kind: str, out: Path) -> bool:
    """Whether nothing is there, an empty file, or one that Whatsit has written."""
    if not os.path.lexists(out):
        return True
    try:
        with open(out, "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    is_marked = head.startswith(BEGINNINGS[kind]) if kind in BEGINNINGS else MARKS[kind] in head
    return not out.is_symlink() and (not head or is_marked)


def require_output(kind: str, out: Path) -> None:
    """Raise WhatsitError, before anything is done, where a file of a kind in NOUNS can't be written.

    Its folder must exist, and a file that is there already must be one of Whatsit's.
    """
    require_place(NOUNS[kind], out)
    if not is_ours(kind, out):
        raise WhatsitError(Message("outputs.not_ours", out=out, noun=NOUNS[kind]))
