"""What is wrong with a picture itself is measured once, at a network's size, and named."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.pictures import put
from whatsit.catalog import Catalog, looks
from whatsit.catalog.faults import FAULTS, describe, severities
from whatsit.catalog.looks import LOOK, looks_of


def noisy(size: tuple[int, int], color: tuple[int, int, int], dice: np.random.Generator) -> Image.Image:
    """One color, shaded and with the noise of a camera."""
    width, height = size
    shade = np.linspace(0, 25, width) - np.linspace(0, 15, height)[:, None]
    levels = np.array(color) + shade[..., None] + dice.normal(0, 3, (height, width, 3))
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def faulty(clothing: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Forty real photos in "good", and ten with faults, each named after its fault, in "bad"."""
    folder, dice = tmp_path_factory.mktemp("faulty"), np.random.default_rng(0)
    photos = [path for kind in sorted((clothing / "train").iterdir()) for path in sorted(kind.iterdir())[4:8]]
    for photo in photos:
        put(folder / "good" / f"{photo.parent.name}-{photo.name}", photo.read_bytes())
    with Image.open(photos[0]) as one, Image.open(photos[21]) as other:
        for number, photo in enumerate((one.convert("RGB"), other.convert("RGB"))):
            side = min(photo.size)
            blank = noisy((300, 400), ((200, 180, 160), (20, 60, 120))[number], dice)
            bad = {
                "blank": blank,
                "dark": photo.point(lambda level: level // 6),
                "blurred": photo.filter(ImageFilter.GaussianBlur(side * 0.015)),
                "tiny": photo.resize((30, 24)),
                "extreme shape": photo.crop((0, 50, photo.width, 50 + photo.width // 5)),
            }
            for fault, image in bad.items():
                put(folder / "bad" / f"{fault}.{number}.jpg", image, quality=90)
    return Catalog.from_folder(folder)


def test_each_fault_is_found_and_good_photos_have_none(faulty: Catalog) -> None:
    measured = looks_of(faulty)
    bad = severities(faulty.rows, measured)
    for item, row in zip(faulty, bad, strict=True):
        if item.label == "good":
            assert row.max() < 1, item.path
        else:
            fault = item.path.stem.split(".")[0]
            assert row[FAULTS.index(fault)] >= 1, (item.path.name, row)
            is_enlarged = fault in ("tiny", "extreme shape")  # to 224 pixels, which blurs it
            assert is_enlarged or FAULTS[row.argmax()] == fault, (item.path.name, row)


def test_fault_is_described_with_what_was_measured(faulty: Catalog) -> None:
    measured = looks_of(faulty)
    said = {
        item.path.stem: str(describe(item.path.stem.split(".")[0], faulty.rows[n], measured[n]))  # type: ignore[arg-type]
        for n, item in enumerate(faulty)
        if item.label == "bad"
    }
    assert said["tiny.0"] == "The picture is tiny: 30 x 24 pixels."
    assert said["blurred.0"] == "The picture is blurred, even at the 224 pixels that a network sees."
    assert said["extreme shape.0"].startswith("The picture is 5.0 times as wide as high")
    assert said["blank.1"].startswith("The picture is blank")
    assert said["dark.1"].startswith("The picture is nearly black: even its bright parts reach only")


def test_fault_of_most_pictures_is_how_the_set_is(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    for number in range(6):
        put(tmp_path / "ab"[number % 2] / f"{number}.png", noisy((60, 50), (9, 9, 9), dice))
    catalog = Catalog.from_folder(tmp_path)
    bad = severities(catalog.rows, looks_of(catalog))
    assert bad[:, :2].tolist() == [[0, 0]] * 6


def test_what_a_network_does_not_see_is_no_blur(clothing: Path) -> None:
    """Of 1,500 pixels blurred by 2, hardly anything is left at 224; more spoils a picture of 300."""
    photo = next((clothing / "train" / "shirt").iterdir())
    with Image.open(photo) as image:
        small = image.convert("RGB").resize((300, 300))
        large = small.resize((1500, 1500), Image.Resampling.BICUBIC)
    blur = {
        size: looks.blur_of(np.asarray(one.convert("L").resize((224, 224)), np.int16))
        for size, one in (
            ("small", small.filter(ImageFilter.GaussianBlur(4))),
            ("large", large.filter(ImageFilter.GaussianBlur(2))),
            ("sharp", small),
        )
    }
    assert blur["large"] == pytest.approx(blur["sharp"], abs=0.05)
    assert blur["small"] > blur["sharp"] + 0.2


@pytest.fixture
def bears(tmp_path: Path) -> Path:
    dice = np.random.default_rng(0)
    for number in range(6):
        put(tmp_path / "ab"[number % 2] / f"{number}.png", noisy((60, 50), (90, 80, 9), dice))
    return tmp_path


def test_picture_is_measured_once_wherever_it_moves(bears: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = looks_of(Catalog.from_folder(bears))
    (bears / "a" / "0.png").rename(bears / "b" / "0.png")
    monkeypatch.setattr(looks, "look_at", lambda source: pytest.fail("it was measured again"))
    after = looks_of(Catalog.from_folder(bears))
    assert sorted(look.tobytes() for look in after) == sorted(look.tobytes() for look in before)
    monkeypatch.undo()
    monkeypatch.setattr(looks, "VERSION", looks.VERSION + 1)
    monkeypatch.setattr(looks, "look_at", lambda source: np.zeros((), LOOK))
    assert not looks_of(Catalog.from_folder(bears))["contrast"].any()  # by the new measures


def test_file_that_changed_or_went_is_neither_measured_nor_remembered(bears: Path) -> None:
    catalog = Catalog.from_folder(bears)
    (bears / "a" / "0.png").unlink()
    shutil.copy(bears / "a" / "4.png", bears / "a" / "2.png")
    found = looks_of(catalog)
    gone = [catalog.paths.index(name) for name in ("a/0.png", "a/2.png")]
    assert np.isnan(found["blur"][gone]).all()
    assert np.isfinite(np.delete(found["blur"], gone)).all()
    assert severities(catalog.rows, found)[gone, :3].tolist() == [[0, 0, 0]] * 2
    with catalog.project.database.read() as connection:
        assert connection.execute("SELECT count(*) FROM looks").fetchone() == (4,)


@pytest.mark.parametrize("damage", ["x'00'", "'text'", "NULL", f"zeroblob({LOOK.itemsize + 1})"])
def test_what_a_stranger_wrote_is_measured_again(bears: Path, damage: str) -> None:
    before = looks_of(Catalog.from_folder(bears))
    with closing(sqlite3.connect(bears / ".whatsit" / "project.sqlite")) as database, database:
        database.execute(f"UPDATE looks SET look = {damage}")
    assert looks_of(Catalog.from_folder(bears)).tobytes() == before.tobytes()


def test_numbers_that_were_never_measured_are_not_believed(bears: Path) -> None:
    before = looks_of(Catalog.from_folder(bears))
    odd = before[:1].copy()
    odd["blur"] = np.inf
    with closing(sqlite3.connect(bears / ".whatsit" / "project.sqlite")) as database, database:
        database.execute("UPDATE looks SET look = ?", (odd.tobytes(),))
    assert looks_of(Catalog.from_folder(bears)).tobytes() == before.tobytes()
