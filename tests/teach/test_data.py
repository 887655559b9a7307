"""What the course page shows: points, digits, the reader's own photos, and their last training."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.recorded import RECORD
from whatsit.catalog import Catalog
from whatsit.errors import WhatsitError
from whatsit.labeled import Labeled
from whatsit.project import Project
from whatsit.teach.data import course, line
from whatsit.teach.digits import TRAIN, load_digits
from whatsit.teach.models import Linear, descend


def test_page_has_the_lessons_line() -> None:
    found = line()
    assert (found["start"], found["lr"], found["steps"], found["a"]) == ([-1, 1], 0.1, 100, [3, 2])
    assert (len(found["x"]), len(found["y"]), len(found["path"])) == (100, 100, 101)
    x, y = np.array(found["x"]), np.array(found["y"])
    for slope, intercept, loss in found["path"]:
        assert loss == pytest.approx(((slope * x + intercept - y) ** 2).mean(), abs=1e-12)


def test_digits_are_sixty_of_each() -> None:
    digits = load_digits()
    assert digits.inputs.shape == (600, 64)
    assert set(np.unique(digits.inputs)) == set(range(17))
    for part in (digits.labels[:TRAIN], digits.labels[TRAIN:]):
        assert len(set(np.bincount(part).tolist())) == 1


def test_same_loop_is_as_accurate_as_the_head_of_a_training() -> None:
    found = course()
    assert found["pair"]["accuracy"] >= 0.95
    assert found["pair"]["path"][0] == pytest.approx(np.log(2))
    assert found["pair"]["path"][-1] < 0.1
    head = found["head"]
    assert head["accuracy"] >= 0.9
    assert head["plain"]["accuracy"] == pytest.approx(head["accuracy"], abs=0.03)
    assert head["plain"]["parameters"] == 650
    assert len(head["plain"]["path"]) == head["plain"]["steps"] + 1
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_page_is_made_without_pytorch_and_without_what_extras_bring() -> None:
    code = """
import sys
sys.modules.update(dict.fromkeys(["torch", "matplotlib", "sklearn", "pandas"]))
from whatsit.teach.data import course
from whatsit.teach.page import page
page(course(), "./", inline=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_loss_falls_along_its_gradient() -> None:
    dice = np.random.default_rng(0)
    data = Labeled(dice.normal(size=(30, 4)), dice.integers(0, 3, 30))
    losses = descend(Linear(4, 3), data, 1e-4, 2)
    small, twice = Linear(4, 3), Linear(4, 3)
    descend(small, data, 1e-4, 1)
    descend(twice, data, 2e-4, 1)
    assert np.allclose(2 * small.weight, twice.weight)
    drop = (small.weight**2).sum() + (small.bias**2).sum()
    assert losses[0] - losses[1] == pytest.approx(drop / 1e-4, rel=1e-2)  # a step is lr times the gradient


def test_own_photos_and_the_last_training_are_in_it(digits: Path, cache: Path) -> None:
    run = Project(digits).new_run()
    (run / "history.json").write_bytes(RECORD.to_json())
    (run / "predictions.json").write_text("{}")
    found = course(digits)
    assert found["folder"] == "digits"
    assert found["head"]["classes"] == ["0", "1", "7"]
    assert found["head"]["accuracy"] >= 0.8
    assert found["head"]["plain"]["accuracy"] == pytest.approx(found["head"]["accuracy"], abs=0.1)
    pair = found["pair"]
    assert len(pair["features"]) == len(pair["labels"])
    assert len(pair["valid"]["photos"]) == len(pair["valid"]["features"])
    assert set(pair["labels"]) == {0, 1} == set(pair["valid"]["labels"])
    assert len(pair["features"][0]) <= 64
    assert all(photo.startswith("data:image/jpeg;base64,") for photo in pair["valid"]["photos"])
    assert {photo["label"] for photo in found["photos"]} == {"0", "1", "7"}
    assert len(found["photos"]) == min(64, len(Catalog.from_folder(digits)["train"]))
    assert found["run"] == {
        "name": "0001",
        "train": [1.0],
        "valid": [1.0],
        "accuracy": RECORD.accuracy,
    }
    again = Linear(len(pair["features"][0]), 2)
    rows = Labeled(np.array(pair["features"]), np.array(pair["labels"]))
    assert descend(again, rows, pair["lr"], pair["steps"]) == pytest.approx(pair["path"], abs=1e-12)


def test_head_is_as_accurate_as_the_loop_on_real_photos(clothing: Path, cache: Path, tmp_path: Path) -> None:
    for label in ("dress", "pants", "shoes"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for photo in sorted((clothing / "train" / label).glob("*.jpg"))[:14]:
            shutil.copyfile(photo, tmp_path / "photos" / label / photo.name)
    head = course(tmp_path / "photos")["head"]
    assert head["accuracy"] >= 0.85
    assert head["plain"]["accuracy"] == pytest.approx(head["accuracy"], abs=0.15)  # of 9 photos: one


def test_loss_never_rises_where_all_examples_are_one_batch() -> None:
    found = course()
    for path in (found["pair"]["path"], found["head"]["plain"]["path"]):
        assert (np.diff(path) < 0).all()


def test_folder_of_one_class_is_refused(digits: Path, cache: Path) -> None:
    for label in "17":
        for path in (digits / label).iterdir():
            path.unlink()
    with pytest.raises(WhatsitError, match="at least two classes with pictures"):
        course(digits)
