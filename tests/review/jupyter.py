"""A real JupyterLab and a real Notebook 7: one server on loopback gives both, with settings of its own."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Self

import nbformat

RUNNING = re.compile(r"(http://127\.0\.0\.1:\d+)/")
FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
FOLDERS += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
TOKEN = "only-for-this-test"
OPTIONS = ("--allow-root", "--no-browser", "--ip=127.0.0.1", "--port=0", f"--IdentityProvider.token={TOKEN}")
OPTIONS += ("--LabApp.extension_manager=readonly",)  # the other one asks a registry
SETTINGS = {  # below the folder of the settings: nobody asks for news, and the theme is a dark one
    "JUPYTER_CONFIG_DIR/labconfig/page_config.json": {
        "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}
    },
    "JUPYTERLAB_SETTINGS_DIR/@jupyterlab/apputils-extension/themes.jupyterlab-settings": {
        "theme": "JupyterLab Dark"
    },
}


class Jupyter:
    """A server that is ready when the block begins, and has ended with its kernels when it ends."""

    def __init__(self, folder: Path, settings: Path) -> None:
        self.folder = folder
        for name, content in SETTINGS.items():
            (settings / name).parent.mkdir(parents=True)
            (settings / name).write_text(json.dumps(content))
        others = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
        own = {name: str(settings / name) for name in FOLDERS}
        command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--ServerApp.root_dir={folder}"]
        self._server = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env={**others, **own}
        )
        self.log: list[str] = []

    def __enter__(self) -> Self:
        errors = self._server.stderr
        assert errors is not None
        for line in errors:
            self.log.append(line)
            if found := RUNNING.search(line):
                self.address = found[1]
                break
        else:
            raise AssertionError("".join(self.log))
        self._reader = threading.Thread(target=self._read, args=[errors])  # or its pipe is full one day
        self._reader.start()
        return self

    def _read(self, errors: IO[str]) -> None:
        self.log.extend(errors)

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(30)
        self._reader.join(30)

    def notebook(self, name: str, *cells: str) -> None:
        """Write a notebook with these cells of code."""
        new = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
        new.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(new, self.folder / name)

    def url(self, path: str) -> str:
        return f"{self.address}/{path}?token={TOKEN}"
