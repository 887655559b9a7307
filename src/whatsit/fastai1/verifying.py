"""Pictures that can't be read go to the trash, and large ones become smaller."""

from whatsit import verification
from whatsit.commands import command_line
from whatsit.events import note
from whatsit.fastai1.explained import explained
from whatsit.fastai1.paths import PathOrStr
from whatsit.i18n import Message


@explained
def verify_images(
    path: PathOrStr, delete: bool = True, max_workers: int = 4, max_size: int | None = None
) -> verification.Verification:
    """Look at every picture below `path`; with `delete`, what can't be read goes to the trash.

    With `max_size` pixels, pictures with a longer side are replaced by smaller ones, and the originals go to
    the trash too. fastai 1 deleted and overwrote files; here `whatsit undo` brings all back.
    """
    done = verification.verify_images(path, delete, max_size, max_workers=max(1, max_workers))
    counts = {
        "lesson_data.trashed": len(done.unreadable) * done.is_moved,
        "lesson_data.smaller": len(done.fixed),
    }
    if changes := [Message(code, count=count) for code, count in counts.items() if count]:
        command = command_line("undo", done.images)
        note(Message("lesson_data.verified", folder=path, changes=changes, command=command))
    return done
