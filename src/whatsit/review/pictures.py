"""The pictures of a review as its pages show them: small ones from a store, large ones made anew."""

import io
import threading
from pathlib import Path

from PIL import Image

from whatsit.catalog import Catalog
from whatsit.errors import ImageError, WhatsitError
from whatsit.i18n import Message
from whatsit.images import opened
from whatsit.report.thumbnails import data_uri, shrink

TILE, LARGE = 320, 1280  # pixels of the longer side: among others, and alone
WRITE_EVERY = 32  # small ones that are written to the store at once


class Pictures:
    """JPEG files of a catalog's pictures by their content, SHA-256 in hex, for any thread."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._store = catalog.project.previews
        self._row = {content.tobytes().hex(): n for n, content in enumerate(catalog.rows["content"])}
        self._moved: dict[str, Path] = {}
        self._fresh: dict[bytes, bytes] = {}
        self._writing = threading.Lock()

    def get(self, content: str, size: int) -> bytes:
        """A picture that is made no larger than TILE or LARGE pixels.

        Raises WhatsitError for another size or content, and for a file that can't be read.
        """
        if size not in (TILE, LARGE) or content not in self._row:
            raise WhatsitError(Message("review.unclear"))
        if size == TILE:
            return self._known(content) or self._made(content)
        try:
            return self._shrunk(content, LARGE)
        except ImageError:
            if small := self._known(content):  # the file is gone
                return small
            raise

    def move(self, content: str, path: Path) -> None:
        """Note where a picture lies now."""
        self._moved[content] = path

    def place_of(self, content: str) -> Path:
        """Where a picture lies, which may be in the trash."""
        catalog = self._catalog
        path = self._moved.get(content) or catalog.root / catalog.paths[self._row[content]]
        if path.exists() or not catalog.project.is_lasting:
            return path
        removed = (move.in_trash for move in catalog.project.journal.trashed() if move.source == path)
        return next(removed, path)

    def facts(self, content: str) -> dict[str, int]:
        """Width and height in pixels, and bytes."""
        row = self._catalog.rows[self._row[content]]
        return {"width": int(row["width"]), "height": int(row["height"]), "bytes": int(row["bytes"])}

    def close(self) -> None:
        """Keep what was made for the next review."""
        with self._writing:
            fresh, self._fresh = self._fresh, {}
            self._store.put(fresh)

    def _known(self, content: str) -> bytes | None:
        key = bytes.fromhex(content)
        return self._fresh.get(key) or self._store.get([key]).get(key)

    def _made(self, content: str) -> bytes:
        jpeg = self._shrunk(content, TILE)
        self._fresh[bytes.fromhex(content)] = jpeg
        if len(self._fresh) >= WRITE_EVERY:
            self.close()
        return jpeg

    def _shrunk(self, content: str, size: int) -> bytes:
        with opened(self.place_of(content), at_least=size) as image:
            return shrink(image, size)


def encoded(image: Image.Image) -> str:
    """A picture as an address, for what is shown once."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=85)
    return data_uri(data.getvalue())
