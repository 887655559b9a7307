"""A real kernel: what a training shows in a notebook, and that it can be cancelled and go on."""

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = [
    "import whatsit as wi\nfrom whatsit.events import Artifact, Cancelled, EpochDone, emitting",
    "learner = wi.Learner(wi.Catalog.from_folder('digits'), size=64)\nlearner.fit_one_cycle(3)",
    "learner",
    """runs = []
def cancel(event):
    if isinstance(event, Artifact):
        runs.append(event.path)
    if isinstance(event, EpochDone) and event.place == 2:
        raise Cancelled
try:
    wi.train('digits', 'x.whatsit', cancel, size=64, epochs=4, augment='none')
except Cancelled:
    print('cancelled')""",
    "result = wi.resume(runs[0], out='x.whatsit')\nprint(len(result.learner.history), result.bundle.name)",
]


def html(cell: Any) -> list[str]:
    """What a cell shows, as HTML."""
    return [output["data"]["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]


def streams(cell: Any, name: str) -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == name)


@pytest.mark.usefixtures("cache")
def test_notebook_trains_cancels_and_goes_on(digits: Path, tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS])
    resources = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(notebook, timeout=200, kernel_name="python3", resources=resources)
    client.execute(env={**os.environ})
    _, trained, shown, cancelled, resumed = notebook.cells

    (table,) = [page for page in html(trained) if "<table>" in page]
    assert table.count("<tr>") == 4
    assert [name in table for name in ("train_loss", "error_rate", "time")] == [True] * 3
    assert not any("<progress" in page for page in html(trained)), "bars are gone when all is done"
    assert html(trained).count("") == 1, "all bars of a cell have one output"
    assert "<table" in html(shown)[0]
    assert streams(cancelled, "stdout") == "cancelled\n"
    assert streams(resumed, "stdout") == "4 x.whatsit\n"
    assert streams(resumed, "stderr") == ""
    assert any("<table>" in page for page in html(resumed))
