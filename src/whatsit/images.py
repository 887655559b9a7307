"""Bytes to pixels: the only place that opens, checks and orients a picture."""

import errno
import io
import math
import os
import stat
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from whatsit import scans
from whatsit.checks import require_source
from whatsit.errors import FileAccessError, ImageError, UnusableImageError, WhatsitError
from whatsit.i18n import Message
from whatsit.memory import Budget, TooMuchError


def _readers(*names: str) -> list[str]:
    """Load some of Pillow's readers, and return those that this Pillow has.

    It would load all of them when it first meets none of these, which takes longer and is not thread-safe.
    """
    for name in names:
        with suppress(ImportError):
            import_module(f"PIL.{name}ImagePlugin")
    formats = ("JPEG2000" if name == "Jpeg2K" else name.upper() for name in names)
    return [format for format in formats if format in Image.OPEN]


FORMATS = _readers("Jpeg", "Mpo", "Png", "WebP", "Gif", "Bmp", "Tiff", "Avif")
# What Pillow reads safely by itself too: recognized, so that such a file is not called broken.
FOREIGN = _readers("Jpeg2K", "Ppm", "Tga", "Ico", "Pcx", "Sgi", "Qoi", "Psd")
HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")
Source = str | os.PathLike[str] | bytes
Picture = Source | Image.Image
WHOLE = 64 << 20  # bytes: a larger file is read piece by piece, so that memory stays flat
MOVING = ("GIF", "PNG", "WEBP", "AVIF")  # formats that can be animated; an MPO's second frame is another view
# Opening never waits, as for a pipe without a writer.
_READ_ONLY = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
SMALLEST, LONGEST = 32, 4  # what can be a photo: pixels of the shorter side, times as long as wide
LONGEST_JPEG = 65_500  # pixels of a side
_reading = threading.Lock()  # of a file that several threads were given with one image
LARGE = 4_000_000  # pixels: smaller pictures take what memory they need
STRIP = 1_000_000  # pixels that are converted at a time
DECODED, COEFFICIENTS = 12, 6  # bytes of each pixel: decoded, turned and converted; in a progressive JPEG
AT_ONCE = 1 << 30  # bytes for all large pictures that are open at a time
memory = Budget(AT_ONCE)
# What Pillow allocates in smaller pieces, the C library may keep for the thread that freed it.
Image.core.set_block_size(AT_ONCE)  # type: ignore[attr-defined]
NOT_A_FILE = Message("images.not_a_file")


def _limit(default: int = 89_478_485) -> int:
    value = os.environ.get("WHATSIT_MAX_PIXELS") or default
    try:
        return max(1, int(value))
    except ValueError:
        raise WhatsitError(Message("images.max_pixels", value=value)) from None


# By default where Pillow begins to warn, between once and twice its limit: for us, the limit is the limit.
MAX_PIXELS = Image.MAX_IMAGE_PIXELS = _limit()
warnings.simplefilter("error", Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # on odd metadata, file by file


@dataclass(frozen=True)
class Facts:
    """The facts of a picture's file: format, upright size in pixels, when it was taken (epoch seconds), and
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
        read_file(path, most=0)
        with Image.open(path, formats=FORMATS):
            return True
    except Exception:
        return False


def read_bytes(source: Source) -> bytes:
    """Return the file's content; raises ImageError where it can't be read."""
    return source if isinstance(source, bytes) else read_file(source, math.inf)[0]


def read_file(path: str | os.PathLike[str], most: float = WHOLE) -> tuple[bytes, os.stat_result]:
    """A file's content, nothing of one larger than `most` bytes, and its stat. Raises ImageError.

    It takes few system calls: after each, a thread waits for the others.
    """
    try:
        handle = os.open(path, _READ_ONLY)
        try:
            status = os.fstat(handle)
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(status.st_mode):  # reading it might never end
                raise UnusableImageError(NOT_A_FILE)
            data = b""
            if status.st_size <= most:
                while piece := os.read(handle, status.st_size + 1 - len(data)):
                    data = data + piece if data else piece
                    if len(data) >= status.st_size:
                        break
            return data, status
        finally:
            os.close(handle)
    except ValueError as error:  # of a name that no file can have
        raise explain_unreadable(FileNotFoundError()) from error
    except OSError as error:
        if error.errno == errno.ENXIO:  # what opening a socket gives
            raise UnusableImageError(NOT_A_FILE) from error
        if isinstance(error, FileNotFoundError) and str(path).lower().startswith(("http://", "https://")):
            raise FileAccessError(Message("images.address")) from error
        raise explain_unreadable(error) from error


def explain_unreadable(error: OSError) -> FileAccessError:
    """Why a file could not be read, in words."""
    if isinstance(error, FileNotFoundError):
        return FileAccessError(Message("images.no_file"))
    if isinstance(error, IsADirectoryError):
        return FileAccessError(Message("images.folder"))
    if isinstance(error, PermissionError):
        return FileAccessError(Message("images.forbidden"))
    return FileAccessError(Message("images.unreadable", reason=error.strerror or str(error)))


def open_image(source: Source, at_least: int | None = None) -> Image.Image:
    """Decode a path or bytes into an upright RGB picture, the same pixels from either.

    The first frame counts, transparency is laid on white, grey and palette and CMYK become RGB, and 16-bit
    values keep their upper 8 bits (value // 256). With `at_least`, a JPEG may be decoded at a smaller scale
    whose shorter side still has that many pixels. Raises ImageError for anything that is cut off, larger than
    `MAX_PIXELS` (WHATSIT_MAX_PIXELS), of 32-bit numbers, or not a picture.
    """
    with opened(source, at_least) as image:
        return image


@contextmanager
def opened(picture: Picture, at_least: int | None = None) -> Iterator[Image.Image]:
    """The picture as `open_image` gives it, for a block that makes it smaller. Raises ImageError.

    All large pictures that are open in such blocks share `AT_ONCE` bytes; in other threads they wait. A PIL
    image that is not decoded yet is read from its file. One that is, and may come from a JPEG, is made
    smaller by a decoder of JPEGs too.
    """
    with ExitStack() as held:
        source = _undecoded(picture) if isinstance(picture, Image.Image) else picture
        if isinstance(source, Image.Image):
            yield _from_pillow(source, at_least, held)
        else:
            yield _examine(source, at_least, False, held)[0]


@contextmanager
def examined(
    source: Source, at_least: int | None = None, grey: bool = False
) -> Iterator[tuple[Image.Image, Facts]]:
    """The picture as `opened` gives it, or `grey`, and the facts about its file. Raises ImageError."""
    with ExitStack() as held:
        yield _examine(source, at_least, grey, held)


def examine(source: Source, at_least: int | None = None, grey: bool = False) -> tuple[Image.Image, Facts]:
    """The picture as `open_image` gives it, or `grey`, and the facts about its file. Raises ImageError."""
    with examined(source, at_least, grey) as found:
        return found


def _examine(source: Source, at_least: int | None, grey: bool, held: ExitStack) -> tuple[Image.Image, Facts]:
    require_source(source)
    data = source if isinstance(source, bytes) else read_file(source)[0] or source
    try:
        with _identify(data, held) as image:
            _limit_pixels(image)
            kind, mode, (width, height) = image.format or "", image.mode, image.size
            moves = kind in MOVING and _moves(image)
            smaller = None
            if at_least is not None:
                smaller = _scaled_jpeg(image, data, at_least / min(image.size), grey, held)
            if smaller is None:
                _reserve(image, held)
                image.load()
            # Only now: asking a PNG for its metadata decodes it, and would hide that it is damaged.
            orientation, taken = _metadata(image)
            upright = (height, width) if orientation in (5, 6, 7, 8) else (width, height)
            is_turned = orientation in range(2, 9)
            facts = Facts(kind, *upright, taken, mode, is_turned, moves)
            if smaller is not None:
                return _upright(smaller, image.info) if is_turned else smaller, facts
            return _flattened(_upright(image) if is_turned else image, "L" if grey else "RGB"), facts
    except (ImageError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, TooMuchError):
        raise _too_many_pixels() from None
    except UnidentifiedImageError:
        raise _why_no_picture(_beginning(data), data) from None
    except Exception as error:  # Pillow's readers raise nearly anything on broken input
        raise _damaged(error) from error


def _identify(data: Source, held: ExitStack) -> Image.Image:
    """What Pillow makes of bytes or a large file, not decoded yet."""
    source: Any = data
    if isinstance(data, bytes):
        scans.refuse_many(data)
        source = io.BytesIO(data)
    elif _beginning(data).startswith(scans.JPEG):
        file = open(data, "rb")  # noqa: SIM115 - it is open as long as what Pillow makes of it
        source = scans.Watched(held.enter_context(file))
    return Image.open(source, formats=FORMATS)


def _reserve(image: Image.Image, held: ExitStack, bytes_each: int = DECODED) -> None:
    """Hold the memory that a large picture takes, `bytes_each` of its pixels."""
    if image.width * image.height > LARGE and bytes_each:
        held.enter_context(memory.reserve(image.width * image.height * bytes_each))


def _undecoded(image: Image.Image) -> bytes | Image.Image:
    """The bytes of the file from which Pillow would decode the first frame of an image, or else the image."""
    file = getattr(image, "fp", None)
    if image.format not in FORMATS or not getattr(image, "tile", None) or not file or image.tell():
        return image
    try:
        with _reading:
            file.seek(0)
            data = file.read(WHOLE + 1)
    except Exception:  # it is closed, or no real file
        return image
    return data if isinstance(data, bytes) and 0 < len(data) <= WHOLE else image


def _from_pillow(image: Image.Image, at_least: int | None, held: ExitStack) -> Image.Image:
    _limit_pixels(image)
    _reserve(image, held)
    try:
        image.load()
        smaller = None
        if at_least is not None and image.format in (None, "JPEG", "MPO") and image.mode in ("RGB", "L"):
            smaller = _scaled_again(image, at_least / min(image.size))
        return _flattened(_upright(image) if smaller is None else _upright(smaller, image.info))
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        raise _damaged(error) from error


def _scaled_again(image: Image.Image, scale: float) -> Image.Image | None:
    """A decoded picture as the decoder of JPEGs would have made it smaller; None where it stays as large."""
    width, height = (math.ceil(side * scale) for side in image.size)
    is_smaller = math.ceil(image.width * 7 / 8) >= width and math.ceil(image.height * 7 / 8) >= height
    if not is_smaller or max(image.size) > LONGEST_JPEG or image.has_transparency_data:
        return None
    pixels = np.asarray(image)
    if image.mode == "L":
        data = simplejpeg.encode_jpeg(pixels[:, :, None], quality=100, colorspace="GRAY")
    else:
        data = simplejpeg.encode_jpeg(pixels, quality=100, colorsubsampling="444")
    return Image.fromarray(simplejpeg.decode_jpeg(data, "RGB", min_width=width, min_height=height))


def _limit_pixels(image: Image.Image) -> None:
    if not image.width * image.height:
        raise ImageError(Message("images.no_pixels"))
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> ImageError:
    return ImageError(Message("images.many_pixels", most=MAX_PIXELS))


def _damaged(error: Exception) -> ImageError:
    reason = str(error) or type(error).__name__
    is_cut_off = "truncated" in reason.lower()  # in Pillow's words
    return ImageError(Message("images.cut_off") if is_cut_off else Message("images.damaged", reason=reason))


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
        taken = exif.get_ifd(0x8769).get(0x9003) or exif.get(0x0132)  # DateTimeOriginal, DateTime
        moment = datetime.strptime(str(taken).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        return orientation, moment.replace(tzinfo=UTC).timestamp()
    except Exception:
        return orientation, None


def _upright(image: Image.Image, info: Mapping[str | tuple[int, int], Any] | None = None) -> Image.Image:
    """Turn a picture upright by its own EXIF orientation, or that of another one's `info`."""
    for key in ("exif", "xmp"):
        if info and key in info:
            image.info[key] = info[key]
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _scaled_jpeg(
    image: Image.Image, data: Source, scale: float, grey: bool, held: ExitStack
) -> Image.Image | None:
    """Decode a sound JPEG quickly at a smaller scale; None leaves anything unusual to Pillow's judgement."""
    if not isinstance(data, bytes) or image.format not in ("JPEG", "MPO") or image.mode not in ("RGB", "L"):
        return None
    scale = min(1.0, scale)
    width, height = (math.ceil(side * scale) for side in image.size)
    coefficients = COEFFICIENTS if "progressive" in image.info else 0
    _reserve(image, held, coefficients + math.ceil(DECODED * scale * scale))
    try:
        colors = "GRAY" if grey else "RGB"  # gray alone takes a third of the work
        pixels = simplejpeg.decode_jpeg(data, colors, min_width=width, min_height=height, strict=True)
    except ValueError:
        return None
    return Image.fromarray(pixels[:, :, 0] if grey else pixels)


def _flattened(image: Image.Image, mode: str = "RGB") -> Image.Image:
    """A decoded picture in RGB or grey ("L"), transparency laid on white; strip by strip, to spare memory."""
    if image.width * image.height <= LARGE:
        colors = _to_rgb(image)
        return colors if mode == "RGB" else colors.convert(mode)
    flat = Image.new(mode, image.size)
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        strip = _to_rgb(image.crop((0, top, image.width, min(top + rows, image.height))))
        flat.paste(strip if mode == "RGB" else strip.convert(mode), (0, top))
    return flat


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    elif image.mode in ("I", "F"):
        raise UnusableImageError(Message("images.bits"))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _why_no_picture(beginning: bytes, data: Source) -> ImageError:
    head = beginning.lstrip().lower()
    if not beginning:
        return ImageError(Message("images.empty"))
    if beginning[4:8] == b"ftyp" and beginning[8:12] in HEIC:
        return UnusableImageError(Message("images.heic"))
    if beginning[128:132] == b"DICM":
        return UnusableImageError(Message("images.dicom"))
    if head.startswith((b"<!doctype html", b"<html")):
        return ImageError(Message("images.html"))
    if head.startswith(b"<svg") or (head.startswith(b"<?xml") and b"<svg" in head):
        return ImageError(Message("images.svg"))
    try:
        with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data, formats=FOREIGN) as image:
            return UnusableImageError(Message("images.foreign", format=image.format))
    except Exception:
        return ImageError(Message("images.unknown"))
