from pathlib import Path

import pytest

from whatsit import Catalog
from whatsit.errors import CatalogError


def test_folder_becomes_classes_and_a_split(digits: Path) -> None:
    catalog = Catalog.from_folder(digits)
    assert catalog.classes == ["0", "1", "7"]
    assert len(catalog) == 60
    assert catalog.counts()["7"] == {"train": 16, "valid": 4, "test": 0}
    assert {item.split for item in catalog["valid"]} == {"valid"}


def test_same_seed_same_split_and_another_seed_another(digits: Path) -> None:
    assert Catalog.from_folder(digits).items == Catalog.from_folder(digits).items
    assert Catalog.from_folder(digits).items != Catalog.from_folder(digits, seed=1).items


def test_split_does_not_depend_on_names(digits: Path) -> None:
    before = {item.content: item.split for item in Catalog.from_folder(digits)}
    for number, path in enumerate(sorted(digits.glob("*/*.png"), reverse=True)):
        path.rename(path.with_name(f"renamed {number}.png"))
    assert {item.content: item.split for item in Catalog.from_folder(digits)} == before


def test_copies_of_one_picture_stay_on_one_side(digits: Path) -> None:
    for path in sorted((digits / "0").glob("*.png")):
        path.with_name(f"copy-{path.name}").write_bytes(path.read_bytes())
    catalog = Catalog.from_folder(digits)
    sides = {item.content: set() for item in catalog}
    for item in catalog:
        sides[item.content].add(item.split)
    assert all(len(side) == 1 for side in sides.values())


def test_ready_made_splits_are_kept(digits: Path, tmp_path: Path) -> None:
    root = tmp_path / "made"
    for split in ("train", "validation", "test"):
        for label in "01":
            (root / split).mkdir(parents=True, exist_ok=True)
            (digits / label).rename(root / split / label)
            (digits / label).mkdir()
            for number, path in enumerate((root / split / label).iterdir()):
                if number < 3:
                    (digits / label / path.name).write_bytes(path.read_bytes() + bytes([number]))
    catalog = Catalog.from_folder(root)
    assert {item.split for item in catalog} == {"train", "valid", "test"}
    assert all(item.path.parts[-3][:4] in (item.split + "ation")[:4] for item in catalog)


def test_files_beside_the_classes_and_empty_folders_are_no_classes(digits: Path) -> None:
    (digits / "urls_black.txt").write_text("http://example.org/bear.jpg")
    (digits / "models").mkdir()
    assert Catalog.from_folder(digits).classes == ["0", "1", "7"]


def test_strange_names_are_read(digits: Path) -> None:
    source = next((digits / "0").iterdir())
    for name in ("with space.png", "quo\"te's.png", "new\nline.png", "bear 🐻.png"):
        (digits / "0" / name).write_bytes(source.read_bytes())
    assert len(Catalog.from_folder(digits)) == 64


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist"):
        Catalog.from_folder(tmp_path / "none")
    with pytest.raises(CatalogError, match="no pictures in sub-folders"):
        Catalog.from_folder(tmp_path)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    with pytest.raises(CatalogError, match="no pictures in sub-folders"):
        Catalog.from_folder(tmp_path)


def test_one_class_and_single_pictures_are_said(digits: Path, tmp_path: Path) -> None:
    root = tmp_path / "one"
    (digits / "0").rename(root / "0" if root.mkdir() is None else root)
    with pytest.raises(CatalogError, match="only one class"):
        Catalog.from_folder(root)
    (root / "1").mkdir()
    for label in "01":
        for extra in sorted((root / label).iterdir())[1:]:
            extra.unlink()
    next((digits / "1").iterdir()).rename(root / "1" / "one.png")
    with pytest.raises(CatalogError, match="only one"):
        Catalog.from_folder(root)


@pytest.mark.parametrize("share", [0, 1, 1.5, -0.1])
def test_impossible_validation_share_is_refused(digits: Path, share: float) -> None:
    with pytest.raises(CatalogError, match="impossible"):
        Catalog.from_folder(digits, valid=share)


def test_nine_tenths_for_validation_is_as_good_as_a_fifth(digits: Path) -> None:
    assert Catalog.from_folder(digits, valid=0.9).counts()["0"] == {"train": 2, "valid": 18, "test": 0}
