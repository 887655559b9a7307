"""What verifying changes: each picture by itself, so that one that can't be changed holds up no other."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from whatsit.errors import ImageError
from whatsit.events import progress
from whatsit.i18n import Message
from whatsit.parallel import in_parallel
from whatsit.project import Action, free_name
from whatsit.verification.findings import Findings, Fixed
from whatsit.verification.repair import NAMES, Oddity, Repaired, repair_picture

TOGETHER = 32  # pictures that are repaired before they are put in place


def to_repair(found: Findings, fix: bool) -> dict[Path, Sequence[Oddity]]:
    """The pictures that are to be written anew: all odd ones, or those that are too large."""
    return {one: odd for one, odd in found.odd.items() if fix or "too large" in odd}


def trash_unreadable(action: Action, found: Findings) -> None:
    """Move what can't be decoded into the trash."""
    done, files = found.done, []
    for one, reason in done.unreadable:
        if why := _why_not(found, one):
            done.left_alone.append((one, Message("verification.and_why", reason=reason, why=why)))
        else:
            files.append((one, reason))
    if files:
        action.trash(files)
        done.is_moved = True
    done.unreadable = files


def repair(
    action: Action, found: Findings, odd: Mapping[Path, Sequence[Oddity]], max_size: int | None
) -> None:
    """Put repaired pictures in the place of odd ones."""
    paths, done = list(odd), found.done

    def try_to(one: Path) -> Repaired | ImageError:
        try:
            return repair_picture(one, found.prints[one].facts, max_size)
        except ImageError as error:
            return error

    with progress("repairing", len(paths)) as advance:
        for start in range(0, len(paths), TOGETHER):
            some = paths[start : start + TOGETHER]
            renamed, replaced = [], []
            taken: set[Path] = set()
            for one, repaired in zip(some, in_parallel(try_to, some), strict=True):
                advance()
                why = _why_not(found, one)
                if isinstance(repaired, ImageError):
                    done.left_alone.append((one, why or repaired.message))
                    continue
                if why:
                    done.left_alone.append((one, why))
                    continue
                reason = Message("verification.oddities", oddities=[NAMES[oddity] for oddity in odd[one]])
                target = _free(one, repaired, taken)
                taken.add(target)
                if repaired.data is None:
                    renamed.append((one, target, reason))
                else:
                    replaced.append((one, target, repaired.data, reason))
                done.fixed.append(Fixed(one, target, odd[one]))
            if renamed:
                action.move(renamed)
            if replaced:
                action.replace(replaced)


def _why_not(found: Findings, one: Path) -> Message | None:
    """Why a picture can't be moved; None where it can."""
    if link := found.link_before(one):
        return link
    if not os.path.lexists(one):
        return Message("verification.gone")
    if not os.access(one.parent, os.W_OK | os.X_OK):
        return Message("verification.no_permission")
    return None


def _free(old: Path, repaired: Repaired, taken: set[Path]) -> Path:
    """A name that no other picture has."""
    return old if repaired.path == old else free_name(repaired.path, taken)
