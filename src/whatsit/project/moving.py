"""Moving one file, never over another and never losing it: until it is whole at its new place it stays."""

import errno
import filecmp
import os
import shutil
from contextlib import suppress
from pathlib import Path

from whatsit.errors import ProjectError
from whatsit.i18n import Message
from whatsit.project.files import make_folders


def move_file(here: Path, there: Path) -> None:
    """Move a file to where there is none, on whatever disk. With ProjectError it is where it was."""
    try:
        try:
            _move(here, there)
        except FileNotFoundError:
            if not os.path.lexists(here):
                raise
            make_folders(there.parent)
            _move(here, there)
    except OSError as error:
        if not os.path.lexists(here):
            raise ProjectError(Message("journal.gone", path=here, target=there)) from error
        if os.path.lexists(there):
            raise ProjectError(Message("journal.in_the_way", path=here, target=there)) from error
        reason = error.strerror or str(error)
        raise ProjectError(Message("journal.not_moved", path=here, target=there, reason=reason)) from error


def finish(here: Path, there: Path) -> None:
    """After a crash in `move_file`: what is whole at both places stays at the new one, half a copy goes."""
    with suppress(OSError):  # not there, most often
        _partial(there).unlink()
    if os.path.lexists(here) and os.path.lexists(there) and _same(here, there):
        here.unlink()


def _move(here: Path, there: Path) -> None:
    try:
        _rename(here, there)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(here, there)


def _rename(here: Path, there: Path) -> None:
    """Unlike os.rename not over a file that came meanwhile, wherever the disk knows hard links."""
    try:
        os.link(here, there, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        if os.path.lexists(there):
            raise FileExistsError(errno.EEXIST, "it is in the way", str(there)) from None
        os.rename(here, there)
    else:
        _leave(here, there)


def _copy(here: Path, there: Path) -> None:
    partial = _partial(there)
    try:
        partial.unlink(missing_ok=True)
        shutil.copyfile(here, partial, follow_symlinks=False)
        with suppress(OSError):  # some disks keep no times and no permissions
            shutil.copystat(here, partial, follow_symlinks=False)
        if not partial.is_symlink():
            sync(partial)
        _rename(partial, there)
    finally:
        partial.unlink(missing_ok=True)
    with suppress(OSError):  # some disks, and Windows, can't sync a folder
        sync(there.parent)
    _leave(here, there)


def _leave(here: Path, there: Path) -> None:
    """Remove a file that is at its new place too, or if it may not be removed the new one."""
    try:
        here.unlink()
    except OSError:
        there.unlink()
        raise


def _same(here: Path, there: Path) -> bool:
    if os.path.samestat(os.lstat(here), os.lstat(there)):
        return True
    if here.is_symlink() or there.is_symlink():
        return here.is_symlink() and there.is_symlink() and os.readlink(here) == os.readlink(there)
    return here.is_file() and there.is_file() and filecmp.cmp(here, there, shallow=False)


def sync(path: Path) -> None:
    """Write a file, or a folder, to the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _partial(path: Path) -> Path:
    return path.with_name(".whatsit-partial")
