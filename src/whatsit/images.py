"""Bytes to pixels: the only place that opens, checks and orients a picture."""

import io
import math
import os
import stat
import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from whatsit.errors import FileAccessError, ImageError, UnusableImageError, WhatsitError

Image.init()  # before any thread asks: registering readers is not thread-safe
FORMATS: list[str] = [
    name for name in ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF") if name in Image.OPEN
]
SUFFIX_OF = {  # what a file of a format is called
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tif",
    "AVIF": ".avif",
}
# What Pillow reads safely by itself too: recognised, so that nobody calls such a file broken.
FOREIGN: list[str] = [
    name for name in ("JPEG2000", "PPM", "TGA", "ICO", "PCX", "SGI", "QOI", "PSD") if name in Image.OPEN
]
# Cameras' own files, TIFF inside: nobody's business but their programs'.
RAW = frozenset((".nef", ".cr2", ".cr3", ".arw", ".dng", ".orf", ".rw2", ".pef", ".srw", ".raf"))
HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")
PICTURES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
SUFFIXES = frozenset((*PICTURES, ".heic", ".heif", ".dcm"))  # the last three are recognised and explained
NOT_THE_USERS = ("@eaDir", "__MACOSX")  # folders of thumbnails that a NAS or a Mac's zip puts beside pictures
Source = str | os.PathLike[str] | bytes
WHOLE = 64 << 20  # bytes: a larger file is read piece by piece, so that memory stays flat
MOVING = ("GIF", "PNG", "WEBP", "AVIF")  # formats that can be animated; an MPO's second frame is no movement
WHEN_TAKEN = (0x9003, 0x0132)  # EXIF DateTimeOriginal, DateTime


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
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # on odd metadata, file by file


@dataclass(frozen=True)
class Facts:
    """What a picture's file says: format, upright size in pixels, when it was taken (epoch seconds), and
    Pillow's mode, whether it must be turned to stand upright, and whether it has frames after the first.
    """

    format: str
    width: int
    height: int
    taken: float | None
    mode: str = "RGB"
    is_turned: bool = False
    is_animated: bool = False


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins like a picture, whatever its name; it may be damaged all the same."""
    try:
        refuse_pipe(path)
        with Image.open(path, formats=FORMATS):
            return True
    except Exception:
        return False


def pixels_of(source: Source) -> int:
    """How many pixels a picture's file says it has; 0 for what is none, or too large to be opened."""
    try:
        opened = io.BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(opened, formats=FORMATS) as image:
            return image.width * image.height
    except Exception:
        return 0


def is_hidden(name: str) -> bool:
    """Whether a file or folder is not meant to be seen, by its name."""
    return name.startswith(".") or name in NOT_THE_USERS


def read_bytes(source: Source) -> bytes:
    """Return the file's content; raises ImageError where it can't be read."""
    if isinstance(source, bytes):
        return source
    refuse_pipe(source)
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise explain_unreadable(error) from error


def refuse_pipe(path: str | os.PathLike[str]) -> None:
    """Raise ImageError for what is neither a file nor a folder: reading it might never end."""
    with suppress(OSError):
        mode = os.stat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise UnusableImageError("it is no file but a pipe or a device")


def explain_unreadable(error: OSError) -> FileAccessError:
    """Why a file could not be read, in words."""
    if isinstance(error, FileNotFoundError):
        return FileAccessError("there is no such file")
    if isinstance(error, PermissionError):
        return FileAccessError("the file may not be read: its permissions forbid it")
    return FileAccessError(f"the file can't be read: {error.strerror}")


def open_image(source: Source, at_least: int | None = None) -> Image.Image:
    """Decode a path or bytes into an upright RGB picture, the same pixels from either.

    The first frame counts, transparency is laid on white, grey and palette and CMYK become RGB, and 16-bit
    values keep their upper 8 bits (value // 256). With `at_least`, a JPEG may be decoded at a smaller scale
    whose shorter side still has that many pixels. Raises ImageError for anything that is cut off, larger than
    `MAX_PIXELS` (WHATSIT_MAX_PIXELS), of 32-bit numbers, or no picture.
    """
    return examine(source, at_least)[0]


def examine(source: Source, at_least: int | None = None, grey: bool = False) -> tuple[Image.Image, Facts]:
    """The picture as `open_image` gives it, or `grey`, and the facts about its file. Raises ImageError."""
    data = source if isinstance(source, bytes) or _is_large(source) else read_bytes(source)
    try:
        with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data, formats=FORMATS) as image:
            _limit_pixels(image)
            kind, mode, (width, height) = image.format or "", image.mode, image.size
            moves = kind in MOVING and _moves(image)
            smaller = None
            if at_least is not None:
                smaller = _scaled_jpeg(image, data, at_least / min(image.size), grey)
            if smaller is None:
                image.load()
            # Only now: asking a PNG for its metadata decodes it, and would hide that it is damaged.
            orientation, taken = _metadata(image)
            upright = (height, width) if orientation in (5, 6, 7, 8) else (width, height)
            facts = Facts(kind, *upright, taken, mode, orientation in range(2, 9), moves)
            if smaller is not None:
                return _upright(smaller), facts
            colours = _to_rgb(_upright(image))
            return colours.convert("L") if grey else colours, facts
    except (ImageError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except UnidentifiedImageError:
        raise _why_no_picture(_beginning(data), data) from None
    except Exception as error:  # Pillow's readers raise nearly anything on broken input
        raise ImageError(f"the picture is damaged ({str(error) or type(error).__name__})") from error


def upright_rgb(image: Image.Image) -> Image.Image:
    """A picture that somebody opened with Pillow, as `open_image` would have given it. Raises ImageError."""
    _limit_pixels(image)
    return _to_rgb(_upright(image))


def _limit_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> ImageError:
    return ImageError(
        f"the picture has more than {MAX_PIXELS:,} pixels;", "if it is no trap, set WHATSIT_MAX_PIXELS higher"
    )


def _is_large(source: str | os.PathLike[str]) -> bool:
    try:
        return os.stat(source).st_size > WHOLE
    except OSError:  # reading it will say why
        return False


def _beginning(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    with open(source, "rb") as file:
        return file.read(512)


def _moves(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # of a file whose later frames are broken
        return False


def _metadata(image: Image.Image) -> tuple[object, float | None]:
    """How the picture lies (EXIF: 1 is upright) and when it was taken; broken metadata break no picture."""
    orientation: object = 1
    try:
        exif = image.getexif()
        orientation = exif.get(0x0112)
        said = exif.get_ifd(0x8769).get(WHEN_TAKEN[0]) or exif.get(WHEN_TAKEN[1])
        moment = datetime.strptime(str(said).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        return orientation, moment.replace(tzinfo=UTC).timestamp()
    except Exception:
        return orientation, None


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _scaled_jpeg(image: Image.Image, data: Source, scale: float, grey: bool) -> Image.Image | None:
    """Decode a sound JPEG quickly at a smaller scale; None leaves anything unusual to Pillow's judgement."""
    if not isinstance(data, bytes) or image.format not in ("JPEG", "MPO") or image.mode not in ("RGB", "L"):
        return None
    width, height = (math.ceil(side * min(1.0, scale)) for side in image.size)
    try:
        colours = "GRAY" if grey else "RGB"  # of grey alone a third is left to compute
        pixels = simplejpeg.decode_jpeg(data, colours, min_width=width, min_height=height, strict=True)
    except ValueError:
        return None
    smaller = Image.fromarray(pixels[:, :, 0] if grey else pixels)
    for said in ("exif", "xmp"):  # where it is written how the picture lies
        if said in image.info:
            smaller.info[said] = image.info[said]
    return smaller


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    elif image.mode in ("I", "F"):
        raise UnusableImageError("its pixels are 32-bit numbers, not colours: export it with 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _why_no_picture(beginning: bytes, data: Source) -> ImageError:
    head = beginning.lstrip().lower()
    if not beginning:
        return ImageError("the file is empty (0 bytes)")
    if beginning[4:8] == b"ftyp" and beginning[8:12] in HEIC:
        return UnusableImageError("it is a HEIC photo, which Whatsit does not read: export it as JPEG first")
    if beginning[128:132] == b"DICM":
        return UnusableImageError(
            "it is a DICOM file, which Whatsit does not read: export its image as PNG first"
        )
    if head.startswith((b"<!doctype html", b"<html")):
        return ImageError("it is a web page (HTML), not a picture")
    if head.startswith(b"<svg") or (head.startswith(b"<?xml") and b"<svg" in head):
        return ImageError("it is an SVG drawing, not a photo: export it as PNG first")
    try:
        with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data, formats=FOREIGN) as image:
            image.load()
            what = f"it is a {image.format} picture, which Whatsit does not read: save it as PNG first"
            return UnusableImageError(what)
    except Exception:
        return ImageError("it is not a picture of a known format")
