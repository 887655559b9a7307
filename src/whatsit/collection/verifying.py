"""Looking at every picture: what can't be read goes to the trash, what is odd is told or mended."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whatsit.catalog.fingerprint import READ_TOGETHER, Fingerprint, fingerprint
from whatsit.catalog.listing import SPLIT_NAMES, files_below
from whatsit.collection.copies import groups_of
from whatsit.collection.looks import Look
from whatsit.collection.repair import Mended, Oddity, mend, oddities
from whatsit.errors import CatalogError, FileAccessError, ImageError, UnusableImageError
from whatsit.formats import RAW, SUFFIXES, is_hidden
from whatsit.images import is_picture
from whatsit.parallel import in_parallel
from whatsit.progress import progress
from whatsit.project import SIDECAR, Action, Project, short_name

TOGETHER = 32  # pictures that are mended before they are put in place
SMALLEST_MAX = 128  # pixels: with less, a picture of extreme shape would become a tiny one

Told = tuple[Path, str]


@dataclass(frozen=True)
class Fixed:
    """A picture that was mended: where it was, where it is now, and why."""

    path: Path
    now: Path
    oddities: Sequence[Oddity]


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
    fixed: list[Fixed] = field(default_factory=list)
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
            "fixed": [
                {"path": self.name(one.path), "now": self.name(one.now), "odd": list(one.oddities)}
                for one in self.fixed
            ],
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
    if (max_size is not None and max_size < SMALLEST_MAX) or (max_workers is not None and max_workers < 1):
        raise CatalogError(
            f"Nothing can be done with max_size={max_size}, max_workers={max_workers}.",
            f"Give a max_size of {SMALLEST_MAX} or more, and one worker or more.",
        )
    done = Verification(folder, image_folder(folder))
    prints = _look(folder, done, max_workers, Path(project).absolute() if project else None)
    odd = {one: found for one, told in prints.items() if (found := oddities(one, told.facts, max_size))}
    by_oddity: dict[Oddity, list[Path]] = defaultdict(list)
    for one, found in odd.items():
        for oddity in found:
            by_oddity[oddity].append(one)
    done.odd = dict(by_oddity)
    for group in groups_of({one: Look.of(told) for one, told in prints.items()}):
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
    folder: Path, done: Verification, workers: int | None, without: Path | None
) -> dict[Path, Fingerprint]:
    """The fingerprints of all pictures that can be decoded; the others are written down in `done`."""
    paths = [one for name in files_below(folder, without) if _is_looked_at(one := folder / name)]
    done.pictures = len(paths)

    def look(one: Path) -> Fingerprint | ImageError:
        try:
            return fingerprint(one)
        except ImageError as error:
            return error

    prints = {}
    with progress("Looking at pictures", len(paths)) as advance:
        for one, told in zip(paths, in_parallel(look, paths, workers, READ_TOGETHER), strict=True):
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
                done.fixed.append(Fixed(one, target, odd[one]))
            if renamed:
                action.move(renamed)
            if replaced:
                action.replace(replaced)


def _free(old: Path, mended: Mended, taken: set[Path]) -> Path:
    """A name that no other picture has."""
    target, number = mended.path, 1
    while target != old and (target in taken or os.path.lexists(target)):
        number += 1
        target = mended.path.with_name(short_name(mended.path.stem, f"-{number}{mended.path.suffix}"))
    return target
