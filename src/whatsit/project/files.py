"""Writing a file whole or not at all."""

import os
import tempfile
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from whatsit.errors import WhatsitError
from whatsit.i18n import Message

LONGEST_NAME = 255  # bytes of a file's name, on nearly all disks


def short_name(stem: str, ending: str) -> str:
    """A file name from a stem and an ending (`-2.jpg`), its stem cut where it would be too long."""
    room = LONGEST_NAME - len(os.fsencode(ending))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + ending


def free_name(path: Path, taken: Collection[Path] = ()) -> Path:
    """The path, or one with a number, that no file has and that is not `taken`: 1.jpg, 1-2.jpg, 1-3.jpg."""
    target, number = path, 1
    while target in taken or os.path.lexists(target):
        number += 1
        target = path.with_name(short_name(path.stem, f"-{number}{path.suffix}"))
    return target


def size_of(folder: Path) -> int:
    """Bytes in all files below a folder, without what vanishes meanwhile."""
    size, waiting = 0, [str(folder)]
    while waiting:  # os.walk fails where folders are nested deep
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if not entry.is_dir():
                        size += os.lstat(entry.path).st_size
                    elif not entry.is_symlink():
                        waiting.append(entry.path)
    return size


def make_folders(folder: Path) -> None:
    """Create a folder and those above it where they are missing, however deep it is. Raises OSError."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)


def write_whole(path: Path, data: bytes | Iterable[bytes], temporary_prefix: str = ".whatsit.") -> None:
    """Write data, or parts of it, under a temporary name, sync, rename: a reader never sees half a file.

    Raises WhatsitError where the folder can't be written, no longer exists (it is not created again: its
    image folder may have moved), or the disk is full. Only a kill leaves the temporary file behind.
    """
    write_together({path: data}, temporary_prefix)


def write_together(
    files: Mapping[Path, bytes | Iterable[bytes]], temporary_prefix: str = ".whatsit."
) -> None:
    """Write files of a folder as `write_whole` does, and rename them in this order once all are written."""
    written: dict[Path, str] = {}
    path = Path()
    try:
        for path, data in files.items():
            handle, written[path] = tempfile.mkstemp(dir=path.parent, prefix=temporary_prefix)
            with os.fdopen(handle, "wb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(written[path], 0o644)
        for path in files:
            os.replace(written[path], path)
            del written[path]
    except OSError as error:
        reason = error.strerror or str(error)
        raise WhatsitError(Message("project.file_not_written", path=path, reason=reason)) from error
    finally:
        for temporary in written.values():
            Path(temporary).unlink(missing_ok=True)
