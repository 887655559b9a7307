"""What `trash` and `undo` print: originals come back, and what Whatsit wrote itself is put away."""

import json
import re
from pathlib import Path

from PIL import Image

from tests.conftest import Run, rendered


def test_undo_of_smaller_pictures_counts_the_originals(command: Run, tmp_path: Path) -> None:
    for label in "ab":
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(3):
            rendered(10 * ord(label) + number, (640, 480)).save(tmp_path / "photos" / label / f"{number}.jpg")
    assert command("verify", "photos", "--max-size", 128).returncode == 0
    assert "too large: 6 pictures" in command("history", "photos").stdout
    undone = command("undo", "photos").stdout
    assert "undone: 6 files back" in undone
    assert "6 files put away" in undone
    assert undone.endswith("  and 1 file more\n")
    assert ".whatsit" not in undone
    listed = command("trash", "photos").stdout
    assert listed.count("put away by undo") == 6
    assert "next:" not in listed, "there is nothing to undo"
    assert Image.open(tmp_path / "photos" / "a" / "0.jpg").size == (640, 480)


def test_training_again_says_how_to_get_the_replaced_bundle_back(
    command: Run, digits: Path, tmp_path: Path
) -> None:
    words = "train", digits, "--epochs", 2, "--augment", "none"
    assert "replaced" not in command(*words).stderr
    first = (tmp_path / "digits.whatsit").read_bytes()
    again = command(*words, "--seed", 1)
    assert again.returncode == 0, again.stderr
    (kept,) = re.findall(
        r"digits.whatsit was replaced. To get the previous one back, copy it from (.+); ", again.stderr
    )
    assert (tmp_path / kept).read_bytes() == first
    assert kept in command("trash", digits).stdout
    assert len(json.loads(command("trash", digits, "--json").stdout)["files"]) == 1
