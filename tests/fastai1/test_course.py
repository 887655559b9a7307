"""The course's own notebooks of lesson 2, converted, run from top to bottom in a real Jupyter kernel.

They are not in this repository: WHATSIT_COURSE_NOTEBOOKS names a folder with lesson2-download.ipynb and
lesson2-sgd.ipynb of fastai/course-v3 (nbs/dl1).
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.fastai1.conftest import CLASSES, EACH
from tests.fastai1.test_converting import NAMES, TAKEN
from tests.site import Site
from whatsit.fastai1.converter.converting import convert

FOLDER = os.environ.get("WHATSIT_COURSE_NOTEBOOKS")
pytestmark = pytest.mark.skipif(not FOLDER, reason="WHATSIT_COURSE_NOTEBOOKS names no folder of notebooks")
# All that changes besides the imports: in which cell of code, what, and to what.
EDITS = {
    "lesson2-download.ipynb": (
        (
            8,
            "download_images(path/file, dest, max_pics=200)",
            "for folder in classes:\n"
            "    file, dest = f'urls_{folder}.csv', path/folder\n"
            "    dest.mkdir(parents=True, exist_ok=True)\n"
            "    download_images(path/file, dest, max_pics=200)",
        ),
        (11, "size=224", "size=64"),
        (20, "learn.lr_find()", "learn.lr_find(start_lr=1e-5, end_lr=1e-2)"),
        (22, "fit_one_cycle(2, ", "fit_one_cycle(1, "),
        (28, "size=224", "size=64"),
        (47, "size=224", "size=64"),
        (49, "fit_one_cycle(40, ", "fit_one_cycle(1, "),
    ),
    "lesson2-sgd.ipynb": ((16, "np.arange(0, 100)", "np.arange(0, 5)"),),
}


def run(name: str, folder: Path) -> list[Any]:
    """The cells of code of a notebook, converted, edited and run in a folder, with what they showed."""
    done = convert(Path(str(FOLDER), name), folder / name, NAMES, TAKEN)
    assert done.places == []
    notebook = nbformat.read(done.out, as_version=4)  # type: ignore[no-untyped-call]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, old, new in EDITS[name]:
        cell = cells[number - 1]
        assert cell.source.count(old) == 1, f"cell {number} of {name} is not as it was"
        cell.source = cell.source.replace(old, new)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    client.execute()
    return cells


def outputs(cells: list[Any], source: str) -> str:
    """All that cells with this code showed, as JSON."""
    return json.dumps([cell.outputs for cell in cells if source in cell.source])


@pytest.fixture
def bears(tmp_path: Path, pictures: Site) -> Path:
    folder = tmp_path / "data" / "bears"
    folder.mkdir(parents=True)
    for label in CLASSES:
        urls = "\n".join(pictures.url(f"/{label}/{n}.jpg") for n in range(EACH))
        for ending in ("csv", "txt"):
            (folder / f"urls_{label}.{ending}").write_text(urls)
    return folder


@pytest.mark.usefixtures("cache")
def test_lesson2_download_runs(
    bears: Path, resnets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHATSIT_WEIGHTS", str(resnets))
    monkeypatch.setenv("WHATSIT_ALLOW_PRIVATE", "1")
    cells = run("lesson2-download.ipynb", tmp_path)
    assert "['black', 'grizzly', 'teddys'], 3, 57, 15" in outputs(cells, "data.c, len(data.train_ds)")
    assert "Total time: 00:" in outputs(cells, "learn.fit_one_cycle(4)")
    assert "image/png" in outputs(cells, "interp.plot_confusion_matrix()")
    assert "application/vnd.jupyter.widget-view+json" in outputs(cells, "ImageCleaner(ds, idxs, path)")
    assert any(label in outputs(cells, "pred_class.obj") for label in CLASSES)
    assert (bears / "cleaned.csv").is_file()
    assert (bears / "export.whatsit").is_file()


def test_lesson2_sgd_runs(tmp_path: Path) -> None:
    cells = run("lesson2-sgd.ipynb", tmp_path)
    losses = re.findall(r"tensor\((\d+\.\d+)", outputs(cells, "for t in range(100)"))
    assert float(losses[-1]) < 0.2 < float(losses[0])
    assert "new Animation(frames" in outputs(cells, "animation.FuncAnimation")
