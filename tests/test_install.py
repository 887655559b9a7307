"""The base install alone: another environment, the wheel, no extras."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests import ROOT
from tests.conftest import Run, rendered

if TYPE_CHECKING:
    from tests.site import Site

LARGEST = 400 << 20  # bytes, with bytecode
HEAVY = ("torch", "torchvision", "timm", "sklearn", "matplotlib", "pandas", "scipy")
COLORS = {"red": (200, 60, 50), "green": (60, 160, 70), "blue": (50, 80, 190)}


def uv(*words: object) -> None:
    command = [sys.executable, "-m", "uv", *map(str, words)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode and (
        "Could not connect" in result.stderr or "error sending request" in result.stderr
    ):
        pytest.skip("no package registry can be reached")
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="session")
def base_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with Whatsit's wheel and what that alone asks for."""
    folder = tmp_path_factory.mktemp("base")
    uv("build", "--quiet", "--wheel", "--out-dir", folder / "dist", ROOT)
    uv("venv", "--quiet", "--python", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    (wheel,) = (folder / "dist").glob("*.whl")
    pinned = ("--constraint", ROOT / "constraints.txt")
    uv("pip", "install", "--quiet", "--compile-bytecode", "--python", python, *pinned, wheel)
    return python


# Runs the code on each line with words for it, and prints its exit code and what it printed.
RUNS = """
import io, json, os, sys, traceback
from contextlib import redirect_stderr, redirect_stdout
for line in sys.stdin:
    folder, code, sys.argv = json.loads(line)
    os.chdir(folder)
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        ended = 0
        try:
            exec(code, {})
        except SystemExit as end:
            ended = end.code
        except Exception:
            traceback.print_exc()
            ended = 1
    for one in (out, err):
        one.seek(0)
    print(json.dumps([ended, out.read(), err.read()]), flush=True)
"""


@pytest.fixture(scope="module")
def running(base_python: Path, cache: Path) -> Iterator[Run]:
    """Run code in the base install alone: in one process, which imports everything once."""
    command = [base_python, "-c", RUNS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout

        def run(folder: Path, code: str, *words: object) -> subprocess.CompletedProcess[str]:
            line = json.dumps([str(folder), code, ["whatsit", *map(str, words)]])
            print(line, file=process.stdin, flush=True)
            return subprocess.CompletedProcess(words, *json.loads(process.stdout.readline()))

        yield run


@pytest.fixture
def base(running: Run, tmp_path: Path) -> Run:
    """Run the command with the base install alone."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return running(tmp_path, "from whatsit.cli import main; main()", *words)

    return run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve rendered pictures each of three colors."""
    for seed, (label, color) in enumerate(12 * list(COLORS.items())):
        picture = Image.blend(rendered(seed), Image.new("RGB", (160, 120), color), 0.6)
        (tmp_path / "photos" / label).mkdir(parents=True, exist_ok=True)
        picture.save(tmp_path / "photos" / label / f"{seed}.jpg", quality=95)
    return tmp_path / "photos"


def test_base_install_is_small_and_has_nothing_heavy(base_python: Path) -> None:
    installed = base_python.parents[1].rglob("*")
    assert sum(path.stat().st_size for path in installed if path.is_file()) < LARGEST
    code = f"from importlib.util import find_spec; print([name for name in {HEAVY} if find_spec(name)])"
    found = subprocess.run([base_python, "-c", code], capture_output=True, text=True)
    assert found.stdout == "[]\n"


def test_base_install_trains_and_what_it_trained_answers(
    base: Run, command: Run, photos: Path, tmp_path: Path
) -> None:
    picture = next((photos / "blue").iterdir())
    done = base("train", photos, "--json", "--epochs", 8)
    assert done.returncode == 0, done.stderr
    assert next((photos / ".whatsit" / "runs").iterdir()).joinpath("report.html").stat().st_size > 10_000
    for words in (
        ["verify", photos],
        ["evaluate", "photos.whatsit", photos],
        ["report", "photos.whatsit", photos, "--out", "page.html"],
        ["report", 1, photos, "--out", "run.html"],
        ["predict", "photos.whatsit", picture],
        ["predict", "photos.whatsit", picture, "--explain", "maps"],
        ["runs", photos],
        ["lr", photos],
        ["train", "--continue", 1, photos, "--epochs", 1],
        ["env", photos],
    ):
        done = base(*words)
        assert done.returncode == 0, (words, done.stderr)
    here, there = (run("predict", "photos.whatsit", picture).stdout for run in (command, base))
    assert here == there
    assert ": blue" in here


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("torch", ["train", "photos", "--fine-tune", 1]),
        ("torch", ["train", "photos", "--backbone", "resnet18"]),
        ("torch", ["train", "photos", "--device", "cuda"]),
        ("torch", ["train", "photos", "--what-if"]),
        ("plot", ["show", "photos", "--save", "x.png"]),
        ("plot", ["lr", "photos", "--save", "x.png"]),
    ],
)
def test_what_the_base_install_lacks_is_named(
    base: Run, photos: Path, tmp_path: Path, extra: str, words: list[str]
) -> None:
    result = base(*words)
    assert result.returncode == 2, result.stdout
    assert f"pip install 'whatsit[{extra}]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        ("torch", "wi.Learner(catalog).unfreeze()"),
        ("torch", "wi.transforms()"),
        ("torch", "wi.Learner(catalog, size=32).fine_tune(1)"),
        ("plot", "catalog.show()"),
        ("clean", "catalog.to_dataframe()"),
        ("notebook", "wi.Review(wi.Learner(catalog)).widget()"),
    ],
)
def test_what_python_lacks_is_named(
    running: Run, photos: Path, tmp_path: Path, extra: str, what: str
) -> None:
    done = running(tmp_path, f"import whatsit as wi; catalog = wi.Catalog.from_folder('photos'); {what}")
    assert "MissingError: " in done.stderr
    assert not done.stdout, "nothing was trained before"
    assert f"pip install 'whatsit[{extra}]'" in done.stderr.splitlines()[-1]


def test_base_install_collects_and_verifies(base: Run, site: "Site", tmp_path: Path) -> None:
    from tests.site import jpeg, respond

    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(3)} | {"/html": respond(b"<html>")}
    (tmp_path / "urls_bear.txt").write_text("\n".join(site.url(path) for path in site.pages))
    for words in (
        ["collect", "--urls", "urls_bear.txt", "--into", "bears", "--allow-private"],
        ["verify", "bears"],
        ["snippet"],
    ):
        result = base(*words)
        assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "bears" / "bear").iterdir())) == 3
