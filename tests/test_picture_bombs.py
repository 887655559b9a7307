"""Pictures that are small on disk and made to cost a lot of time or memory."""

import io
import os
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import PEAK, WHOLE, Run, campaign, rendered
from whatsit import images, scans
from whatsit.catalog.fingerprint import READ_TOGETHER
from whatsit.errors import ImageError
from whatsit.images import examine, open_image
from whatsit.memory import Budget


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


def test_scans_behind_a_marker_that_decoders_skip_are_counted() -> None:
    bomb = with_scans(2000)
    start = bomb.index(b"\xff\xda")
    hidden = bomb[:start] + b"\xff\x02\xfe\x00" + bomb[start:]  # with a length, it would cover 65 kB of them
    with pytest.raises(ImageError, match="more than 100 scans"):
        open_image(hidden)


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


def test_scans_of_one_color_each_are_counted_too() -> None:
    frame = b"\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03" + b"\x01\x11\x00\x02\x11\x00\x03\x11\x00"
    one = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"data\xff\x00"
    assert scans.count(scans.JPEG + frame + one * 40, 100) == 40
    with pytest.raises(ImageError, match="100 scans"):
        open_image(scans.JPEG + frame + one * 101)


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


def transparent_png(side: int) -> bytes:
    """A square PNG of nothing, in 4 bytes a pixel. The same compressed rows come again and again."""
    rows = side // 100
    compressor = zlib.compressobj(9, wbits=-15)
    part = compressor.compress(bytes(rows * (1 + 4 * side))) + compressor.flush(zlib.Z_FULL_FLUSH)
    assert rows * 100 == side
    checksum = struct.pack(">HH", side * (1 + 4 * side) % 65521, 1)
    data = b"\x78\xda" + part * 100 + compressor.flush() + checksum

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


COUNT = 16 if WHOLE else 2
MEASURED = f"""{PEAK}
import sys
from pathlib import Path
from whatsit.parallel import in_parallel
def judging(*paths):
    from whatsit.collection.judging import judge
    print(sum(reported.facts.width for reported in in_parallel(lambda path: judge(Path(path), None), paths)))
def preparing(*paths):
    from whatsit.preprocess import Preprocess
    print(sum(pixels.shape[0] for pixels in in_parallel(Preprocess().load, paths)))
def commands(*words):
    from whatsit.cli import main
    sys.argv[1:] = words
    main()
try:
    locals()[sys.argv[1]](*sys.argv[2:])
finally:
    print("peak", peak())
"""


def peak(folder: Path, *words: object) -> int:
    """The most memory in MiB that a process of 4 threads takes."""
    command = [sys.executable, "-c", MEASURED, *map(str, words)]
    options = {"capture_output": True, "text": True, "cwd": folder, "timeout": 600}
    result = subprocess.run(command, env={**os.environ, "WHATSIT_THREADS": "4"}, **options)  # type: ignore[call-overload]
    assert result.returncode == 0, result.stderr
    return int(result.stdout.split("peak")[1])


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """PNGs of 88 megapixels in 350 kB."""
    folder = tmp_path_factory.mktemp("huge") / "nothing"
    folder.mkdir()
    whole = transparent_png(9400)
    assert len(whole) < 400_000
    paths = [folder / f"{number}.png" for number in range(COUNT)]
    for number, path in enumerate(paths):
        path.write_bytes(whole + bytes([number]))
    return paths


counts_memory = pytest.mark.skipif(sys.platform == "win32", reason="Windows counts memory in another way")


@counts_memory
@pytest.mark.parametrize("step", ["judging", "preparing"])
def test_huge_pictures_fit_into_two_gigabytes(huge: list[Path], tmp_path: Path, step: str) -> None:
    assert peak(tmp_path, step, *huge) < 2000


@counts_memory
@pytest.mark.soak
def test_huge_pictures_are_verified_and_predicted_in_two_gigabytes(
    huge: list[Path], whatsit: Run, digits: Path, tmp_path: Path
) -> None:
    assert whatsit("train", digits, "--epochs", 1, "--out", "d.whatsit").returncode == 0
    assert peak(tmp_path, "commands", "predict", "d.whatsit", *huge) < 2000
    for number in range(READ_TOGETHER):  # or one thread would take all of them
        shutil.copyfile(huge[0], huge[0].with_name(f"copy {number}.png"))
    assert peak(tmp_path, "commands", "verify", huge[0].parent) < 2000


def test_large_pictures_wait_for_memory_in_the_order_in_which_they_ask() -> None:
    budget, order = Budget(10), []
    started = [threading.Event() for _ in range(3)]

    def ask(number: int, size: int) -> None:
        started[number].set()
        with budget.reserve(size):
            order.append(number)

    with budget.reserve(6):
        with budget.reserve(100):  # in the same thread nothing is waited for
            pass
        threads = [threading.Thread(target=ask, args=pair) for pair in ((0, 4), (1, 100), (2, 1))]
        threads[0].start()
        threads[0].join()
        assert order == [0]
        for number in (1, 2):
            threads[number].start()
            started[number].wait()
    for thread in threads[1:]:
        thread.join()
    assert sorted(order) == [0, 1, 2]


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        *((mode, {}) for mode in ("RGBA", "LA", "RGB", "L", "1", "P", "I;16")),
        *(("L", {"transparency": 3}), ("P", {"transparency": 3}), ("RGB", {"transparency": (1, 2, 3)})),
    ],
)
def test_strips_of_a_large_picture_are_converted_as_the_whole_is(
    mode: str, options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = np.random.default_rng(0)
    colors = Image.fromarray(dice.integers(0, 256, (61, 83, 4), dtype=np.uint8))
    if mode == "I;16":
        image = Image.fromarray(dice.integers(0, 65536, (61, 83), dtype=np.uint16))
    else:
        image = (colors.convert("RGB") if mode in ("1", "P") else colors).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    whole = [examine(buffer.getvalue(), grey=grey)[0].tobytes() for grey in (False, True)]
    monkeypatch.setattr(images, "LARGE", 100)
    monkeypatch.setattr(images, "STRIP", 1000)
    assert whole == [examine(buffer.getvalue(), grey=grey)[0].tobytes() for grey in (False, True)]
