"""Small pictures inside a page."""

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

from whatsit.catalog import Catalog
from whatsit.errors import ImageError
from whatsit.events import progress
from whatsit.images import opened
from whatsit.parallel import in_parallel
from whatsit.project import Project

SMALL, LARGE = 144, 256  # pixels of the longer side; twice what is shown of the large ones, for sharp screens
QUALITY = 70
Known = Callable[[Sequence[Path]], Mapping[Path, bytes]]  # the thumbnails that are there already


def no_thumbnails(paths: Sequence[Path]) -> Mapping[Path, bytes]:
    """None are there."""
    return {}


def shrink(image: Image.Image, side: int = SMALL) -> bytes:
    """A JPEG file of an RGB image that is made no larger than `side`."""
    image = image.copy()
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=1.2)
    jpeg: bytes = simplejpeg.encode_jpeg(np.asarray(image), quality=QUALITY, colorsubsampling="420")
    return jpeg


def known_thumbnails(catalog: Catalog, project: Project, paths: Sequence[Path]) -> dict[Path, bytes]:
    """The thumbnails that a project has of some of a catalog's pictures."""
    wanted = set(paths)
    content_of = {item.path: bytes.fromhex(item.content) for item in catalog if item.path in wanted}
    found = project.thumbnails.get(list(content_of.values()))
    return {path: found[content] for path, content in content_of.items() if content in found}


def data_uri(jpeg: bytes) -> str:
    """A JPEG file as an address."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def thumbnails(
    paths: Sequence[Path], side: int = SMALL, known: Mapping[Path, bytes] | None = None
) -> dict[Path, str]:
    """Data URIs of pictures, of `known` ones without decoding them; without those that can't be read."""
    known = known or {}

    def look(path: Path) -> bytes:
        try:
            with opened(path, at_least=side) as image:
                return shrink(image, side)
        except ImageError:
            return b""

    missing = [path for path in paths if path not in known]
    fresh: dict[Path, bytes] = {}
    with progress("thumbnails", len(missing)) as advance:
        for path, jpeg in zip(missing, in_parallel(look, missing), strict=True):
            advance()
            fresh[path] = jpeg
    found = {path: fresh[path] if path in fresh else known[path] for path in paths}
    return {path: data_uri(jpeg) for path, jpeg in found.items() if jpeg}
