"""Corrections from visitors, for a later review: never trained on by themselves."""

import hashlib
import io
import logging
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.images import opened
from whatsit.project import write_whole
from whatsit.serving.answers import usable
from whatsit.serving.limits import Limits
from whatsit.serving.problems import ProblemError
from whatsit.text import printable

LONGEST_SIDE = 2048  # pixels
MINUTE = 60.0
MOST_CLIENTS = 10_000


class Inbox:
    """An image folder, one sub-folder for each class, bounded in pictures and bytes.

    Raises WhatsitError where it can't be written to, and for a class whose name can't be a folder's.
    """

    def __init__(self, folder: Path, classes: Sequence[str], limits: Limits) -> None:
        self._folder = folder
        self._classes = set(classes)
        self._limits = limits
        self._recent: dict[str, deque[float]] = {}
        self._keeping = threading.Lock()
        for label in classes:
            if label in ("", ".", "..") or Path(label).name != label or printable(label) != label:
                raise WhatsitError(Message("serve.inbox_class", label=printable(label)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise WhatsitError(Message("serve.inbox_folder", folder=folder, reason=error.strerror)) from error

    def require_turn(self, label: str, client: str) -> None:
        """Raise ProblemError for an unknown class, and for a client that sends many."""
        if label not in self._classes:
            raise ProblemError(400, Message("serve.unknown_class"))
        now, recent = time.monotonic(), self._recent.pop(client, deque())
        self._recent[client] = recent  # now the last
        if len(self._recent) > MOST_CLIENTS:
            del self._recent[next(iter(self._recent))]
        while recent and now - recent[0] > MINUTE:
            recent.popleft()
        if len(recent) >= self._limits.corrections_per_minute:
            raise ProblemError(429, Message("serve.many_corrections"), retry_after=60)
        recent.append(now)

    def keep(self, picture: bytes, label: str) -> None:
        """Write a picture under its class, encoded anew, so without what its file says of place and camera.

        Raises ProblemError for what is not a picture, and where the inbox is full.
        """
        with self._keeping:
            self._require_room()
            data = _bare(picture, self._limits)
            place = self._folder / label / f"{hashlib.sha256(data).hexdigest()[:32]}.jpg"
            try:
                place.parent.mkdir(exist_ok=True)
                write_whole(place, data)
            except (OSError, WhatsitError) as error:
                logging.getLogger("whatsit").exception("a correction was not kept")
                raise _full() from error

    def _require_room(self) -> None:
        """Raise ProblemError where the inbox is full. Others take pictures out, or put them in."""
        sizes = [file.stat().st_size for file in self._folder.glob("*/*.jpg")]
        if len(sizes) >= self._limits.inbox_pictures or sum(sizes) >= self._limits.inbox_bytes:
            raise _full()


def _bare(picture: bytes, limits: Limits) -> bytes:
    encoded = io.BytesIO()
    with usable(picture, limits), opened(picture, at_least=LONGEST_SIDE) as image:
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        Image.frombytes("RGB", image.size, image.tobytes()).save(encoded, "JPEG", quality=92)
    return encoded.getvalue()


def _full() -> ProblemError:
    return ProblemError(507, Message("serve.inbox_full"))
