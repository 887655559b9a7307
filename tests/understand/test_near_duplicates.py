"""Copies of real photos are found, in groups, and nothing else is."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import rendered
from tests.pictures import put
from whatsit.catalog import Catalog
from whatsit.catalog.looks import look_at, looks_of
from whatsit.training.backbone import load_backbone
from whatsit.training.features import Extractor
from whatsit.understand.near_duplicates import ALIKE, Copies, find_copies, likeness_of

HOW = ("recompressed", "resized", "cropped", "all of it")


def copied(image: Image.Image, how: str, dice: np.random.Generator) -> bytes:
    """As others pass a picture on; cropped by up to 4% of each dimension."""
    image, quality = image.convert("RGB"), 90
    width, height = image.size
    if how in ("cropped", "all of it"):
        cut = dice.uniform(0, 0.04, 2)
        left, top = cut * dice.uniform(0, 1, 2)
        right, bottom = 1 - cut + (left, top)
        image = image.crop(
            (round(left * width), round(top * height), round(right * width), round(bottom * height))
        )
    if how in ("resized", "all of it"):
        scale = dice.uniform(0.4, 1.6)
        image = image.resize((round(image.width * scale), round(image.height * scale)))
    if how in ("recompressed", "all of it"):
        quality = int(dice.integers(30, 80))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def compared(catalog: Catalog) -> Copies:
    backbone = load_backbone()
    features = Extractor(backbone, backbone.preprocess, "fp32", catalog.project.features)(catalog).vectors
    return find_copies(features, catalog.rows, looks_of(catalog))


@pytest.fixture(scope="module")
def planted(clothing: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """30 real photos in train, and in valid a copy of each second one; two blank pictures in each."""
    folder, dice = tmp_path_factory.mktemp("planted"), np.random.default_rng(0)
    photos = [path for kind in sorted((clothing / "train").iterdir()) for path in sorted(kind.iterdir())[:3]]
    for number, photo in enumerate(photos):
        put(folder / "train" / photo.parent.name / f"{number:02}.jpg", photo.read_bytes())
        if number % 2 == 0:
            with Image.open(photo) as image:
                data = copied(image, HOW[number // 2 % len(HOW)], dice)
            put(folder / "valid" / photos[-number].parent.name / f"{number:02}-copy.jpg", data)
    for number in range(4):
        blank = Image.new("RGB", (300, 200 + number), "white")
        put(folder / ("train", "valid")[number % 2] / "hat" / f"blank{number}.png", blank)
    return Catalog.from_folder(folder)


@pytest.fixture(scope="module")
def copies(planted: Catalog) -> Copies:
    return compared(planted)


def test_copies_of_real_photos_are_found_and_nothing_else(planted: Catalog, copies: Copies) -> None:
    groups = [sorted(Path(planted.paths[place]).stem for place in group) for group in copies.groups()]
    assert sorted(groups) == [[f"{number:02}", f"{number:02}-copy"] for number in range(0, 30, 2)]
    assert copies.group.max() == len(groups) - 1
    in_group = copies.group >= 0
    assert (copies.likeness[in_group] >= ALIKE).all()
    assert np.isnan(copies.likeness[~in_group]).all()


def test_groups_across_the_split_leak_and_the_larger_picture_is_kept(
    planted: Catalog, copies: Copies
) -> None:
    assert len(copies.across(planted.rows["split"])) == len(copies.groups()) == 15
    assert 0 < len(copies.across(planted.labels)) < 15
    pixels = planted.rows["width"] * planted.rows["height"]
    for group, best in zip(copies.groups(), copies.best(planted.rows), strict=True):
        assert best in group
        assert pixels[best] == pixels[group].max()


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.data())
def test_groups_of_some_pictures_are_those_with_two_of_them(numbers: list[int], data: st.DataObject) -> None:
    column = np.array(numbers)
    is_in_group = np.isin(column, [one for one in numbers if numbers.count(one) > 1])
    everything = Copies(np.where(is_in_group, column, -1), np.where(is_in_group, 0.99, np.nan))
    is_left = np.array(data.draw(st.lists(st.booleans(), min_size=len(numbers), max_size=len(numbers))), bool)
    left = everything.among(np.flatnonzero(is_left))
    found = {frozenset(np.flatnonzero(is_left)[group].tolist()) for group in left.groups()}
    groups = (frozenset(np.flatnonzero(is_left & (column == one)).tolist()) for one in range(5))
    assert found == {group for group in groups if len(group) > 1}
    assert np.isnan(left.likeness).tolist() == (left.group < 0).tolist()


def test_the_same_file_twice_is_a_group_even_if_it_is_blank(
    clothing: Path, cache: Path, tmp_path: Path
) -> None:
    photo = next((clothing / "train" / "hat").iterdir())
    put(tmp_path / "a" / "1.jpg", photo.read_bytes())
    put(tmp_path / "b" / "2.jpg", photo.read_bytes())
    put(tmp_path / "a" / "3.png", Image.new("RGB", (50, 50), "white"))
    shutil.copy(tmp_path / "a" / "3.png", tmp_path / "b" / "4.png")
    put(tmp_path / "a" / "5.png", Image.new("RGB", (50, 60), "white"))
    copies = compared(Catalog.from_folder(tmp_path))
    assert copies.group.tolist() == [0, 1, -1, 0, 1]
    assert copies.likeness[[0, 1, 3, 4]].tolist() == [1, 1, 1, 1]


def test_picture_explains_its_copy_better_than_a_plain_comparison() -> None:
    """A crop moves everything by a pixel, which a product of the pictures takes for a difference."""
    picture, other = rendered(0, (400, 300)), rendered(1, (400, 300))
    crop = picture.crop((12, 9, 400, 300)).point(lambda level: level * 0.9 + 10)

    def gray(image: Image.Image) -> np.ndarray:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return look_at(buffer.getvalue())["small"]

    same, near, far = likeness_of(gray(picture), np.stack([gray(picture), gray(crop), gray(other)]))
    assert same == pytest.approx(1, abs=1e-3)
    assert near >= ALIKE > 0.5 > far


def test_nothing_is_a_copy_among_no_pictures() -> None:
    from whatsit.catalog.index import ROW
    from whatsit.catalog.looks import LOOK

    none = find_copies(np.empty((0, 8), np.float32), np.empty(0, ROW), np.empty(0, LOOK))
    assert none.groups() == []
