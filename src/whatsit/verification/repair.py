"""What is odd about a picture, and the same picture without it."""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from whatsit.errors import ImageError
from whatsit.formats import SUFFIX_OF
from whatsit.i18n import Message
from whatsit.images import LONGEST, SMALLEST, Facts, opened
from whatsit.project import short_name

Oddity = Literal["wrong extension", "CMYK", "on its side", "animated", "tiny", "extreme shape", "too large"]
NAMES: dict[Oddity, Message] = {
    "wrong extension": Message("verification.wrong_extension"),
    "CMYK": Message("verification.cmyk"),
    "on its side": Message("verification.on_its_side"),
    "animated": Message("verification.animated"),
    "tiny": Message("verification.tiny"),
    "extreme shape": Message("verification.extreme_shape"),
    "too large": Message("verification.too_large"),
}
SUFFIXES_OF = {
    "JPEG": (".jpg", ".jpeg", ".jfif", ".jpe"),
    "MPO": (".jpg", ".jpeg", ".jfif", ".jpe", ".mpo"),
    "PNG": (".png", ".apng"),
    "TIFF": (".tif", ".tiff"),
}
LARGEST = 4096  # pixels of the longer side of a picture with bars
LONGEST_EXIF = 65_500  # bytes that a JPEG can hold
LOSSY = ("JPEG", "MPO", "WEBP", "AVIF")
QUALITY = 95


@dataclass(frozen=True)
class Repaired:
    """A picture without its oddities: where it belongs, and its bytes, None where only its name was wrong."""

    path: Path
    data: bytes | None


def oddities(path: Path, facts: Facts, max_size: int | None = None) -> list[Oddity]:
    """What a person may not expect of the picture, and of a longer side than `max_size` pixels."""
    short, long = sorted((facts.width, facts.height))
    found: list[tuple[Oddity, bool]] = [
        ("wrong extension", path.suffix.lower() not in _suffixes(facts.format)),
        ("CMYK", facts.mode == "CMYK"),
        ("on its side", facts.is_turned),
        ("animated", facts.is_animated),
        ("tiny", short < SMALLEST),
        ("extreme shape", long > LONGEST * short),
        ("too large", max_size is not None and long > max_size),
    ]
    return [oddity for oddity, is_so in found if is_so]


def repair_picture(path: Path, facts: Facts, max_size: int | None = None) -> Repaired:
    """Upright RGB, one frame, no smaller than 32 pixels, no longer than 4 times its width, as JPEG or PNG.

    It shrinks to `max_size`, grows to 32 pixels, and gets black bars beside it. A picture of which only the
    extension is wrong keeps its bytes. Raises ImageError.
    """
    if oddities(path, facts, max_size) == ["wrong extension"]:
        return Repaired(path.with_name(short_name(path.stem, SUFFIX_OF[facts.format])), None)
    with opened(path) as image:
        return _without_oddities(path, image, facts, max_size)


def _without_oddities(path: Path, image: Image.Image, facts: Facts, max_size: int | None) -> Repaired:
    metadata = {name: image.info[name] for name in ("exif", "icc_profile") if image.info.get(name)}
    if len(metadata.get("exif", b"")) > LONGEST_EXIF:
        del metadata["exif"]
    if facts.mode not in ("RGB", "RGBA", "P"):
        metadata.pop("icc_profile", None)  # it is one of grey, or of CMYK
    if max_size is None and max(image.size) > LONGEST * min(image.size):
        max_size = LARGEST  # or the bars would make it huge
    if max_size is not None and max(image.size) > max_size:
        image.thumbnail((max_size, max_size), Image.Resampling.LANCZOS)
    least = math.ceil(max(image.size) / LONGEST)
    if min(image.size) < least:
        wider = Image.new("RGB", (max(image.width, least), max(image.height, least)))
        wider.paste(image, ((wider.width - image.width) // 2, (wider.height - image.height) // 2))
        image = wider
    if min(image.size) < SMALLEST:
        scale = SMALLEST / min(image.size)
        sides = [math.ceil(side * scale) for side in image.size]
        image = image.resize((sides[0], sides[1]), Image.Resampling.BICUBIC)
    format = "JPEG" if facts.format in LOSSY else "PNG"
    buffer = io.BytesIO()
    try:
        image.save(buffer, format, **({"quality": QUALITY} if format == "JPEG" else {}), **metadata)
    except (OSError, ValueError) as error:
        raise ImageError(Message("verification.not_saved", reason=str(error))) from error
    is_called_so = path.suffix.lower() in _suffixes(format)
    renamed = path.with_name(short_name(path.stem, SUFFIX_OF[format]))
    return Repaired(path if is_called_so else renamed, buffer.getvalue())


def _suffixes(format: str) -> tuple[str, ...]:
    return SUFFIXES_OF.get(format) or (SUFFIX_OF[format],)
