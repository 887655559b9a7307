"""Bytes to pixels: the only place that opens, checks and orients a picture."""

import io
import math
import os
import warnings
from pathlib import Path

import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from whatsit.errors import ImageError, WhatsitError

Image.init()  # before any thread asks: registering readers is not thread-safe
FORMATS: list[str] = [
    name for name in ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF") if name in Image.OPEN
]
PICTURES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
SUFFIXES = frozenset((*PICTURES, ".heic", ".heif", ".dcm"))  # the last three are recognised and explained
Source = str | os.PathLike[str] | bytes


def _limit(default: int = 89_478_485) -> int:
    asked = os.environ.get("WHATSIT_MAX_PIXELS") or default
    try:
        return max(1, int(asked))
    except ValueError:
        what = f"WHATSIT_MAX_PIXELS={asked} is no number of pixels."
        raise WhatsitError(what, "Set it to one, or unset it.") from None


# By default where Pillow begins to warn, between once and twice its limit: for us, the limit is the limit.
MAX_PIXELS = Image.MAX_IMAGE_PIXELS = _limit()
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
    that is cut off, larger than `MAX_PIXELS` (WHATSIT_MAX_PIXELS), or no picture.
    """
    data = read_bytes(source)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            if at_least is not None and (smaller := _scaled_jpeg(image, data, at_least / min(image.size))):
                return ImageOps.exif_transpose(smaller)
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError:
        raise ImageError(
            f"the picture has more than {MAX_PIXELS:,} pixels",
            "If it is no trap, set WHATSIT_MAX_PIXELS higher.",
        ) from None
    except UnidentifiedImageError:
        raise ImageError(_why_no_picture(data)) from None
    except Exception as error:  # Pillow's readers raise nearly anything on broken input
        raise ImageError(f"the picture is damaged ({str(error) or type(error).__name__})") from error


def _scaled_jpeg(image: Image.Image, data: bytes, scale: float) -> Image.Image | None:
    """Decode a sound JPEG quickly at a smaller scale; None leaves anything unusual to Pillow's judgement."""
    if image.format not in ("JPEG", "MPO") or image.mode not in ("RGB", "L"):
        return None
    width, height = (math.ceil(side * min(1.0, scale)) for side in image.size)
    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB", min_width=width, min_height=height, strict=True)
    except ValueError:
        return None
    smaller = Image.fromarray(pixels)
    if "exif" in image.info:
        smaller.info["exif"] = image.info["exif"]
    return smaller


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
