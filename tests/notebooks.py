"""The notebooks in a real kernel: `python -m tests.notebooks [NAME...]` writes their outputs anew."""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from tests import ROOT

NOTEBOOKS = ROOT / "notebooks"
CHINESE = ".zh-CN"
WIDGET = "application/vnd.jupyter.widget-view+json"  # shows nothing without its kernel


def names() -> list[str]:
    """Of the English ones."""
    return sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb") if not path.stem.endswith(CHINESE))


def read(name: str) -> Any:
    """A notebook by the name of its file."""
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def run(notebook: Any, folder: Path, lang: str = "en", more: str = "", **settings: object) -> None:
    """Run all cells in a folder, with other `settings` than its own, and then the code `more`."""
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    own = [place for place, cell in enumerate(notebook.cells) if "settings" in cell.metadata.get("tags", ())]
    if settings:
        code = "\n".join(f"{name} = {value!r}" for name, value in settings.items())
        notebook.cells.insert(own[0] + 1, nbformat.v4.new_code_cell(code))
    if more:
        notebook.cells.append(nbformat.v4.new_code_cell(more))
    client.execute(env={**os.environ, "WHATSIT_LANG": lang})


def shown(cell: Any) -> str:
    """What a cell printed and showed as text."""
    texts = [one.get("text") or one.get("data", {}).get("text/plain", "") for one in cell.get("outputs", ())]
    return "".join(texts)


def _kept(output: Mapping[str, Any]) -> bool:
    """Whether an output says something to whoever reads the file: no bar that is gone, no widget."""
    data = output.get("data", {})
    return WIDGET not in data and (not data or data.get("text/html") != "")


def _write(name: str) -> None:
    notebook = read(name)
    with tempfile.TemporaryDirectory() as folder:
        run(notebook, Path(folder), "zh" if name.endswith(CHINESE) else "en")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = list(filter(_kept, cell.outputs))
    notebook.metadata.pop("widgets", None)
    text = nbformat.writes(notebook).replace(f"{folder}/", "")
    (NOTEBOOKS / f"{name}.ipynb").write_text(f"{text}\n", encoding="utf-8")
    print(name, (NOTEBOOKS / f"{name}.ipynb").stat().st_size // 1000, "kB")


if __name__ == "__main__":
    for one in sys.argv[1:] or [name + end for name in names() for end in ("", CHINESE)]:
        _write(one)
