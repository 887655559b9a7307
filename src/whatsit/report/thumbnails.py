"""Small pictures inside a page."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from whatsit.errors import ImageError
from whatsit.images import opened
from whatsit.parallel import in_parallel
from whatsit.progress import progress

SMALL, LARGE = 144, 256  # pixels of the longer side; twice what is shown of the large ones, for sharp screens
QUALITY = 70


def encode(image: Image.Image, side: int) -> str:
    """A data URI of an image that is made no larger than `side`."""
    image = image.copy()
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    data = io.BytesIO()
    image.save(data, "WEBP", quality=QUALITY, method=2)
    return "data:image/webp;base64," + base64.b64encode(data.getvalue()).decode()


def thumbnails(paths: Sequence[Path], side: int = SMALL) -> dict[Path, str]:
    """Data URIs of pictures; those that can't be read any more are left out."""

    def shrink(path: Path) -> str:
        try:
            with opened(path, at_least=side) as image:
                return encode(image, side)
        except ImageError:
            return ""

    found = {}
    with progress("Shrinking pictures", len(paths)) as advance:
        for path, uri in zip(paths, in_parallel(shrink, paths), strict=True):
            advance()
            if uri:
                found[path] = uri
    return found
