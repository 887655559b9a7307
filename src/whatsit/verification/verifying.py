"""Looking at every picture: what can't be read goes to the trash, odd ones are reported or repaired."""

import os
from pathlib import Path

import numpy as np

from whatsit.catalog.duplicates import groups_of_copies
from whatsit.catalog.entries import SPLIT_NAMES, files_below
from whatsit.catalog.fingerprint import READ_TOGETHER, Fingerprint, fingerprint
from whatsit.checks import is_count, meant, path_of
from whatsit.errors import CatalogError, FileAccessError, ImageError, ProjectError, UnusableImageError
from whatsit.events import progress
from whatsit.formats import RAW, SUFFIXES, is_hidden
from whatsit.i18n import Message, say
from whatsit.images import is_picture
from whatsit.parallel import in_parallel
from whatsit.project import MANIFEST, SIDECAR, Project
from whatsit.verification.changes import repair, to_repair, trash_unreadable
from whatsit.verification.findings import Findings, Verification
from whatsit.verification.repair import oddities

SMALLEST_MAX = 128  # pixels: with less, a picture of extreme shape would become a tiny one


def verify_images(
    path: str | os.PathLike[str],
    delete: bool = False,
    max_size: int | None = None,
    fix: bool = False,
    max_workers: int | None = None,
    project: str | Path | None = None,
) -> Verification:
    """Decode every picture below `path`, an image folder or a class's folder, and report what is wrong.

    With `delete`, what can't be decoded moves to the trash of the image folder; with `fix`, odd pictures are
    replaced by repaired ones, and with `max_size` those with a longer side by smaller ones; the originals are
    in the trash. One `undo` brings all back. What lies behind a symbolic link stays as it is.
    Raises CatalogError where there is no such folder.
    """
    folder = path_of(path, say("verification.folder"), CatalogError).absolute()
    if not folder.is_dir():
        if folder.exists():
            raise CatalogError(Message("verification.folder_is_not_one", folder=path))
        advice = meant(path, Message("verification.give_folder"))
        raise CatalogError(Message("verification.folder_does_not_exist", folder=path, advice=advice))
    if max_size is not None and not is_count(max_size, SMALLEST_MAX):
        given = f"{max_size!r:.60}"
        raise CatalogError(Message("verification.max_size", least=SMALLEST_MAX, given=given))
    if max_workers is not None and not is_count(max_workers, 1):
        raise CatalogError(Message("verification.max_workers", given=f"{max_workers!r:.60}"))
    where = Path(project).absolute() if project else None
    images = image_folder(folder)

    def look() -> Findings:
        return _look(folder, images, max_workers, max_size, where)

    if not (delete or fix or max_size):
        return look().done
    found, sidecar = None, _existing(images, where)
    if sidecar is None:  # nothing was moved here before, and perhaps nothing needs to be
        found = look()
        if not (delete and found.done.unreadable) and not to_repair(found, fix):
            return found.done
        sidecar = Project(images, where)
    with sidecar.lock():  # which repairs what a kill left
        action = sidecar.journal.begin()
        if found is None or action.number > 1:  # others may have moved pictures meanwhile
            found = look()
        if delete:
            trash_unreadable(action, found)
        repair(action, found, to_repair(found, fix), max_size)
    return found.done


def _existing(images: Path, folder: Path | None) -> Project | None:
    """The project, if there is one that can be used."""
    try:
        return Project.existing(images, folder)
    except ProjectError:  # it is raised again where a project is needed
        return None


def image_folder(folder: Path) -> Path:
    """The folder that a sidecar belongs to: that of the classes, never one of them."""
    for near in (folder, *folder.parents[:2]):
        if (near / SIDECAR).is_dir():
            return near
    with os.scandir(folder) as entries:
        inside = [entry for entry in entries if not is_hidden(entry.name)]
    folders = sum(entry.is_dir() for entry in inside)
    has_pictures = any(entry.is_file() and _is_looked_at(Path(entry.path)) for entry in inside)
    if folders > 1 or not has_pictures:  # loose pictures beside classes make no class of their folder
        return folder
    is_split = folder.parent.name.lower() in SPLIT_NAMES
    return folder.parent.parent if is_split else folder.parent


def _is_looked_at(file: Path) -> bool:
    """Whether a file is called a picture, or is one all the same."""
    suffix = file.suffix.lower()
    return suffix in SUFFIXES or (suffix not in RAW and is_picture(file))


def _look(
    folder: Path, images: Path, workers: int | None, max_size: int | None, without: Path | None
) -> Findings:
    """Decode all pictures, and find what is odd or there twice."""
    paths, others = [], []
    for name in files_below(folder, without):
        if _is_looked_at(one := folder / name):
            paths.append(one)
        elif one != images / MANIFEST:
            others.append(one)
    found = Findings(Verification(folder, images, len(paths), others=others))
    done = found.done

    def look(one: Path) -> Fingerprint | ImageError:
        try:
            return fingerprint(one)
        except ImageError as error:
            return error

    with progress("checking", len(paths)) as advance:
        for one, result in zip(paths, in_parallel(look, paths, workers, READ_TOGETHER), strict=True):
            advance()
            if isinstance(result, Fingerprint):
                found.prints[one] = result
            elif isinstance(result, UnusableImageError | FileAccessError):
                done.left_alone.append((one, result.message))
            elif link := found.link_before(one):
                done.left_alone.append((one, Message("verification.and_why", reason=result, why=link)))
            else:
                done.unreadable.append((one, result.message))
    for one, result in found.prints.items():
        if odd := oddities(one, result.facts, max_size):
            found.odd[one] = odd
            for oddity in odd:
                done.odd.setdefault(oddity, []).append(one)
    readable = sorted(found.prints)
    contents = np.array([found.prints[one].content for one in readable], "V32")
    hashes = np.array([found.prints[one].hash for one in readable], np.uint64)
    done.same, done.near = (
        [[readable[place] for place in group.tolist()] for group in groups]
        for groups in groups_of_copies(contents, hashes)
    )
    return found
