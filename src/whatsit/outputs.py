"""Files that a task writes: never over a file of the user's."""

import os
from pathlib import Path

from whatsit.checks import require_place
from whatsit.errors import WhatsitError
from whatsit.i18n import Message

HEAD = 2000  # bytes, in which the mark of each kind of file stands
MARKS = {
    "table": b"path,label,verdict",
    "events": b'{"event": ',
    "report": b'content="Whatsit"',
    "figure": b"Software\0Whatsit",
}


def is_ours(kind: str, out: Path) -> bool:
    """Whether nothing is there, an empty file, or one that Whatsit has written."""
    if not os.path.lexists(out):
        return True
    try:
        with open(out, "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return not out.is_symlink() and (not head or MARKS[kind] in head)


def require_output(kind: str, out: Path) -> None:
    """Raise WhatsitError, before anything is done, where a file of a kind in MARKS can't be written.

    Its folder must exist, and a file that is there already must be one of Whatsit's.
    """
    nouns = {
        "table": "outputs.table",
        "events": "outputs.events",
        "report": "outputs.report",
        "figure": "outputs.figure",
    }
    noun = Message(nouns[kind])
    require_place(noun, out)
    if not is_ours(kind, out):
        raise WhatsitError(Message("outputs.not_ours", out=out, noun=noun))
