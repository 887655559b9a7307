from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Run
from whatsit.catalog.pictures import draw_labelled
from whatsit.errors import WhatsitError
from whatsit.understand.plots import draw_training


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.size


def test_pictures_are_drawn_with_any_label(photo: Path, tmp_path: Path) -> None:
    titles = ["熊 🐻", "$x$ and $", "two\nlines", "", "plain"]
    draw_labelled([(photo, title) for title in titles], rows=1).write(tmp_path / "p.png")
    width, height = size(tmp_path / "p.png")
    assert width > 900
    assert height > 150


def test_file_that_is_no_picture_is_passed_over(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html>")
    figure = draw_labelled([(tmp_path / "page.jpg", "a"), (photo, "b")], rows=1, columns=1)
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
        draw_labelled([(photo, "a")], rows=1, columns=1).write(photo / "p.png")
    result = whatsit("show", digits, "--save", photo / "p.png")
    assert result.returncode == 2
    assert "can't be written" in result.stderr
