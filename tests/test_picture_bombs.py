"""Pictures that are small on disk and made to cost a lot of time or memory."""

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import campaign, rendered
from whatsit import images, scans
from whatsit.errors import ImageError
from whatsit.images import examine, open_image


def jpeg(**options: object) -> bytes:
    buffer = io.BytesIO()
    rendered(1).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def with_scans(number: int, whole: bytes = b"") -> bytes:
    """A progressive JPEG whose last scan comes again and again, until it has so many."""
    whole = whole or jpeg(progressive=True)
    before, last = whole[: whole.rindex(b"\xff\xda")], whole[whole.rindex(b"\xff\xda") : -2]
    return before + last * (number - before.count(b"\xff\xda")) + b"\xff\xd9"


def mpo(first: bytes) -> bytes:
    """A JPEG that Pillow takes for the first picture of an MPO."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(
        buffer, "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16), "red")]
    )
    whole = buffer.getvalue()
    start = whole.index(b"\xff\xe2")
    segment = whole[start : start + 2 + int.from_bytes(whole[start + 2 : start + 4])]
    return first[:2] + segment + first[2:]


@pytest.mark.parametrize("at_least", [None, 50])
@pytest.mark.parametrize("wrap", [bytes, mpo])
def test_jpeg_of_thousands_of_scans_is_refused(wrap: object, at_least: int | None) -> None:
    assert open_image(wrap(with_scans(90)), at_least).mode == "RGB"  # type: ignore[operator]
    with pytest.raises(ImageError, match="100 scans"):
        open_image(wrap(with_scans(101)), at_least)  # type: ignore[operator]
    with pytest.raises(ImageError, match="100 scans"):
        examine(wrap(with_scans(10_000)), at_least, grey=True)  # type: ignore[operator]


def test_jpeg_too_large_for_memory_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images.read_file, "__defaults__", (1000,))
    for number in (90, 5000):
        (tmp_path / f"{number}.jpg").write_bytes(with_scans(number))
    assert open_image(tmp_path / "90.jpg").tobytes() == open_image(with_scans(90)).tobytes()
    with pytest.raises(ImageError, match="100 scans"):
        open_image(tmp_path / "5000.jpg")


def test_what_only_looks_like_scans_is_none() -> None:
    """As in metadata, or in the video that a phone puts behind the picture."""
    video = b"\xff\xda" * 500
    whole = jpeg()
    metadata = b"\xff\xef" + struct.pack(">H", len(video) + 2) + video
    for data in (whole + video, whole[:2] + metadata + whole[2:], whole[:2] + metadata + whole[2:] + video):
        assert open_image(data, 50).mode == "RGB"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}])
def test_scans_are_counted(options: dict[str, object]) -> None:
    whole = jpeg(**options)
    assert scans.count(whole, 100) == whole.count(b"\xff\xda")
    assert scans.count(whole + whole, 100) == whole.count(b"\xff\xda")


@campaign(4000)
@given(data=st.binary(max_size=200), size=st.integers(1, 7))
def test_no_bytes_confuse_the_count(data: bytes, size: int) -> None:
    assert 0 <= scans.count(scans.JPEG + data, 5) <= 6
    watched = scans.Watched(io.BytesIO(data))
    assert b"".join(iter(lambda: watched.read(size), b"")) == data


@campaign(2000)
@given(parts=st.lists(st.sampled_from([b"\xff", b"\xda", b"\xff\xda", b"x"])), size=st.integers(1, 5))
def test_scans_are_seen_across_the_pieces_of_a_file(parts: list[bytes], size: int) -> None:
    data = b"".join(parts) + b"\xff\xda" * 101
    watched = scans.Watched(io.BytesIO(data))
    taken: list[bytes] = []
    with pytest.raises(ImageError, match="100 scans"):
        taken.extend(iter(lambda: watched.read(size), b""))
    given = b"".join(taken)
    assert given.count(b"\xff\xda") <= 100 < data[: len(given) + size].count(b"\xff\xda")
