"""Verifying: no good picture is called broken, nothing is lost, and what is odd is reported or repaired."""

import io
import itertools
import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import whatsit as wi
from tests.conftest import WHOLE, Run, rendered
from tests.pictures import contents, on_its_side, put
from tests.site import encoded, jpeg, picture_bomb
from whatsit.catalog import Catalog
from whatsit.errors import CatalogError
from whatsit.formats import SUFFIX_OF
from whatsit.images import open_image


@pytest.fixture
def bears(tmp_path: Path) -> Path:
    """Two classes with something of everything."""
    folder = tmp_path / "bears"
    for n in range(4):
        put(folder / "black" / f"{n}.jpg", jpeg(n))
        put(folder / "teddy" / f"{n}.png", rendered(10 + n))
    put(folder / "black" / "html.jpg", b"<html>gone</html>")
    put(folder / "black" / "cut.jpg", jpeg(20)[:2000])
    put(folder / "teddy" / "empty.png", b"")
    put(folder / "teddy" / "bomb.png", picture_bomb())
    put(folder / "teddy" / "phone.heic", b"\0\0\0\x18ftypheic" + b"\0" * 99)
    put(folder / "teddy" / "depth.tif", Image.fromarray(np.ones((50, 60), np.float32)))
    put(folder / "teddy" / "old.ppm", rendered(21))
    put(folder / "teddy" / "notes.txt", b"mine")
    put(folder / "black" / "really.png", jpeg(30))
    put(folder / "black" / "nameless", jpeg(31))
    put(folder / "black" / "print.jpg", rendered(32).convert("CMYK"))
    put(folder / "black" / "phone.jpg", rendered(33), exif=on_its_side(rendered(33)), quality=90)
    frames = [rendered(n) for n in (34, 35)]
    put(folder / "black" / "moving.gif", frames[0], save_all=True, append_images=frames[1:])
    put(folder / "black" / "tiny.png", rendered(36, (20, 16)))
    put(folder / "black" / "banner.jpg", rendered(37, (900, 60)))
    put(folder / "teddy" / "same.jpg", jpeg(0))
    put(folder / "teddy" / "smaller.jpg", rendered(1, (160, 120)).resize((120, 90)), quality=70)
    return folder


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_verify_tells_what_is_wrong_and_touches_nothing_unless_asked(bears: Path) -> None:
    before = contents(bears)
    done = wi.verify_images(bears)
    assert {path.name: reason for path, reason in done.unreadable}.keys() == {
        *("html.jpg", "cut.jpg", "empty.png", "bomb.png")
    }
    assert {path.name for path, _ in done.left_alone} == {"phone.heic", "depth.tif"}
    assert {oddity: names(paths) for oddity, paths in done.odd.items()} == {
        "wrong extension": ["nameless", "really.png"],
        "CMYK": ["print.jpg"],
        "on its side": ["phone.jpg"],
        "animated": ["moving.gif"],
        "tiny": ["tiny.png"],
        "extreme shape": ["banner.jpg"],
    }
    assert [names(group) for group in done.same] == [["0.jpg", "same.jpg"]]
    assert [names(group) for group in done.near] == [["1.jpg", "smaller.jpg"]]
    assert done.is_across_classes(done.same[0])
    assert not done.is_across_classes([bears / "black" / "1.jpg", bears / "black" / "2.jpg"])
    assert (done.pictures, done.fine) == (23, 10)
    assert contents(bears) == before
    assert not (bears / ".whatsit").exists()


def test_broken_pictures_go_to_the_trash_with_their_reason_and_come_back(bears: Path, command: Run) -> None:
    before = contents(bears)
    result = command("verify", bears)
    assert result.returncode == 0, result.stderr
    assert "23 pictures, 10 of them fine" in result.stdout
    assert "html.jpg: it is a web page (HTML), not a picture" in result.stdout
    kept = contents(bears)
    assert before.keys() - kept.keys() == {
        *("black/html.jpg", "black/cut.jpg", "teddy/empty.png", "teddy/bomb.png")
    }
    reported = json.loads(command("trash", bears, "--json").stdout)["files"]
    assert any("HTML" in file["reason"]["text"] and file["path"].endswith("html.jpg") for file in reported)
    again = json.loads(command("verify", bears, "--json").stdout)
    assert (again["unreadable"], again["moved_to_trash"]) == ([], False)
    assert command("undo", bears).returncode == 0
    assert contents(bears) == before


def test_fix_mends_what_is_odd_and_undo_brings_back_every_byte(bears: Path, command: Run) -> None:
    before = contents(bears)
    result = command("verify", bears, "--fix")
    assert result.returncode == 0, result.stderr
    after = contents(bears)
    black = bears / "black"
    assert (black / "really.jpg").read_bytes() == jpeg(30)
    assert (black / "nameless.jpg").read_bytes() == jpeg(31)
    assert "black/really.png" not in after
    with Image.open(black / "print.jpg") as printed, Image.open(black / "phone.jpg") as phone:
        assert (printed.format, printed.mode) == ("JPEG", "RGB")
        assert (phone.size, phone.getexif().get(0x0112)) == ((120, 160), None)
        assert phone.getexif().get_ifd(0x8769)[0x9003] == "2021:05:06 07:08:09"
    with Image.open(black / "moving.png") as still:
        assert not getattr(still, "is_animated", False)
    assert open_image(black / "tiny.png").size == (40, 32)
    assert open_image(black / "banner.jpg").size == (900, 225)
    assert json.loads(command("verify", bears, "--json").stdout)["odd"] == {}
    assert command("undo", bears).returncode == 0
    assert contents(bears) == before


def test_mended_pictures_look_the_same(bears: Path) -> None:
    upright = {name: open_image(bears / "black" / name) for name in ("phone.jpg", "print.jpg")}
    wi.verify_images(bears, fix=True)
    for name, image in upright.items():
        repaired = open_image(bears / "black" / name)
        assert np.abs(np.asarray(image, int) - np.asarray(repaired, int)).mean() < 2


def test_max_size_makes_large_pictures_smaller_and_keeps_the_originals(tmp_path: Path) -> None:
    put(tmp_path / "b" / "large.jpg", rendered(1, (1200, 800)), quality=90)
    put(tmp_path / "b" / "tall.png", rendered(2, (300, 700)))
    put(tmp_path / "b" / "small.jpg", rendered(3, (400, 300)))
    before = contents(tmp_path)
    done = wi.verify_images(tmp_path, max_size=500)
    assert open_image(tmp_path / "b" / "large.jpg").size == (500, 333)
    assert open_image(tmp_path / "b" / "tall.png").size == (214, 500)
    assert contents(tmp_path)["b/small.jpg"] == before["b/small.jpg"]
    assert {one.now.name for one in done.fixed} == {"large.jpg", "tall.png"}
    assert wi.verify_images(tmp_path, max_size=500).odd == {}


@pytest.mark.parametrize("size", [(900, 60), (20_000, 3), (60, 9000), (40, 10)])
def test_mended_once_is_mended_for_good(tmp_path: Path, size: tuple[int, int]) -> None:
    put(tmp_path / "b" / "odd.png", Image.effect_noise(size, 80))
    for max_size in (128, None):
        wi.verify_images(tmp_path, fix=True, max_size=max_size)
        again = wi.verify_images(tmp_path, delete=True, fix=True, max_size=max_size)
        assert (again.odd, again.unreadable, again.pictures) == ({}, [], 1)


def test_pictures_that_cannot_be_written_again_are_left_alone(tmp_path: Path) -> None:
    exif = rendered(1).getexif()
    exif[0x010E] = "x" * 100_000
    frames = {"save_all": True, "append_images": [rendered(2)], "exif": exif.tobytes()}
    put(tmp_path / "b" / "1.webp", encoded(rendered(1), "WEBP", **frames))
    grey = rendered(3).convert("L")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    put(tmp_path / "b" / "2.jpg", encoded(grey, "JPEG", exif=on_its_side(grey), icc_profile=profile))
    done = wi.verify_images(tmp_path, fix=True)
    assert (len(done.fixed), done.left_alone) == (2, [])
    with Image.open(tmp_path / "b" / "2.jpg") as repaired:
        assert "icc_profile" not in repaired.info
    assert wi.verify_images(tmp_path).odd == {}


def test_color_profiles_stay_with_colors_and_only_there(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, mode in (("rgb.jpg", "RGB"), ("cmyk.jpg", "CMYK"), ("grey.jpg", "L")):
        image = rendered(1).convert(mode)
        put(tmp_path / "b" / name, encoded(image, "JPEG", exif=on_its_side(image), icc_profile=profile))
    wi.verify_images(tmp_path, fix=True)
    kept = {}
    for path in (tmp_path / "b").iterdir():
        with Image.open(path) as image:
            kept[path.name] = image.info.get("icc_profile") == profile
    assert kept == {"rgb.jpg": True, "cmyk.jpg": False, "grey.jpg": False}


def test_pipes_raw_photos_and_links_are_looked_at_with_care(tmp_path: Path) -> None:
    folder = tmp_path / "bears"
    put(folder / "b" / "1.jpg", jpeg(1))
    put(folder / "b" / "camera.nef", encoded(rendered(2), "TIFF"))
    for name in ("pipe", "pipe.jpg"):
        os.mkfifo(folder / "b" / name)
    put(tmp_path / "elsewhere" / "2.jpg", b"<html>")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "b" / "again").symlink_to(folder)
    (folder / "b" / "around").symlink_to(tmp_path)
    done = wi.verify_images(folder, delete=True, fix=True)
    assert done.pictures == 3
    assert names([path for path, _ in done.left_alone]) == ["pipe.jpg", "2.jpg"]
    assert str(done.left_alone[1][1]).endswith("it is behind the symbolic link linked, so it stays there")
    assert done.unreadable == []
    assert contents(tmp_path / "elsewhere") == {"2.jpg": b"<html>"}
    assert (folder / "b" / "camera.nef").exists()


def test_folder_that_cannot_be_read_is_no_folder_of_fine_pictures(bears: Path, as_owner: Run) -> None:
    (bears / "black").chmod(0)
    result = as_owner("verify", bears)
    (bears / "black").chmod(0o755)
    assert result.returncode == 2
    assert "black can't be read" in result.stderr


def test_sidecar_is_never_made_in_a_class_folder(tmp_path: Path) -> None:
    bears = tmp_path / "bears"
    put(bears / "black" / "1.jpg", b"<html>")
    put(bears / "black" / "2.jpg", jpeg(1))
    put(bears / "black" / "more" / "3.jpg", b"<html>")
    put(bears / "nameless" / "1", jpeg(2))
    wi.verify_images(bears / "nameless", fix=True)
    wi.verify_images(bears / "black", delete=True)
    assert sorted(path.name for path in bears.iterdir()) == [".whatsit", "black", "nameless"]
    assert not (bears / "black" / ".whatsit").exists()


def test_project_inside_the_folder_is_not_looked_into(tmp_path: Path, command: Run) -> None:
    put(tmp_path / "b" / "a" / "1.jpg", b"<html>")
    put(tmp_path / "b" / "a" / "2.jpg", jpeg(2))
    result = command("verify", "b", "--project", "b/kept")
    assert "undo b --project b/kept" in result.stdout
    again = json.loads(command("verify", "b", "--project", "b/kept", "--json").stdout)
    assert (again["pictures"], again["unreadable"]) == (1, [])
    assert command("undo", "b", "--project", "b/kept").returncode == 0


def test_summary_tells_what_was_done_and_what_was_not(tmp_path: Path, command: Run) -> None:
    put(tmp_path / "b" / "a" / "large.jpg", rendered(1, (1200, 800)))
    put(tmp_path / "b" / "a" / "tiny.png", rendered(2, (20, 16)))
    put(tmp_path / "b" / "a" / "print.jpg", rendered(3).convert("CMYK"))
    result = command("verify", "b", "--max-size", 500)
    lines = {line[:9].strip(): line for line in result.stdout.splitlines() if ":" not in line}
    assert lines["too large"].endswith("shrunk")
    assert lines["tiny"].endswith("not changed")
    assert lines["CMYK"].endswith("not changed")
    assert "--fix repairs" in result.stdout


@pytest.mark.parametrize("options", [{"max_size": 0}, {"max_size": -3}, {"max_workers": -2}])
def test_numbers_that_make_no_sense_are_refused(tmp_path: Path, options: dict[str, int]) -> None:
    (name, given), *_ = options.items()
    with pytest.raises(CatalogError, match=rf"{name} must be a whole number of at least \d+, not {given}\."):
        wi.verify_images(tmp_path, **options)  # type: ignore[arg-type]


def test_names_that_are_taken_are_not_overwritten(tmp_path: Path) -> None:
    put(tmp_path / "b" / "a.png", jpeg(1))
    put(tmp_path / "b" / "a.gif", jpeg(2))
    put(tmp_path / "b" / "a.jpg", jpeg(3))
    wi.verify_images(tmp_path, fix=True)
    assert contents(tmp_path) == {"b/a.jpg": jpeg(3), "b/a-2.jpg": jpeg(2), "b/a-3.jpg": jpeg(1)}


def test_as_the_lesson_verifies(tmp_path: Path) -> None:
    path = tmp_path / "data" / "bears"
    for c in ("black", "teddys", "grizzly"):
        put(path / c / "00000000.jpg", jpeg(ord(c[0])))
        put(path / c / "00000001.jpg", b"<html>")
        wi.verify_images(path / c, delete=True, max_workers=8)
    assert sorted(contents(path)) == [f"{c}/00000000.jpg" for c in ("black", "grizzly", "teddys")]
    assert sorted(one.name for one in path.iterdir()) == [".whatsit", "black", "grizzly", "teddys"]
    assert len(list((path / ".whatsit" / "trash").iterdir())) == 3


def test_class_in_a_split_folder_uses_the_trash_of_the_image_folder(tmp_path: Path) -> None:
    put(tmp_path / "bears" / "train" / "black" / "1.jpg", b"<html>")
    wi.verify_images(tmp_path / "bears" / "train" / "black", delete=True)
    assert (tmp_path / "bears" / ".whatsit" / "trash").is_dir()


def test_a_verified_folder_is_one_that_training_reads_without_complaint(bears: Path) -> None:
    wi.verify_images(bears, delete=True, fix=True)
    catalog = Catalog.from_folder(bears, to_train=False)
    assert {path.name for path, _ in catalog.unreadable} == {"phone.heic", "depth.tif"}


def good_pictures() -> Iterator[tuple[str, bytes]]:
    """Pictures of all kinds that Pillow writes and reads."""
    dice = random.Random(0)
    modes = {
        "JPEG": ("RGB", "L", "CMYK"),
        "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
        "WEBP": ("RGB", "RGBA"),
        "GIF": ("P", "L", "1"),
        "BMP": ("RGB", "L", "P", "1"),
        "TIFF": ("RGB", "RGBA", "L", "CMYK", "P", "1", "I;16", "F", "LAB", "YCbCr"),
        "AVIF": ("RGB", "RGBA"),
        "PPM": ("RGB", "L"),
        "TGA": ("RGB", "RGBA", "L"),
        "JPEG2000": ("RGB", "L"),
    }
    for n in itertools.count():
        format = dice.choice(sorted(modes))
        mode = dice.choice(modes[format])
        image = rendered(n, (dice.randrange(33, 200), dice.randrange(33, 200)))
        grey = np.asarray(image.convert("L"))
        if mode == "I;16":
            image = Image.fromarray(grey.astype(np.uint16) * 257)
        elif mode == "F":
            image = Image.fromarray(grey.astype(np.float32))
        elif mode == "LAB":
            image = Image.frombytes("LAB", image.size, image.tobytes())
        else:
            image = image.convert(mode)
        options: dict[str, object] = {}
        if format == "JPEG":
            options = {"quality": dice.choice([5, 50, 95]), "progressive": dice.random() < 0.5}
            options["subsampling"] = dice.choice([0, 1, 2])
            if dice.random() < 0.3:
                options["exif"] = on_its_side(image, dice.randrange(0, 10))
        if format == "TIFF" and mode not in ("F", "1", "LAB", "YCbCr"):
            options = {"compression": dice.choice([None, "tiff_lzw", "tiff_deflate", "packbits"])}
        if format in ("GIF", "WEBP", "PNG") and mode != "I;16" and dice.random() < 0.2:
            options = {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}
        data = encoded(image, format, **options)
        if format == "JPEG" and dice.random() < 0.2:
            data += bytes(dice.randrange(1, 300))  # as cameras and messengers append
        if format == "JPEG" and dice.random() < 0.1:
            data = data[:-2]  # some cameras end without the end marker
        with suppress(OSError), Image.open(io.BytesIO(data)) as good:  # a good one is what Pillow decodes
            good.load()
            yield SUFFIX_OF.get(format, ".jpg"), data


GOOD = 1000 if WHOLE else 200


def test_of_many_good_pictures_of_all_kinds_none_is_called_broken(tmp_path: Path) -> None:
    kinds = set()
    for number, (suffix, data) in enumerate(itertools.islice(good_pictures(), GOOD)):
        put(tmp_path / "all" / f"{number:04}{suffix}", data)
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            kinds.add((image.format, image.mode))
    assert len(kinds) > 25
    before = contents(tmp_path)
    done = wi.verify_images(tmp_path, delete=True)
    assert (done.pictures, done.unreadable) == (GOOD, [])
    assert contents(tmp_path) == before


def test_photos_of_the_lesson_kind_are_all_fine(clothing: Path, tmp_path: Path) -> None:
    shutil.copytree(clothing / "validation", tmp_path / "validation")
    done = wi.verify_images(tmp_path, delete=True)
    assert done.unreadable == []
    assert done.pictures == 341


MUTANTS = 5000 if WHOLE else 250


def mutated(data: bytes, dice: random.Random, other: bytes) -> bytes:
    """Bits flipped, a piece cut out, the end cut off, or spliced with another file."""
    broken = bytearray(data)
    kind = dice.randrange(4)
    if kind == 0:
        for _ in range(dice.choice([1, 3, 30])):
            broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
    elif kind == 1:
        start = dice.randrange(len(broken))
        del broken[start : start + dice.randrange(1, len(broken))]
    elif kind == 2:
        del broken[dice.randrange(len(broken)) :]
    else:
        broken[dice.randrange(len(broken)) :] = other[dice.randrange(len(other)) :]
    return bytes(broken)


def test_mutated_pictures_never_crash_verify_and_what_is_kept_can_be_read(tmp_path: Path) -> None:
    dice = random.Random(7)
    whole = [encoded(rendered(n), format) for n, format in enumerate(sorted(SUFFIX_OF)) if format != "MPO"]
    whole.append(encoded(rendered(20), "JPEG", progressive=True))
    whole.append(encoded(rendered(21), "TIFF", compression="tiff_lzw"))
    for number in range(MUTANTS):
        data, other = dice.choice(whole), dice.choice(whole)
        put(tmp_path / f"{number % 7}" / f"{number}.jpg", mutated(data, dice, other))
    done = wi.verify_images(tmp_path, delete=True, fix=True)
    left_alone = {path for path, _ in done.left_alone}
    assert 0 < len(done.unreadable) < MUTANTS
    assert len(left_alone) < MUTANTS / 50
    for path in sorted(tmp_path.rglob("[0-9]/*")):
        with Image.open(path) as image:
            image.load()
        if path not in left_alone:
            assert open_image(path).mode == "RGB"
    assert len(contents(tmp_path / ".whatsit" / "trash")) >= len(done.unreadable)


def test_copies_are_listed_whatever_their_format(tmp_path: Path) -> None:
    put(tmp_path / "a" / "1.jpg", rendered(1), quality=95)
    put(tmp_path / "a" / "1.png", rendered(1))
    put(tmp_path / "b" / "1.webp", rendered(1))
    put(tmp_path / "b" / "flat.png", Image.new("RGB", (64, 64), "grey"))
    put(tmp_path / "b" / "flat2.png", Image.new("RGB", (64, 64), "grey"))
    put(tmp_path / "b" / "flat3.png", Image.new("RGB", (64, 64), "white"))
    done = wi.verify_images(tmp_path)
    assert [names(group) for group in done.near] == [["1.jpg", "1.png", "1.webp"]]
    assert [names(group) for group in done.same] == [["flat.png", "flat2.png"]]


@pytest.mark.parametrize("words", [["verify", "nowhere"], ["verify", "file.txt"], ["verify"]])
def test_whatsit_verify_of_no_folder_says_so(command: Run, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file.txt").write_text("x")
    result = command(*words)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_whatsit_verify_dry_run_only_tells(bears: Path, command: Run) -> None:
    before = contents(bears)
    result = command("verify", bears, "--fix", "--dry-run", "--max-size", 150)
    assert "would go to the trash" in result.stdout
    assert contents(bears) == before
    assert not (bears / ".whatsit").exists()


def test_pictures_that_may_not_be_read_are_left_alone(bears: Path, as_owner: Run) -> None:
    (bears / "black" / "0.jpg").chmod(0)
    document = json.loads(as_owner("verify", bears, "--json", "--dry-run").stdout)
    left_alone = [(one["path"], one["reason"]["text"]) for one in document["left_alone"]]
    assert ("black/0.jpg", "the file can't be read: its permissions forbid it") in left_alone


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist"):
        wi.verify_images(tmp_path / "none")


def test_empty_folder_is_no_mistake(command: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert command("verify", "empty").stdout.startswith("0 pictures")


def test_repaired_picture_stays_when_its_original_was_deleted_with_the_trash(
    bears: Path, command: Run
) -> None:
    cmyk = put(bears / "black" / "cmyk.jpg", rendered(77).convert("CMYK"))
    put(bears / "black" / "page.jpg", b"<html>")
    assert "converted to RGB" in command("verify", bears, "--fix").stdout
    repaired = cmyk.read_bytes()
    assert command("trash", bears, "--empty").returncode == 0
    undone = command("undo", bears)
    assert cmyk.read_bytes() == repaired, "it is the only one left"
    assert "6 repaired pictures stay" in undone.stderr
    assert "deleted with the trash" in undone.stderr
    again = command("undo", bears)
    assert cmyk.read_bytes() == repaired
    assert "repaired" not in again.stderr


def test_verify_and_show_count_copies_alike(command: Run, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    for label in "ab":
        (folder / label).mkdir(parents=True)
        for number in range(3):
            rendered(9 * ord(label) + number, (320, 240)).save(folder / label / f"{number}.png")
    shutil.copy(folder / "a" / "0.png", folder / "a" / "again.png")
    shutil.copy(folder / "a" / "0.png", folder / "b" / "third.png")
    with Image.open(folder / "a" / "0.png") as image:
        image.save(folder / "a" / "smaller.jpg", quality=80)
    shown, verified = command("show", folder).stdout, command("verify", folder).stdout
    assert "2 are the same as another" in shown
    assert "1 is nearly the same as another" in shown
    rows = [line.split() for line in verified.splitlines() if " copies " in line]
    assert rows == [
        ["exact", "copies", "2", "in", "1", "group,", "1", "across", "classes"],
        ["near", "copies", "1", "in", "1", "group"],
    ]
    listed = verified.partition("exact copies:\n")[2].splitlines()
    assert listed[0].split() == ["a/0.png", "=", "a/again.png", "=", "b/third.png"]
    assert listed[1:3] == ["near copies:", "  a/0.png = a/smaller.jpg"]
