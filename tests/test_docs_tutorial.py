"""The tutorial shows what its commands print and draw. After a change: `make docs-pictures`."""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests import ROOT
from tests.tutorial import BLOCK, LOOK, PAGE, PICTURES, look, masked, printed, rerun


@pytest.mark.usefixtures("cache")
def test_commands_of_the_tutorial_print_what_it_shows(tmp_path: Path) -> None:
    shown = PAGE.read_text()
    now = rerun(shown, tmp_path)
    for before, after in zip(BLOCK.findall(shown), BLOCK.findall(now), strict=True):
        assert masked(after) == masked(before), "run `make docs-pictures`, and read the page again"
    (code,) = re.findall(r"```python\n(.*?)```", shown, re.S)
    (tmp_path / "code.py").write_text(code)
    label, probability, verdict = printed(tmp_path, "python code.py").split()
    assert (label, verdict) == ("cat", "known")
    assert 0.5 < float(probability) <= 1


def test_pictures_are_small_and_each_is_shown_somewhere() -> None:
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "README.zh-CN.md"]
    text = "".join(page.read_text() for page in pages)
    paths = sorted(PICTURES.glob("*.png"))
    assert paths
    for path in paths:
        assert f"pictures/{path.name.replace('.zh_CN', '')}" in text
        assert path.stat().st_size < 150_000
        with Image.open(path) as image:
            assert image.width <= 1280
    assert sum(path.stat().st_size for path in paths) < 1_500_000


def test_pictures_of_the_report_show_how_it_looks_now() -> None:
    assert LOOK.read_text() == look(), "run `make docs-pictures`, and look at docs/pictures"
