"""Bundles that were replaced: the old file is kept in the sidecar until the trash is emptied.

They lie outside the image folder, mostly, so the journal does not move them, and `undo` does not put them
back. Each content is kept once, under its SHA-256.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from whatsit.errors import ProjectError
from whatsit.i18n import Message
from whatsit.project.files import write_whole
from whatsit.project.paths import inside, not_a_link
from whatsit.project.records import read_json, shaped
from whatsit.text import brief, ending

REPLACED, ABOUT = "replaced", ".about.json"
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Replaced:
    """A file that was replaced `at` a time: its `path` in its record, and where it is `kept` now."""

    path: str
    kept: Path
    at: str
    bytes: int

    def __repr__(self) -> str:
        return brief(self, f"{ending(self.path)}, replaced at {self.at}, {self.bytes:,} bytes")


@contextmanager
def keeping(sidecar: Path, path: Path) -> Iterator[None]:
    """Keep the file that is at `path` while the block writes another one there, unless both are the same."""
    if path.is_symlink() or not path.is_file():  # nothing is lost with a link, or there is nothing
        yield
        return
    before = _sha256(path)
    place = inside(sidecar, Path(REPLACED, before, path.name), sidecar).parent
    is_new = not any(_kept_in(place))
    if is_new:
        _keep(path, place)
    try:
        yield
    finally:
        if is_new and path.is_file() and _sha256(path) == before:
            shutil.rmtree(place, ignore_errors=True)


def list_replaced(sidecar: Path) -> list[Replaced]:
    """What was replaced, the oldest first. Raises UntrustedError."""
    found = []
    for place in not_a_link(sidecar / REPLACED, sidecar).glob("*"):
        if not _SHA256.fullmatch(place.name) or not not_a_link(place, sidecar).is_dir():
            continue
        about: dict[str, str] = {}
        with suppress(OSError, ValueError):
            about = shaped(read_json(place / ABOUT), dict[str, str])
        for kept in _kept_in(place):
            path, at = about.get("path", kept.name), about.get("at", "")
            found.append(Replaced(path, kept, at, kept.stat().st_size))
    return sorted(found, key=lambda one: one.at)


def find_replaced(sidecar: Path, sha256: str) -> Path | None:
    """Where the replaced file of this content is kept; None where none is."""
    return next(_kept_in(not_a_link(sidecar / REPLACED, sidecar) / sha256), None)


def empty_replaced(sidecar: Path) -> None:
    """Delete what was replaced, for good. Raises ProjectError and UntrustedError."""
    for place in {one.kept.parent for one in list_replaced(sidecar)}:
        try:
            shutil.rmtree(place)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProjectError(Message("project.not_deleted", path=place, reason=reason)) from error


def _kept_in(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from (
            path
            for path in place.iterdir()
            if path.name[0] != "." and not path.is_symlink() and path.is_file()
        )


def _keep(path: Path, place: Path) -> None:
    """A second name for the file costs no space; on another disk it is copied."""
    at = datetime.now().astimezone().isoformat(timespec="milliseconds")
    about = json.dumps({"path": str(path.absolute()), "at": at}).encode()
    with suppress(OSError):  # writing fails, and reports it
        place.mkdir(parents=True, exist_ok=True)
    write_whole(place / ABOUT, about)
    kept = place / (path.name.lstrip(".") or "bundle")
    try:
        os.link(path, kept)
    except OSError:
        with path.open("rb") as file:
            write_whole(kept, iter(lambda: file.read(1 << 20), b""))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
