"""FileDeleter: what is chosen in a notebook moves to the trash, and comes back."""

import os
from pathlib import Path

import pytest

import whatsit as wi
from tests.conftest import Run
from tests.listening import on_lines
from whatsit.fastai1 import ImageDataBunch
from whatsit.fastai1.file_deleter import image_folder
from whatsit.fastai1.widgets import FileDeleter
from whatsit.project import Project
from whatsit.undoing import history


def pictures(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("*/*.jpg"))}


@pytest.fixture
def paths(bears: Path) -> list[Path]:
    """All pictures of a folder that has a project, as the lesson's data have left one."""
    wi.Catalog.from_folder(bears)
    return sorted(bears.glob("*/*.jpg"))


def test_chosen_pictures_move_to_the_trash_and_whatsit_undo_brings_them_back(
    bears: Path, paths: list[Path], command: Run
) -> None:
    before = pictures(bears)
    fd = FileDeleter(file_paths=paths)
    assert [tile.path for tile in fd.tiles] == paths[:5]
    fd.tiles[1].delete.click()
    fd.tiles[3].delete.click()
    fd.confirm.click()
    assert set(before) - set(pictures(bears)) == {"black/00000001.jpg", "black/00000003.jpg"}
    assert fd.news.value.startswith("2 pictures moved to the trash. Take it back with the button Undo, or")
    assert [tile.path for tile in fd.tiles] == paths[5:10]
    assert [str(what) for what, _ in history(Project(bears))[-1].what] == ["removed in a review"]
    assert command("undo", bears).returncode == 0
    assert pictures(bears) == before


def test_the_command_that_takes_it_back_has_no_dots_in_its_path(paths: list[Path], bears: Path) -> None:
    above = [bears / ".." / bears.name / path.relative_to(bears) for path in paths]
    fd = FileDeleter(file_paths=above)
    fd.tiles[0].delete.click()
    fd.confirm.click()
    assert fd.news.value.endswith(f"undo {bears}")
    assert not paths[0].exists()
    fd.undo.click()
    assert paths[0].is_file()


def test_a_second_click_takes_the_choice_back(paths: list[Path], bears: Path) -> None:
    before = pictures(bears)
    fd = FileDeleter(file_paths=paths)
    fd.tiles[0].delete.click()
    assert fd.tiles[0].delete.button_style == "danger"
    fd.tiles[0].delete.click()
    assert fd.tiles[0].delete.button_style == ""
    fd.confirm.click()
    assert pictures(bears) == before
    assert fd.undo.disabled


def test_undo_shows_the_pictures_again(paths: list[Path], bears: Path) -> None:
    before = pictures(bears)
    fd = FileDeleter(file_paths=paths, batch_size=2)
    fd.confirm.click()
    fd.tiles[0].delete.click()
    fd.confirm.click()
    fd.undo.click()
    assert (pictures(bears), fd.news.value) == (before, "Undone: 1 picture is as before.")
    assert [tile.path for tile in fd.tiles] == paths[2:4]
    assert fd.undo.disabled


def test_undo_takes_back_only_what_was_done_here(paths: list[Path], bears: Path, command: Run) -> None:
    fd = FileDeleter(file_paths=paths)
    fd.tiles[0].delete.click()
    fd.confirm.click()
    assert command("undo", bears).returncode == 0
    fd.undo.click()
    assert fd.news.value.startswith("What was done last was not done in this review. To take it back")


def test_the_end_says_so_and_files_that_are_gone_are_passed_over(paths: list[Path]) -> None:
    paths[0].rename(paths[0].with_suffix(".away"))
    paths[1].write_bytes(b"no picture")
    fd = FileDeleter(file_paths=[str(path) for path in paths[:3]], batch_size=2)
    assert [tile.path for tile in fd.tiles] == paths[1:3]
    picture, name, _ = fd.tiles[0].box.children
    assert picture.value.startswith("it is not a picture")
    assert name.value == "black/00000001.jpg"
    fd.confirm.click()
    assert fd.tiles == []
    assert fd.box.children[0].value == "No pictures are left to show."
    assert FileDeleter(file_paths=[]).tiles == []


def test_what_goes_wrong_is_shown_and_nothing_is_lost(paths: list[Path], bears: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.jpg"
    elsewhere.write_bytes(paths[0].read_bytes())
    before = pictures(bears)
    fd = FileDeleter(file_paths=[paths[0], elsewhere])
    for tile in fd.tiles:
        tile.delete.click()
    fd.confirm.click()
    assert "elsewhere.jpg" in fd.news.value
    assert (pictures(bears), len(fd.tiles)) == (before, 2)


@pytest.mark.parametrize("place", ["bears/black/1.jpg", "bears/train/black/1.jpg"])
def test_image_folder_of_a_picture_is_that_of_its_classes(tmp_path: Path, place: str) -> None:
    assert image_folder(tmp_path / place) == tmp_path / "bears"
    os.makedirs(tmp_path / ".whatsit")
    assert image_folder(tmp_path / place) == tmp_path


def test_what_is_not_a_list_of_pictures_is_refused(bears: Path, paths: list[Path]) -> None:
    data = ImageDataBunch.from_folder(bears, train=".", valid_pct=0.5, seed=1)
    assert len(FileDeleter(data.valid_ds.x, batch_size=30).tiles) == len(data.valid_ds)
    for given, size, sentence in (
        (str(bears / "black"), 5, "must be a list of paths"),
        (bears, 5, "must be a list of paths"),
        (data.valid_ds, 5, r"data\.valid_ds\.x for all"),
        (data.valid_ds.y, 5, "None of these pictures is there: "),
        (["nope.jpg"], 5, r"None of these pictures is there: nope\.jpg"),
        (paths, 0, "batch_size must be"),
    ):
        with pytest.raises(wi.WhatsitError, match=sentence):
            FileDeleter(given, size)  # type: ignore[arg-type]


def test_buttons_that_can_not_be_shown_say_so(bears: Path, paths: list[Path]) -> None:
    notes: list[str] = []
    with on_lines(notes.append):
        FileDeleter(paths)
    assert "FileDeleter need a notebook" in notes[0]
    assert f"whatsit review {bears}" in notes[0]
