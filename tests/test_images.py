import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from whatsit.errors import ImageError
from whatsit.images import open_image, opened


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_every_common_format_opens_to_rgb(format: str) -> None:
    image = open_image(encoded(Image.new("RGB", (40, 30), (200, 30, 30)), format))
    assert image.mode == "RGB"
    assert image.size == (40, 30)
    assert np.allclose(np.asarray(image)[15, 20], (200, 30, 30), atol=12)


def test_path_and_bytes_give_the_same_pixels(photo: Path) -> None:
    assert open_image(photo).tobytes() == open_image(photo.read_bytes()).tobytes()
    assert open_image(photo, at_least=100).tobytes() == open_image(photo.read_bytes(), at_least=100).tobytes()


def test_large_jpeg_is_decoded_at_a_smaller_scale_that_is_still_large_enough(photo: Path) -> None:
    assert open_image(photo, at_least=100).size == (160, 120)
    assert open_image(photo, at_least=1000).size == (640, 480)


def test_phone_photo_is_turned_upright() -> None:
    image = Image.new("RGB", (40, 20))
    exif = Image.Exif()
    exif[274] = 6
    assert open_image(encoded(image, "JPEG", exif=exif)).size == (20, 40)


@pytest.mark.parametrize("at_least", [None, 50])
@pytest.mark.parametrize("said", ["exif", "xmp"])
def test_phone_photo_is_turned_upright_at_every_scale(said: str, at_least: int | None) -> None:
    image = Image.new("RGB", (400, 200), "red")
    image.paste("blue", (200, 0, 400, 200))
    exif = Image.Exif()
    exif[274] = 6
    reported = {"exif": exif} if said == "exif" else {"xmp": b'<x tiff:Orientation="6"/>'}
    upright = open_image(encoded(image, "JPEG", quality=95, **reported), at_least)
    assert upright.width * 2 == upright.height
    assert upright.getpixel((5, 5))[0] > 200  # what was left is on top now
    assert upright.getpixel((5, upright.height - 5))[2] > 200


def test_transparent_pixels_become_white() -> None:
    assert open_image(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "PNG")).getpixel((1, 1)) == (255,) * 3
    half = open_image(encoded(Image.new("LA", (4, 4), (0, 128)), "PNG")).getpixel((1, 1))
    assert half == (127,) * 3
    palette = Image.new("P", (4, 4), 0)
    assert open_image(encoded(palette, "PNG", transparency=0)).getpixel((1, 1)) == (255,) * 3


def test_sixteen_bit_grey_keeps_its_upper_eight_bits() -> None:
    deep = Image.fromarray(np.array([[0, 255, 256, 32768, 65535]], np.uint16))
    assert list(np.asarray(open_image(encoded(deep, "PNG")))[0, :, 0]) == [0, 0, 1, 128, 255]


@pytest.mark.parametrize("numbers", [np.int32, np.float32])
def test_numbers_that_are_no_colors_are_refused(numbers: type) -> None:
    with pytest.raises(ImageError, match="32-bit numbers"):
        open_image(encoded(Image.fromarray(np.ones((4, 4), numbers)), "TIFF"))


def test_picture_opened_with_pillow_is_treated_as_its_file_is(photo: Path) -> None:
    exif = Image.Exif()
    exif[274] = 8
    files = [
        encoded(Image.open(photo), "JPEG", exif=exif),
        encoded(Image.new("RGBA", (40, 30), (10, 20, 30, 90)), "PNG"),
        encoded(Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50), "PNG"),
    ]
    for data in files:
        image = Image.open(io.BytesIO(data))
        with opened(image) as lazy:
            assert lazy.tobytes() == open_image(data).tobytes()
        image.load()
        with opened(image) as decoded:
            assert decoded.tobytes() == open_image(data).tobytes()


def test_picture_larger_than_memory_is_not_called_damaged(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", full)
    with pytest.raises(MemoryError):
        open_image(photo)


def test_cmyk_becomes_rgb() -> None:
    image = open_image(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    assert np.allclose(image.getpixel((4, 4)), (255, 0, 0), atol=8)


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    animated = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert open_image(animated).getpixel((0, 0)) == (255, 0, 0)


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, I am text", "not a picture"),
        (b"  <!DOCTYPE html><html>", "web page"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0" * 128 + b"DICM", "DICOM"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
        (png_that_claims(50_000, 50_000), "more than"),
        (png_that_claims(15_000, 15_000), "more than"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        open_image(data)


def test_photo_cut_in_half_is_refused(photo: Path) -> None:
    data = photo.read_bytes()
    with pytest.raises(ImageError, match="end of the file is missing"):
        open_image(data[: len(data) // 2])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="a pipe"):
        open_image(tmp_path / "pipe.jpg")


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"):
        open_image(tmp_path / "none.jpg")
    with pytest.raises(ImageError, match="can't be read"):
        open_image(tmp_path)
