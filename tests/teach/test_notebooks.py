"""The notebooks run from top to bottom, in both languages with the same code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import CHINESE, NOTEBOOKS, names, read, run, shown

MOST_BYTES = 1_000_000  # of a file with its pictures
MOST_LINES = 15  # of the app
USE_THE_APP = """
upload.value = ({"name": "x.png", "type": "image/png", "size": 1, "content": memoryview(picture.read_bytes()),
                 "last_modified": __import__("datetime").datetime(2026, 1, 1)},)
print(answer.value)
"""
FOUND = "print(mse(x @ a, y).item(), accuracy(pixels[valid] @ weights + bias, labels[valid]).item())"


def code(notebook: Any) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_three() -> None:
    assert names() == ["1-your-own-classifier", "2-gradient-descent", "3-what-goes-wrong"]


@pytest.mark.parametrize("name", names())
def test_code_is_the_same_in_both_languages(name: str) -> None:
    english, chinese = read(name), read(name + CHINESE)
    assert code(english) == [
        one.replace('"WHATSIT_LANG"] = "zh"', '"WHATSIT_LANG"] = "en"') for one in code(chinese)
    ]
    assert any('"WHATSIT_LANG"] = "zh"' in one for one in code(chinese))
    assert [cell.cell_type for cell in english.cells] == [cell.cell_type for cell in chinese.cells]
    for one, other in zip(english.cells, chinese.cells, strict=True):
        if one.cell_type == "markdown":
            assert not any("\u4e00" <= letter <= "\u9fff" for letter in one.source)
            assert any("\u4e00" <= letter <= "\u9fff" for letter in other.source)
            in_line = re.sub(r"`[^`\n]+`", "`", other.source)
            assert not re.search("[\u4e00-\u9fff]`|`[\u4e00-\u9fff]", in_line)  # code has a space beside it


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_outputs_are_small_sound_and_of_nobodys_computer(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text) < MOST_BYTES
    assert [place for place in ("/tmp/", "/home/", "/root/", "/work/") if place in text] == []
    outputs = [one for cell in json.loads(text)["cells"] for one in cell.get("outputs", ())]
    assert outputs, "run python -m tests.notebooks"
    assert [one for one in outputs if one["output_type"] == "error" or one.get("name") == "stderr"] == []


@pytest.mark.usefixtures("cache")
def test_own_classifier_ends_as_an_app(tmp_path: Path) -> None:
    notebook = read("1-your-own-classifier")
    app = code(notebook)[-1].splitlines()
    assert len(app) <= MOST_LINES
    run(notebook, tmp_path, more=USE_THE_APP, DIGITS=150, SIZE=64)
    assert shown(notebook.cells[-1]).split()[-1].strip("()\n") in ("known", "unsure", "novel")
    assert (tmp_path / "my-classifier.whatsit").exists()


def test_descent_finds_the_line_and_the_digits(tmp_path: Path) -> None:
    notebook = read("2-gradient-descent")
    more = (
        "print(mse(x @ a.detach(), y).item(), accuracy(pixels[valid] @ weights + bias, labels[valid]).item())"
    )
    run(notebook, tmp_path, more=more, frames=3, most_steps=100)
    loss, accuracy = map(float, shown(notebook.cells[-1]).split())
    assert loss == pytest.approx(0.083, abs=0.03)
    assert accuracy >= 0.9
    assert (tmp_path / "gradient-descent.gif").stat().st_size > 1000


@pytest.mark.usefixtures("cache")
def test_every_mistake_is_recognized(tmp_path: Path) -> None:
    notebook = read("3-what-goes-wrong")
    overfitted = next(shown(cell) for cell in notebook.cells if "diagnosis.overfitting" in cell.source)
    assert "Yes. Too many epochs" in overfitted  # as it was with the settings of the notebook
    run(notebook, tmp_path, DIGITS=300, SIZE=64, LOW_EPOCHS=3, MANY_EPOCHS=2)
    texts = [shown(cell) for cell in notebook.cells if "trained(" in cell.source][1:]
    signs = ("The learning rate was too high", "The learning rate is too low", "Too few epochs")
    assert [sign for sign in signs if not any(sign in text for text in texts)] == []
