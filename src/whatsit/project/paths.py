"""The one rule for paths from a file that a stranger may have written: they stay in their folder.

Sidecars, manifests and runs travel with image folders. `record` is what holds the path; the error names it.
"""

import os
from pathlib import Path, PurePath

from whatsit.errors import UntrustedError


def untrusted(record: Path, why: str) -> UntrustedError:
    """The error for a record that can't be trusted, with how to set it aside."""
    aside = record.with_name(f"{record.name}-set-aside")
    return UntrustedError(f"{record} can't be trusted: {why}.", f"Set it aside: rename it to {aside.name}.")


def plain_name(name: str, record: Path) -> str:
    """A file name without any folder. Raises UntrustedError."""
    if name in ("", ".", "..") or "\0" in name or PurePath(name).name != name:
        raise untrusted(record, f"{name!r} is not a plain file name")
    return name


def inside(folder: Path, path: str | PurePath, record: Path) -> Path:
    """A relative path as one below `folder` that crosses no symbolic link; its last part may be one.

    Raises UntrustedError.
    """
    relative = PurePath(path)
    if not relative.parts or relative.anchor or ".." in relative.parts or "\0" in str(path):
        raise untrusted(record, f"{str(path)!r} leads out of {folder}")
    here = folder
    for part in relative.parts[:-1]:
        here = not_a_link(here / part, record)
    return here / relative.name


def not_a_link(path: Path, record: Path) -> Path:
    """A file or folder, or a place for one, that is not a symbolic link. Raises UntrustedError."""
    if os.path.islink(path):
        raise untrusted(record, f"{path} is a symbolic link")
    return path
