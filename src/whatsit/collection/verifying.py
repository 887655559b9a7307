"""Looking at every picture: what can't be read goes to the trash, what is odd is told or mended."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whatsit.catalog.fingerprint import Fingerprint, fingerprint
from whatsit.catalog.listing import SPLIT_NAMES
from whatsit.collection.copies import files_in, groups_of
from whatsit.collection.repair import Mended, Oddity, mend, oddities
from whatsit.engine import in_parallel
from whatsit.errors import CatalogError, FileAccessError, ImageError, UnusableImageError
from whatsit.images import SUFFIXES, is_picture
from whatsit.progress import progress
from whatsit.project import SIDECAR, Action, Project

TOGETHER = 32  # pictures that are mended before they are put in place

Told = tuple[Path, str]


@dataclass
class Verification:
    """What a folder's pictures are like: `pictures` were looked at, of which `fine` have no fault.

    `unreadable` are in the trash where `is_moved`; `left_alone` may be sound, but Whatsit can't use them.
    `odd` lists by oddity; `fixed` tells what was mended. `same` and `near` are groups of copies.
    """

    folder: Path
    images: Path
    pictures: int = 0
    is_moved: bool = False
    unreadable: list[Told] = field(default_factory=list)
    left_alone: list[Told] = field(default_factory=list)
    odd: dict[Oddity, list[Path]] = field(default_factory=dict)
    fixed: list[Told] = field(default_factory=list)
    same: list[list[Path]] = field(default_factory=list)
    near: list[list[Path]] = field(default_factory=list)

    @property
    def fine(self) -> int:
        """How many pictures are readable and not odd."""
        odd = {path for paths in self.odd.values() for path in paths}
        return self.pictures - len(self.unreadable) - len(self.left_alone) - len(odd)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; paths are relative to the image folder."""

        def told(rows: Sequence[Told]) -> list[dict[str, str]]:
            return [{"path": self.name(path), "reason": reason} for path, reason in rows]

        return {
            "folder": str(self.folder),
            "pictures": self.pictures,
            "fine": self.fine,
            "unreadable": told(self.unreadable),
            "moved_to_trash": self.is_moved,
            "left_alone": told(self.left_alone),
            "odd": {oddity: [self.name(path) for path in paths] for oddity, paths in self.odd.items()},
            "fixed": told(self.fixed),
            "same": [[self.name(path) for path in group] for group in self.same],
            "near": [[self.name(path) for path in group] for group in self.near],
        }

    def name(self, path: Path) -> str:
        """A path as it is told: relative to the image folder."""
        return os.path.relpath(path, self.images)

    def is_across_classes(self, group: Sequence[Path]) -> bool:
        """Whether copies lie in several folders."""
        return len({path.parent for path in group}) > 1


def verify_images(
    path: str | os.PathLike[str],
    delete: bool = False,
    max_size: int | None = None,
    fix: bool = False,
    max_workers: int | None = None,
    project: str | Path | None = None,
) -> Verification:
    """Decode every picture below `path`, an image folder or a class's folder, and tell what is wrong.

    With `delete`, what can't be decoded moves to the trash of the image folder; with `fix`, odd pictures are
    replaced by mended ones, and with `max_size` those with a longer side by smaller ones; the originals are
    in the trash. One `undo` brings all back. Raises CatalogError where there is no such folder.
    """
    folder = Path(path).absolute()
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise CatalogError(f"{path} {what}.", "Name a folder of pictures.")
    done = Verification(folder, image_folder(folder))
    prints = _look(folder, done, max_workers)
    odd = {one: found for one, told in prints.items() if (found := oddities(one, told.facts, max_size))}
    by_oddity: dict[Oddity, list[Path]] = defaultdict(list)
    for one, found in odd.items():
        for oddity in found:
            by_oddity[oddity].append(one)
    done.odd = dict(by_oddity)
    for group in groups_of(prints):
        same = {prints[one].content for one in group}
        (done.same if len(same) == 1 else done.near).append(group)
    to_mend = {one: found for one, found in odd.items() if fix or "too large" in found}
    if (delete and done.unreadable) or to_mend:
        keeper = Project(done.images, project)
        with keeper.lock():
            action = keeper.journal.begin()
            if delete and done.unreadable:
                action.trash(done.unreadable)
                done.is_moved = True
            _mend(action, to_mend, prints, max_size, done)
    return done


def image_folder(folder: Path) -> Path:
    """The folder that a sidecar belongs to: itself where it has classes or one already, or the one above."""
    if (folder / SIDECAR).is_dir():
        return folder
    files, has_folders = 0, False
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                has_folders = has_folders or entry.is_dir()
                files += entry.is_file() and os.path.splitext(entry.name)[1].lower() in SUFFIXES
    if has_folders or not files:
        return folder
    for above in folder.parents[:2]:
        if (above / SIDECAR).is_dir():
            return above
    is_split = folder.parent.name.lower() in SPLIT_NAMES
    return folder.parent.parent if is_split else folder.parent


def _look(folder: Path, done: Verification, workers: int | None) -> dict[Path, Fingerprint]:
    """The fingerprints of all pictures that can be decoded; the others are written down in `done`."""
    paths = [one for one in files_in(folder) if one.suffix.lower() in SUFFIXES or is_picture(one)]
    done.pictures = len(paths)

    def look(one: Path) -> Fingerprint | ImageError:
        try:
            return fingerprint(one)
        except ImageError as error:
            return error

    prints = {}
    with progress("Looking at pictures", len(paths)) as advance:
        for one, told in zip(paths, in_parallel(look, paths, workers), strict=True):
            advance()
            if isinstance(told, Fingerprint):
                prints[one] = told
            elif isinstance(told, UnusableImageError | FileAccessError):
                done.left_alone.append((one, str(told)))
            else:
                done.unreadable.append((one, str(told)))
    return prints


def _mend(
    action: Action,
    odd: Mapping[Path, Sequence[Oddity]],
    prints: Mapping[Path, Fingerprint],
    max_size: int | None,
    done: Verification,
) -> None:
    paths = list(odd)

    def try_to(one: Path) -> Mended | ImageError:
        try:
            return mend(one, prints[one].facts, max_size)
        except ImageError as error:
            return error

    with progress("Mending pictures", len(paths)) as advance:
        for start in range(0, len(paths), TOGETHER):
            some = paths[start : start + TOGETHER]
            renamed, replaced = [], []
            taken: set[Path] = set()
            for one, mended in zip(some, in_parallel(try_to, some), strict=True):
                advance()
                if isinstance(mended, ImageError):
                    done.left_alone.append((one, str(mended)))
                    continue
                reason = ", ".join(odd[one])
                target = _free(one, mended, taken)
                taken.add(target)
                if mended.data is None:
                    renamed.append((one, target, reason))
                else:
                    replaced.append((one, target, mended.data, reason))
                done.fixed.append((target, reason))
            if renamed:
                action.move(renamed)
            if replaced:
                action.replace(replaced)


def _free(old: Path, mended: Mended, taken: set[Path]) -> Path:
    """A name that no other picture has."""
    target, number = mended.path, 1
    while target != old and (target in taken or os.path.lexists(target)):
        number += 1
        target = mended.path.with_stem(f"{mended.path.stem}-{number}")
    return target
