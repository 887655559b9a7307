"""Small real pictures for everybody: scikit-learn's digits, and the shared photos where they are."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

CLOTHING = Path(__file__).parents[2] / "shared" / "data" / "clothing"
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of converted networks for the session, not the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["WHATSIT_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def clothing() -> Path:
    if not CLOTHING.is_dir():
        pytest.skip(f"the real photos are not at {CLOTHING}")
    return CLOTHING


@pytest.fixture(scope="session")
def all_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from whatsit.demo import write_digits

    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    return folder


@pytest.fixture
def digits(all_digits: Path, tmp_path: Path) -> Path:
    """Twenty pictures each of 0, 1 and 7."""
    folder = tmp_path / "digits"
    for label in "017":
        (folder / label).mkdir(parents=True)
        for path in sorted((all_digits / label).glob("*.png"))[5:25]:
            (folder / label / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A 640 x 480 gradient, red growing to the right and blue downwards."""
    image = Image.merge(
        "RGB",
        [
            Image.linear_gradient("L").rotate(90).resize((640, 480)),
            Image.new("L", (640, 480)),
            Image.linear_gradient("L").resize((640, 480)),
        ],
    )
    path = tmp_path / "photo.jpg"
    image.save(path, quality=95)
    return path


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def whatsit(cache: Path, tmp_path: Path) -> Run:
    """Run the real command in a folder of its own."""

    def run(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "whatsit", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, **options)  # type: ignore[call-overload, no-any-return]

    return run
