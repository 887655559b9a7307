"""The base install alone: another environment, the wheel, no extras."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Run

if TYPE_CHECKING:
    from tests.site import Site

ROOT = Path(__file__).parents[1]
LARGEST = 400 * 10**6
PREDICT = """
import sys
from importlib.util import find_spec
heavy = [name for name in ("torch", "sklearn", "timm", "onnx", "matplotlib", "cv2") if find_spec(name)]
assert not heavy, heavy
import whatsit
answer = whatsit.Classifier(sys.argv[1]).predict(sys.argv[2])
print(answer.label, round(answer.probability, 4))
"""


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
    uv("pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "constraints.txt", wheel)
    return python


def test_base_install_is_small_and_predicts(
    base_python: Path, whatsit: Run, digits: Path, tmp_path: Path
) -> None:
    installed = base_python.parents[1].rglob("*")
    assert sum(path.stat().st_size for path in installed if path.is_file()) < LARGEST
    assert whatsit("train", digits, "--epochs", 4).returncode == 0
    picture = sorted((digits / "7").iterdir())[3]
    command = [base_python, "-c", PREDICT, "digits.whatsit", picture]
    alone = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    label, share = alone.stdout.split()
    here = whatsit("predict", "digits.whatsit", picture).stdout
    assert here.endswith(f": {label} {float(share):.1%}\n")
    command = [base_python, "-m", "whatsit", "report", "digits.whatsit", digits, "--out", "page.html"]
    alone = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    assert "What it takes for what" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    "words",
    [["train", "digits"], ["demo"], ["show", "digits", "--save", "x.png"], ["report", "1", "digits"]],
)
def test_base_install_says_what_training_needs(
    base_python: Path, digits: Path, tmp_path: Path, words: list[str]
) -> None:
    command = [base_python, "-m", "whatsit", *words]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 2
    assert "pip install 'whatsit[train]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_base_install_collects_and_verifies(base_python: Path, site: "Site", tmp_path: Path) -> None:
    from tests.site import jpeg, respond

    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(3)} | {"/html": respond(b"<html>")}
    (tmp_path / "urls_bear.txt").write_text("\n".join(site.url(path) for path in site.pages))
    for words in (
        ["collect", "--urls", "urls_bear.txt", "--into", "bears", "--allow-private"],
        ["verify", "bears"],
        ["snippet"],
    ):
        command = [base_python, "-m", "whatsit", *words]
        result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "bears" / "bear").iterdir())) == 3
