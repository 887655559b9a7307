"""Whether what arrived is of use as a picture."""

from pathlib import Path

from whatsit.catalog.fingerprint import Fingerprint, fingerprint, fingerprint_of
from whatsit.errors import ImageError
from whatsit.images import SMALLEST


def judge(part: Path, body: bytes | None) -> Fingerprint:
    """Decode what arrived in memory, and write it to `part`, or is there already. Raises ImageError."""
    found = fingerprint(part) if body is None else fingerprint_of(body)
    size = found.facts.width, found.facts.height
    if min(size) < SMALLEST:
        raise ImageError(f"it is too small ({size[0]} x {size[1]} pixels)")
    if body is not None:
        part.write_bytes(body)
    return found
