"""Whether what arrived is of use as a picture."""

from pathlib import Path

from whatsit.catalog.fingerprint import Fingerprint, fingerprint, fingerprint_of
from whatsit.errors import ImageError
from whatsit.i18n import Message
from whatsit.images import SMALLEST


def judge(part: Path, body: bytes | None) -> Fingerprint:
    """Decode what arrived in memory, and write it to `part`, or is there already. Raises ImageError."""
    found = fingerprint(part) if body is None else fingerprint_of(body)
    size = found.facts.width, found.facts.height
    if min(size) < SMALLEST:
        raise ImageError(Message("downloading.too_small", width=size[0], height=size[1]))
    if body is not None:
        part.write_bytes(body)
    return found
