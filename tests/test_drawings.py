"""The drawings of the demo and the tutorial."""

from pathlib import Path

import pytest
from PIL import Image

from whatsit.drawings import CLASSES, write_drawings


def test_the_same_seed_draws_the_same_pictures(tmp_path: Path) -> None:
    first, second, other = tmp_path / "first", tmp_path / "second", tmp_path / "other"
    odd = write_drawings(first, each=12, seed=1).odd.relative_to(first)  # always the same one
    write_drawings(second, each=12, seed=1)
    write_drawings(other, each=12, seed=2)
    files = sorted(path.relative_to(first) for path in first.rglob("*.jpg"))
    assert len(files) == 3 * 12 + 1  # with a copy
    assert {path.parts[0] for path in files} == set(CLASSES)
    assert all((first / path).read_bytes() == (second / path).read_bytes() for path in files)
    assert all((first / path).read_bytes() != (other / path).read_bytes() for path in files if path != odd)


def test_faults_are_where_they_are_said_to_be(tmp_path: Path) -> None:
    faults = write_drawings(tmp_path, each=12)
    assert [(path.parent.name, kind) for path, kind in faults.mislabeled.items()] == [
        ("bird", "fish"),
        ("cat", "bird"),
        ("fish", "cat"),
    ]
    assert faults.odd.exists()
    assert faults.copy.read_bytes() in [
        path.read_bytes() for path in faults.copy.parent.iterdir() if path != faults.copy
    ]
    with pytest.raises(OSError, match="truncated"):
        Image.open(faults.broken).load()
