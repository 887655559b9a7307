from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Run
from whatsit.catalog.pictures import draw_labeled
from whatsit.errors import WhatsitError
from whatsit.understand.plots import draw_confusion, draw_rows, draw_training


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.size


def test_pictures_are_drawn_with_any_label(photo: Path, tmp_path: Path) -> None:
    titles = ["熊 🐻", "$x$ and $", "two\nlines", "", "plain"]
    draw_labeled([(photo, title) for title in titles], rows=1).write(tmp_path / "p.png")
    width, height = size(tmp_path / "p.png")
    assert width > 900
    assert height > 150


def test_file_that_is_no_picture_is_passed_over(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html>")
    figure = draw_labeled([(tmp_path / "page.jpg", "a"), (photo, "b")], rows=1, columns=1)
    figure.write(tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as image:
        assert len(image.convert("RGB").getcolors(10**6) or []) > 100


def test_curves_are_drawn_for_one_epoch_and_many(tmp_path: Path) -> None:
    for count in (1, 30):
        epochs = [
            {"epoch": n, "train_loss": 1 / n, "valid_loss": 2 / n, "error_rate": 1 / n}
            for n in range(1, count + 1)
        ]
        draw_training(epochs).write(tmp_path / "c.png")
        assert size(tmp_path / "c.png")[0] > 700


def test_figure_that_cannot_be_saved_is_said(photo: Path, whatsit: Run, digits: Path) -> None:
    with pytest.raises(WhatsitError, match="can't be written"):
        draw_labeled([(photo, "a")], rows=1, columns=1).write(photo / "p.png")
    result = whatsit("show", digits, "--save", photo / "p.png")
    assert result.returncode == 2
    assert "can't be written" in result.stderr


def test_confusion_matrix_of_plain_counts_is_drawn() -> None:
    counts, totals = np.array([[3, 1], [0, 0]]), np.array([4, 0])
    axis = draw_confusion(["cat", "dog"], counts, totals, "4 pictures").axes[0]
    assert axis.get_title("left") == "4 pictures"
    assert [text.get_text() for text in axis.texts] == ["3", "1"]
    axis = draw_confusion(["cat", "dog"], counts, totals, "4 pictures", normalize=True).axes[0]
    assert [text.get_text() for text in axis.texts] == ["0.75", "0.25"]


def test_rows_of_pictures_keep_their_places_when_one_cannot_be_read(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html>")
    figure = draw_rows([("first", [tmp_path / "page.jpg", photo]), ("second", [photo, photo])], "two rows")
    assert figure.get_suptitle() == "two rows"
    assert [axis.get_title() for axis in figure.axes] == ["first", "", "second", ""]
    is_white = [bool((np.asarray(axis.images[0].get_array()) == 255).all()) for axis in figure.axes]
    assert is_white == [True, False, False, False]
