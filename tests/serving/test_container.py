"""`whatsit export --container`: its folder, and the steps of its Dockerfile, done here since no engine is."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests import ROOT
from tests.conftest import Run
from tests.serving.conftest import SMALL
from tests.test_install import uv
from whatsit.bundle import Bundle
from whatsit.serving.container import image_name, plain_name, write_container
from whatsit.version import __version__

WHEEL = f"whatsit-{__version__}-py3-none-any.whl"
FILES = {"Dockerfile", ".dockerignore", "README.md", "constraints.txt", "format-2.whatsit", WHEEL}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_container(SMALL, tmp_path / "box")
    return tmp_path / "box"


def steps(folder: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, with what follows each."""
    lines = (folder / "Dockerfile").read_text().splitlines()
    return [
        (name, rest) for name, _, rest in (line.partition(" ") for line in lines if line[:1] not in ("", "#"))
    ]


def last(folder: Path, name: str) -> str:
    return [rest for one, rest in steps(folder) if one == name][-1]


def test_folder_has_what_a_container_needs_and_nothing_else(command: Run, tmp_path: Path) -> None:
    printed = command("export", SMALL, "--container", tmp_path / "box")
    assert printed.returncode == 0, printed.stderr
    assert "docker build --tag NAME" in printed.stdout
    assert {path.name for path in (tmp_path / "box").iterdir()} == FILES
    assert (tmp_path / "box" / "format-2.whatsit").read_bytes() == SMALL.read_bytes()


def test_dockerfile_copies_only_what_is_there_and_not_ignored(folder: Path) -> None:
    ignored = (folder / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    copied = [word for name, rest in steps(folder) if name == "COPY" for word in rest.split()[:-1]]
    assert sorted(copied) == sorted(line[1:] for line in ignored if line.startswith("!"))
    assert all((folder / name).is_file() for name in copied)


def test_container_runs_without_rights_and_is_asked_for_its_health(folder: Path) -> None:
    names = [name for name, _ in steps(folder)]
    assert names[0] == "FROM"
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("RUN", "COPY"))
    assert last(folder, "USER") == "1000"
    assert "/health" in last(folder, "HEALTHCHECK")
    assert json.loads(last(folder, "CMD")) == [
        *("whatsit", "serve", "/app/format-2.whatsit", "--host", "0.0.0.0", "--public", "--port", "8000")
    ]
    assert "--read-only --tmpfs /tmp" in (folder / "README.md").read_text()


def test_image_is_the_slim_one_of_the_python_that_runs_here(folder: Path) -> None:
    assert last(folder, "FROM") == f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def test_no_file_names_a_registry_or_a_place_of_this_computer(folder: Path) -> None:
    for name in FILES - {WHEEL, "format-2.whatsit"}:
        text = (folder / name).read_text()
        assert "$" not in text
        assert str(ROOT) not in text
        assert set(re.findall(r"https?://([\w.]+)", text)) <= {"127.0.0.1", "localhost"}


def test_same_bundle_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    write_container(SMALL, tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_wheel_has_the_package_its_licenses_and_what_it_needs(folder: Path) -> None:
    with zipfile.ZipFile(folder / WHEEL) as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read(f"whatsit-{__version__}.dist-info/METADATA").decode()
    source = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "whatsit").rglob("*.py")}
    assert source <= names
    assert not any("__pycache__" in name for name in names)
    assert {f"whatsit-{__version__}.dist-info/licenses/{name}" for name in ("LICENSE", "NOTICE")} <= names
    assert "Requires-Dist: openvino>=" in metadata
    assert "torch" not in metadata.partition("efficientnet")[0]


def test_versions_are_those_that_are_installed_here(folder: Path) -> None:
    from importlib.metadata import version

    pinned = dict(line.split("==") for line in (folder / "constraints.txt").read_text().splitlines())
    assert {"numpy", "openvino", "starlette", "anyio", "uvicorn", "onnx", "protobuf"} <= pinned.keys()
    assert not {"torch", "timm", "matplotlib", "pytest", "whatsit"} & pinned.keys()
    assert all(version(name) == number for name, number in pinned.items())


@pytest.mark.parametrize(
    ("name", "plain", "image"),
    [
        ("my bears.whatsit", "my-bears.whatsit", "my-bears"),
        ("a\nRUN x.whatsit", "a-nRUN-x.whatsit", "a-nrun-x"),
        ("$HOME`x`.whatsit", "HOME-x.whatsit", "home-x"),
        ("熊.whatsit", "熊.whatsit", "whatsit-model"),
        ("-.whatsit", "model.whatsit", "model"),
        ("..whatsit", "model.whatsit", "model"),
    ],
)
def test_odd_names_become_plain_ones(name: str, plain: str, image: str) -> None:
    assert plain_name(Path(name)) == plain
    assert image_name(plain) == image


def test_nothing_is_written_over(command: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "Dockerfile").write_text("FROM scratch\n")
    for place in (mine, mine / "Dockerfile"):
        done = command("export", SMALL, "--container", place)
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1].endswith(
            "Name one that does not exist yet: nothing is written over."
        )
    assert {path.name for path in mine.iterdir()} == {"Dockerfile"}
    done = command("export", tmp_path / "no.whatsit", "--container", tmp_path / "new")
    assert done.returncode == 2
    assert not (tmp_path / "new").exists()


def test_disk_that_is_full_leaves_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from whatsit.errors import WhatsitError
    from whatsit.project import write_whole
    from whatsit.serving import container

    def full(path: Path, data: bytes) -> None:
        if path.name == "Dockerfile":
            raise WhatsitError("No space.")
        write_whole(path, data)

    monkeypatch.setattr(container, "write_whole", full)
    with pytest.raises(WhatsitError, match="No space"):
        write_container(SMALL, tmp_path / "box")
    assert list((tmp_path / "box").iterdir()) == []


# The steps of the Dockerfile


@pytest.fixture
def image(folder: Path, tmp_path: Path) -> "Image":
    image = Image(folder, tmp_path)
    for name, rest in steps(folder):
        image.do(name, rest)
    return image


class Image:
    """What a container engine would make of a Dockerfile, in a folder and a new environment.

    /app is a folder here, and uv stands for pip: what else a step says is done as it stands.
    """

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder, self.app, self.python = folder, place / "app", place / "venv" / "bin" / "python"
        self.app.mkdir()
        self.environment = {"PATH": f"{self.python.parent}:{os.defpath}", "HOME": "/nonexistent"}
        self.command: list[str] = []

    def do(self, name: str, rest: str) -> None:
        rest = rest.replace("/app", str(self.app))
        if name == "FROM":
            version = rest.removeprefix("python:").removesuffix("-slim")
            uv("venv", "--quiet", "--python", version, self.python.parents[1])
        elif name == "COPY":
            *files, target = rest.split()
            for one in files:
                (Path(target) / one).write_bytes((self.folder / one).read_bytes())
        elif name == "ENV":
            variable, _, value = rest.partition("=")
            self.environment[variable] = value
        elif name == "CMD":
            self.command = json.loads(rest)
        elif name == "RUN" and rest.startswith("pip install "):
            words = [
                word
                for word in shlex.split(rest)[2:]
                if word not in ("--no-cache-dir", "--disable-pip-version-check")
            ]
            uv("pip", "install", "--quiet", "--compile-bytecode", "--python", self.python, *words)
        elif name == "RUN" and not rest.startswith("useradd "):
            subprocess.run(rest, shell=True, check=True, env=self.environment, cwd=self.app)

    def files(self) -> dict[Path, int]:
        places = (self.app, self.python.parents[1])
        return {
            path: path.stat().st_mtime_ns for place in places for path in place.rglob("*") if path.is_file()
        }


def test_steps_of_the_dockerfile_lead_to_a_server_that_answers(image: Image, picture: bytes) -> None:
    assert (image.app / "cache" / "tried").is_dir(), "the bundle was opened once"
    before, command = image.files(), list(image.command)
    command[command.index("--port") + 1] = "0"
    command[command.index("--host") + 1] = "127.0.0.1"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=image.environment, cwd="/")
    try:
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address
        with urllib.request.urlopen(f"{address[0]}health") as health:
            assert json.load(health) == {"status": "ok"}
        answer = json.load(urllib.request.urlopen(urllib.request.Request(f"{address[0]}classify", picture)))
        assert answer["label"] in Bundle.read(SMALL).classes
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert image.files() == before, "its file system may be read-only"
