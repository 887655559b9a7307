from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Run
from whatsit.errors import WhatsitError
from whatsit.understand.plots import labelled_pictures, training_curves


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.size


def test_pictures_are_drawn_with_any_label(photo: Path, tmp_path: Path) -> None:
    titles = ["熊 🐻", "$x$ and $", "two\nlines", "", "plain"]
    labelled_pictures([(photo, title) for title in titles], tmp_path / "p.png", rows=1)
    width, height = size(tmp_path / "p.png")
    assert width > 900
    assert height > 150


def test_file_that_is_no_picture_is_passed_over(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html>")
    labelled_pictures([(tmp_path / "page.jpg", "a"), (photo, "b")], tmp_path / "p.png", rows=1, columns=1)
    with Image.open(tmp_path / "p.png") as image:
        assert len(image.convert("RGB").getcolors(10**6) or []) > 100


def test_curves_are_drawn_for_one_epoch_and_many(tmp_path: Path) -> None:
    for count in (1, 30):
        epochs = [
            {"epoch": n, "train_loss": 1 / n, "valid_loss": 2 / n, "error_rate": 1 / n}
            for n in range(1, count + 1)
        ]
        training_curves(epochs, tmp_path / "c.png")
        assert size(tmp_path / "c.png")[0] > 700


def test_figure_that_cannot_be_saved_is_said(photo: Path, whatsit: Run, digits: Path) -> None:
    with pytest.raises(WhatsitError, match="can't be written"):
        labelled_pictures([(photo, "a")], photo / "p.png", rows=1, columns=1)
    result = whatsit("show", digits, "--save", photo / "p.png")
    assert result.returncode == 2
    assert "can't be written" in result.stderr
