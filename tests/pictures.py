"""Pictures put into folders, and what a folder holds."""

import os
from pathlib import Path

from PIL import Image

Contents = dict[str, bytes | str]


def put(path: Path, data: bytes | Image.Image, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        data.save(path, **options)
    return path


def on_its_side(image: Image.Image, orientation: int = 6) -> Image.Exif:
    exif = image.getexif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8769)[0x9003] = "2021:05:06 07:08:09"
    return exif


def contents(images: Path) -> Contents:
    """What every file outside the sidecar holds, or where every link points."""
    found: Contents = {}
    for place, folders, names in os.walk(images):
        folders[:] = [name for name in folders if name != ".whatsit"]
        for name in names:
            path = Path(place, name)
            found[str(path.relative_to(images))] = (
                os.readlink(path) if path.is_symlink() else path.read_bytes()
            )
    return found
