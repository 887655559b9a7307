"""Bytes to pixels: the only place that opens, checks and orients a picture."""

import io
import os
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from whatsit.errors import ImageError

Image.init()  # before any thread asks: registering readers is not thread-safe
FORMATS: list[str] = [
    name for name in ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF") if name in Image.OPEN
]
PICTURES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
SUFFIXES = frozenset((*PICTURES, ".heic", ".heif", ".dcm"))  # the last three are recognised and explained
Source = str | os.PathLike[str] | bytes

MAX_PIXELS = int(os.environ.get("WHATSIT_MAX_PIXELS", 178_956_970))
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Pillow only warns between once and twice its limit: for us, the limit is the limit.
warnings.simplefilter("error", Image.DecompressionBombWarning)


def read_bytes(source: Source) -> bytes:
    """Return the file's content; raises ImageError where it can't be read."""
    if isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except FileNotFoundError:
        raise ImageError("there is no such file") from None
    except PermissionError:
        raise ImageError("the file may not be read: its permissions forbid it") from None
    except OSError as error:
        raise ImageError(f"the file can't be read: {error.strerror}") from error


def open_image(source: Source, at_least: int | None = None) -> Image.Image:
    """Decode a path or bytes into an upright RGB picture, the same pixels from either.

    The first frame counts, transparency is laid on white, grey and palette and CMYK become RGB,
    and 16-bit values keep their upper 8 bits (value // 256). With `at_least`, a JPEG may be decoded
    at a smaller scale whose shorter side still has that many pixels. Raises ImageError for anything
    that is cut off, larger than MAX_PIXELS (environment variable WHATSIT_MAX_PIXELS), or no picture.
    """
    data = read_bytes(source)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            if at_least is not None:
                image.draft("RGB", _draft_size(image.size, at_least))
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(
            f"the picture has more than {MAX_PIXELS:,} pixels",
            "If it is no trap, set WHATSIT_MAX_PIXELS higher.",
        ) from None
    except UnidentifiedImageError:
        raise ImageError(_why_no_picture(data)) from None
    except Exception as error:  # Pillow's readers raise nearly anything on broken input
        raise ImageError(f"the picture is damaged ({str(error) or type(error).__name__})") from error


def _draft_size(size: tuple[int, int], at_least: int) -> tuple[int, int]:
    scale = at_least / min(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    elif image.mode == "F":
        image = image.convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _why_no_picture(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if not data:
        return "the file is empty (0 bytes)"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"):
        return "it is a HEIC photo, which Whatsit does not read: export it as JPEG first"
    if data[128:132] == b"DICM":
        return "it is a DICOM file, which Whatsit does not read: export its image as PNG first"
    if head.startswith((b"<!doctype html", b"<html")):
        return "it is a web page (HTML), not a picture"
    return "it is not a picture of a known format"
