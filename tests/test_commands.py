"""Commands in messages work as they are typed, however Whatsit was installed."""

import importlib.metadata
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from whatsit import commands


@pytest.mark.parametrize(
    ("origin", "pip", "command"),
    [
        ("clone", True, "venv/bin/python -m pip install --editable '.[torch]'"),
        ("folder", True, "venv/bin/python -m pip install '.[torch]'"),
        ("registry", True, "venv/bin/python -m pip install 'whatsit[torch]'"),
        ("folder", False, "uv pip install '.[torch]' --python venv/bin/python"),
    ],
)
def test_extra_is_installed_from_where_whatsit_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str, pip: bool, command: str
) -> None:
    (tmp_path / "pyproject.toml").touch()
    record = {"url": tmp_path.as_uri(), "dir_info": {"editable": origin == "clone"}}
    text = None if origin == "registry" else json.dumps(record)
    monkeypatch.setattr(
        importlib.metadata, "distribution", lambda name: SimpleNamespace(read_text=lambda file: text)
    )
    monkeypatch.setattr(commands, "find_spec", lambda name: pip or None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    assert commands.installing("torch") == command
