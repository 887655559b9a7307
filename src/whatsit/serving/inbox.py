"""Corrections from visitors, for a later review: never trained on by themselves."""

import hashlib
import io
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from whatsit.errors import ImageError, WhatsitError
from whatsit.i18n import Message
from whatsit.images import open_image
from whatsit.project import write_whole
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
        for label in classes:
            if label in ("", ".", "..") or Path(label).name != label or printable(label) != label:
                raise WhatsitError(Message("serve.inbox_class", label=printable(label)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files = [file for file in folder.glob("*/*.jpg") if file.is_file()]
        except OSError as error:
            raise WhatsitError(Message("serve.inbox_folder", folder=folder, reason=error.strerror)) from error
        self._pictures = len(files)
        self._bytes = sum(file.stat().st_size for file in files)

    def require_room(self, label: str, client: str) -> None:
        """Raise ProblemError for an unknown class, a client that sends many, and where the inbox is full."""
        if label not in self._classes:
            raise ProblemError(400, Message("serve.unknown_class"))
        if self._pictures >= self._limits.inbox_pictures or self._bytes >= self._limits.inbox_bytes:
            raise ProblemError(507, Message("serve.inbox_full"))
        if len(self._recent) >= MOST_CLIENTS:
            self._recent.clear()
        now, recent = time.monotonic(), self._recent.setdefault(client, deque())
        while recent and now - recent[0] > MINUTE:
            recent.popleft()
        if len(recent) >= self._limits.corrections_per_minute:
            raise ProblemError(429, Message("serve.many_corrections"), retry_after=60)
        recent.append(now)

    def keep(self, picture: bytes, label: str) -> None:
        """Write a picture under its class, encoded anew, so without what its file says of place and camera.

        Raises ProblemError for what is not a picture.
        """
        try:
            image = open_image(picture, at_least=LONGEST_SIDE)
        except ImageError as error:
            raise ProblemError(400, Message("serve.not_usable", reason=error)) from error
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        bare = Image.frombytes("RGB", image.size, image.tobytes())
        encoded = io.BytesIO()
        bare.save(encoded, "JPEG", quality=92)
        data = encoded.getvalue()
        place = self._folder / label / f"{hashlib.sha256(data).hexdigest()[:32]}.jpg"
        if place.exists():
            return
        try:
            place.parent.mkdir(exist_ok=True)
            write_whole(place, data)
        except (OSError, WhatsitError) as error:
            raise ProblemError(507, Message("serve.inbox_full")) from error
        self._pictures += 1
        self._bytes += len(data)
