"""ImageCleaner: decisions about labels in a notebook, and the table that they make."""

from pathlib import Path

import pandas as pd
import pytest

import whatsit as wi
from tests.conftest import Run
from whatsit.fastai1 import ImageDataBunch, ImageList, Indices
from whatsit.fastai1.datasets import Dataset
from whatsit.fastai1.widgets import ImageCleaner

FOUND = [9, 2, 20, 0, 3, 11]  # as if they had the largest losses


@pytest.fixture
def ds(bears: Path) -> Dataset:
    """All pictures, as the course's notebook takes them."""
    return ImageList.from_folder(bears).split_none().label_from_folder().databunch().train_ds


def table(bears: Path) -> dict[str, str]:
    frame = pd.read_csv(bears / "cleaned.csv")
    assert list(frame.columns) == ["path", "label"]
    return dict(zip(frame["path"], frame["label"], strict=True))


def files(bears: Path) -> set[Path]:
    return set(bears.glob("*/*.jpg"))


def test_labels_are_corrected_and_pictures_left_out_in_cleaned_csv(
    bears: Path, ds: Dataset, command: Run
) -> None:
    before = files(bears)
    cleaner = ImageCleaner(ds, Indices.of(FOUND, "train", ds.catalog), bears)
    whole = table(bears)
    assert len(whole) == 24
    assert [tile.path for tile in cleaner.tiles] == [ds.paths[n] for n in FOUND[:5]]
    assert cleaner.tiles[0].menu.value == "grizzly"
    cleaner.tiles[0].menu.value = "teddys"
    cleaner.tiles[1].delete.click()
    cleaner.confirm.click()
    assert cleaner.news.value.startswith("1 picture left out of cleaned.csv. 1 picture relabeled in cleaned.")
    wanted = {**whole, "grizzly/00000001.jpg": "teddys"}
    del wanted["black/00000002.jpg"]
    assert (table(bears), files(bears)) == (wanted, before)
    data = ImageDataBunch.from_csv(bears, folder=".", valid_pct=0.2, csv_labels="cleaned.csv", size=64)
    assert len(data.train_ds) + len(data.valid_ds) == 23
    assert "left out of cleaned.csv: 1 picture" in command("history", bears).stdout
    assert command("undo", bears).stdout.startswith("undone: 1 file back to where it was")
    assert table(bears) == whole
    assert command("undo", bears).stdout.startswith("undone: 1 file put away that was made at 20")


def test_what_another_cleaner_decided_is_kept(bears: Path, ds: Dataset) -> None:
    first = ImageCleaner(ds, FOUND, bears)
    first.tiles[0].menu.value = "teddys"
    first.tiles[1].delete.click()
    first.confirm.click()
    second = ImageCleaner(ds, FOUND, bears)
    assert [tile.path for tile in second.tiles] == [ds.paths[n] for n in (9, 20, 0, 3, 11)]
    assert second.tiles[0].menu.value == "teddys"
    second.tiles[0].menu.value = "black"
    second.confirm.click()
    assert table(bears)["grizzly/00000001.jpg"] == "black"
    assert len(table(bears)) == 23


def test_undo_brings_the_labels_back(bears: Path, ds: Dataset) -> None:
    cleaner = ImageCleaner(ds, FOUND, bears)
    whole = table(bears)
    cleaner.tiles[0].menu.value = "teddys"
    cleaner.confirm.click()
    cleaner.undo.click()
    assert table(bears) == whole
    assert (cleaner.tiles[0].path, cleaner.tiles[0].menu.value) == (ds.paths[9], "grizzly")


def test_table_that_was_read_is_cleaned_again(bears: Path, ds: Dataset) -> None:
    cleaner = ImageCleaner(ds, FOUND, bears)
    cleaner.tiles[1].delete.click()
    cleaner.confirm.click()
    again = ImageList.from_csv(bears, "cleaned.csv", folder=".").split_none().label_from_df().databunch()
    assert len(again.train_ds) == 23
    cleaner = ImageCleaner(again.train_ds, [0], bears)
    cleaner.tiles[0].delete.click()
    cleaner.confirm.click()
    assert len(table(bears)) == 22
    assert "black/00000000.jpg" not in table(bears)


def test_pairs_come_without_menus_and_only_while_both_are_there(bears: Path, ds: Dataset) -> None:
    cleaner = ImageCleaner(ds, [1, 0, 1, 2, 3, 4], bears, duplicates=True)
    assert [tile.path for tile in cleaner.tiles] == [ds.paths[1], ds.paths[0]]
    assert [tile.menu for tile in cleaner.tiles] == [None, None]
    cleaner.tiles[0].delete.click()
    cleaner.confirm.click()
    assert [tile.path for tile in cleaner.tiles] == [ds.paths[3], ds.paths[4]]
    assert len(table(bears)) == 23


def test_path_of_other_pictures_and_indices_of_another_split_are_refused(
    bears: Path, ds: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(wi.WhatsitError, match=r"cleaned\.csv lies beside the pictures, in .*bears, not in"):
        ImageCleaner(ds, FOUND, tmp_path)
    data = ImageDataBunch.from_folder(bears, valid_pct=0.2, seed=1)
    of_valid = Indices.of([0], "valid", data.valid_ds.catalog)
    with pytest.raises(wi.WhatsitError, match=r"Write data\.valid_ds\.x\[idxs\]"):
        ImageCleaner(data.train_ds, of_valid, bears)
    assert not (bears / "cleaned.csv").exists()
