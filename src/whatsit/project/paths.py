"""The one rule for paths from a file that a stranger may have written: they stay in their folder.

Sidecars, manifests and runs travel with image folders. `record` is what holds the path; the error names it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from whatsit.errors import UntrustedError
from whatsit.i18n import Message

SIDECAR = ".whatsit"


def untrusted(record: Path, why: Message | str) -> UntrustedError:
    """The error for a record that can't be trusted, with how to set it aside."""
    aside = record.with_name(f"{record.name}-set-aside")
    return UntrustedError(Message("untrusted.record", record=record, reason=why, aside=aside.name))


def plain_name(name: str, record: Path) -> str:
    """A file name without any folder. Raises UntrustedError."""
    if name in ("", ".", "..") or "\0" in name or PurePath(name).name != name:
        raise untrusted(record, Message("untrusted.no_plain_name", name=name))
    return name


def relative(folder: Path, path: str | PurePath, record: Path) -> PurePath:
    """A path that, by its words alone, is one below `folder`. Raises UntrustedError."""
    below = PurePath(path)
    if not below.parts or below.anchor or ".." in below.parts or "\0" in str(path):
        raise untrusted(record, Message("untrusted.leads_out", path=path, folder=folder))
    return below


def inside(folder: Path, path: str | PurePath, record: Path) -> Path:
    """A relative path as one below `folder` that crosses no symbolic link; its last part may be one.

    Raises UntrustedError.
    """
    below = relative(folder, path, record)
    here = folder
    for part in below.parts[:-1]:
        here = not_a_link(here / part, record)
    return here / below.name


def is_link(path: str | Path) -> bool:
    """Whether a path is a symbolic link, or what Windows calls a junction."""
    is_junction = getattr(os.path, "isjunction", None)  # from Python 3.12 on
    return os.path.islink(path) or (is_junction is not None and is_junction(path))


def not_a_link(path: Path, record: Path) -> Path:
    """A file or folder, or a place for one, that is not a symbolic link. Raises UntrustedError."""
    if is_link(path):
        raise untrusted(record, Message("untrusted.link", path=path))
    return path


def check_links(folder: Path) -> None:
    """Raise UntrustedError where something right in a folder is a symbolic link."""
    if os.path.isdir(folder):
        for name in sorted(os.listdir(folder)):
            not_a_link(folder / name, folder)


@contextmanager
def reading(record: Path) -> Iterator[None]:
    """Whatever odd values bring about becomes the error that the record can't be trusted."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise untrusted(record, Message("untrusted.contents")) from error
