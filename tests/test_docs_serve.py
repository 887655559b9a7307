"""What docs/serve.md and docs/hosting.md show works, against a real server."""

import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn

from tests.conftest import rendered
from tests.documentation import code_blocks
from tests.serving.conftest import SMALL, encoded
from tests.serving.served import Served
from tests.site import Site, respond
from whatsit.cli.app import app as command_line
from whatsit.serving.server import bound

CALL, MOUNTED, ROUTE = code_blocks("docs/serve.md", "python")
PICTURE = encoded(rendered(1))


@pytest.fixture
def place(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the pages name."""
    for name in ("picture.jpg", "one.jpg", "two.jpg"):
        (tmp_path / name).write_bytes(PICTURE)
    (tmp_path / "bears.whatsit").write_bytes(SMALL.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def running(code: str) -> Iterator[str]:
    """The application that some code makes, as uvicorn serves it; its address."""
    names: dict[str, Any] = {}
    exec(code, names)
    server = uvicorn.Server(uvicorn.Config(names["app"], log_level="error"))
    with bound("127.0.0.1", 0) as listening:
        ready = threading.Event()
        began = server.startup

        async def startup(sockets: Any = None) -> None:
            await began(sockets)
            ready.set()

        server.startup = startup  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run, args=[[listening]])
        thread.start()
        try:
            assert ready.wait(30)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


def test_lessons_route_answers_in_fifteen_lines(place: Path, site: Site) -> None:
    assert len([line for line in ROUTE.splitlines() if line]) <= 15
    site.pages["/bear.jpg"] = respond(PICTURE)
    private = ROUTE.replace('params["url"])', 'params["url"], True)')
    with running(private) as address:
        answer = requests.get(f"{address}/classify-url", {"url": site.url("/bear.jpg")}).json()
    (label, probability), *_ = answer["predictions"]
    assert label in ("ant", "bee", "cat", "dog")
    assert probability == max(other for _, other in answer["predictions"])


def test_application_is_mounted_into_another_one(place: Path) -> None:
    with running(MOUNTED) as address:
        assert "bears" in requests.get(f"{address}/bears").text
        assert requests.post(f"{address}/bears/classify", PICTURE).json()["label"]
        assert requests.get(f"{address}/bears/info").json()["card"]["classes"][0]["name"] == "ant"


def test_python_asks_the_api(place: Path) -> None:
    with Served(place / "bears.whatsit") as served:
        code = CALL.replace("http://localhost:8000", served.url().rstrip("/"))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in ("ant", "bee", "cat", "dog")


def test_curl_asks_the_api(place: Path, site: Site) -> None:
    site.pages["/picture.jpg"] = respond(PICTURE)
    lines = [
        line
        for page in ("docs/serve.md", "docs/hosting.md")
        for block in code_blocks(page, "sh")
        for line in block.splitlines()
        if line.startswith("curl ") and "localhost:8000" in line
    ]
    assert len(lines) == 5
    with Served(place / "bears.whatsit", allow_private=True) as served:
        for line in lines:
            printed = line.replace("http://localhost:8000", served.url().rstrip("/"))
            printed = printed.replace("https://example.com/picture.jpg", site.url("/picture.jpg"))
            done = subprocess.run([*shlex.split(printed), "-sS", "--fail"], capture_output=True, text=True)
            assert done.returncode == 0, (line, done.stderr)
            assert json.loads(done.stdout).keys() & {"predictions", "results", "classes", "status"}


def test_every_command_on_the_pages_has_the_options_that_it_is_given() -> None:
    from typer.main import get_command

    commands = get_command(command_line).commands  # type: ignore[attr-defined]
    found = [
        (name, set(re.findall(r"--[a-z-]+", rest)))
        for page in ("docs/serve.md", "docs/hosting.md")
        for block in (*code_blocks(page, "sh"), *code_blocks(page, "ini"))
        for name, rest in re.findall(r"whatsit (serve|export|info) (.*)", block)
    ]
    assert len(found) >= 6
    for name, options in found:
        assert options <= {word for one in commands[name].params for word in one.opts}, (name, options)
