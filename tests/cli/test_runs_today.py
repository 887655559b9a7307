"""`whatsit runs` scores what was predicted then on the labels that the pictures have today."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import whatsit as wi
from tests.conftest import Run
from tests.recorded import RECORD
from whatsit.cli.runs import runs
from whatsit.project import Answered, load_runs, predictions

Listed = Callable[..., list[dict[str, Any]]]


def write_run(catalog: wi.Catalog, wrong: int = 0, labeled_by: str = "folders", **job: object) -> Path:
    """A run that took the first `wrong` validation pictures for the first other class."""
    run = catalog.project.new_run()
    classes = catalog.classes
    answers = {}
    for place, item in enumerate(catalog["valid"]):
        other = next(label for label in classes if label != item.label)
        answers[item.content] = Answered(item.label, other if place < wrong else item.label)
    (run / "history.json").write_bytes(RECORD.to_json())
    (run / "predictions.json").write_bytes(predictions(answers, labeled_by))
    if job:
        (run / "job.json").write_text(json.dumps(job))
    return run


@pytest.fixture
def listed(capsys: pytest.CaptureFixture[str]) -> Listed:
    def listed(folder: Path, project: Path | None = None) -> list[dict[str, Any]]:
        capsys.readouterr()
        runs(folder, project, json=True)
        document: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        return document

    return listed


def test_picture_that_was_moved_to_its_right_class_counts_as_right_today(
    digits: Path, listed: Listed
) -> None:
    catalog = wi.Catalog.from_folder(digits)
    write_run(catalog, wrong=1)
    moved = next(iter(catalog["valid"]))
    (row,) = listed(digits)
    assert (row["error_rate"], row["labels_changed"]) == (pytest.approx(1 / 12), 0)
    right = next(label for label in catalog.classes if label != moved.label)
    moved.path.rename(digits / right / f"moved{moved.path.suffix}")
    (row,) = listed(digits)
    assert (row["error_rate"], row["labels_changed"], row["labels_are_of_today"]) == (0, 1, True)


def test_picture_that_is_gone_is_left_out_and_that_is_said(
    digits: Path, listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = wi.Catalog.from_folder(digits)
    write_run(catalog, wrong=1)
    next(iter(catalog["valid"])).path.unlink()
    (row,) = listed(digits)
    assert (row["error_rate"], row["valid_images"], row["gone"]) == (0, 11, 1)
    runs(digits, None)
    shown = capsys.readouterr()
    assert "1 of its validation pictures no longer exists and is not counted" in shown.out
    assert "11 validation pictures" in shown.out


def test_runs_whose_pictures_are_all_gone_are_still_listed(digits: Path, listed: Listed) -> None:
    catalog = wi.Catalog.from_folder(digits)
    write_run(catalog)
    write_run(catalog)
    for item in catalog["valid"]:
        item.path.unlink()
    assert [(row["error_rate"], row["gone"], row["is_clear"]) for row in listed(digits)] == [
        (None, 12, False)
    ] * 2
    runs(digits, None)


def test_class_with_a_new_name_is_the_same_class(digits: Path, listed: Listed) -> None:
    write_run(wi.Catalog.from_folder(digits), wrong=2)
    (digits / "0").rename(digits / "zero")
    (row,) = listed(digits)
    assert (row["error_rate"], row["labels_changed"]) == (pytest.approx(2 / 12), 0)


def test_older_runs_that_kept_only_hits_are_still_listed(
    digits: Path, listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = wi.Catalog.from_folder(digits)
    run = write_run(catalog, config={"folder": str(digits)})
    contents = [item.content for item in catalog["valid"]]
    (run / "predictions.json").write_text(json.dumps({content: n > 2 for n, content in enumerate(contents)}))
    (row,) = listed(digits)
    assert (row["error_rate"], row["labels_are_of_today"]) == (pytest.approx(0.25), False)
    assert row["at"]
    runs(digits, None)
    assert "labels are those from when it was trained" in capsys.readouterr().out


def test_labels_of_a_table_are_read_from_the_table(digits: Path, listed: Listed) -> None:
    table = digits / "labels.csv"
    lines = [f"{path.relative_to(digits)},c{path.parent.name}" for path in sorted(digits.rglob("*.png"))]
    table.write_text("\n".join(["path,label", *lines]))
    catalog = wi.Catalog.from_csv(table)
    write_run(catalog, 1, "table", config={"folder": str(table)})
    assert listed(digits)[0]["error_rate"] == listed(table)[0]["error_rate"] == pytest.approx(1 / 12)
    first = next(iter(catalog["valid"]))
    other = next(label for label in catalog.classes if label != first.label)
    name = first.path.relative_to(catalog.root)
    table.write_text(table.read_text().replace(f"{name},{first.label}", f"{name},{other}"))
    assert listed(digits)[0]["error_rate"] == 0
    table.unlink()
    (row,) = listed(digits)
    assert (row["error_rate"], row["labels_are_of_today"]) == (pytest.approx(1 / 12), False)


def test_labels_that_only_python_knows_are_those_of_then(digits: Path, listed: Listed) -> None:
    catalog = wi.Catalog.from_lists(
        sorted(digits.rglob("*.png")),
        [f"c{path.parent.name}" for path in sorted(digits.rglob("*.png"))],
        root=digits,
    )
    write_run(catalog, 3, "table")
    (row,) = listed(digits)
    assert (row["error_rate"], row["labels_are_of_today"]) == (pytest.approx(3 / 12), False)


def test_one_row_for_each_training_with_its_date_and_bundle(
    digits: Path, listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = wi.Catalog.from_folder(digits)
    asked = {"folder": str(digits)}
    out = digits.parent / "digits.whatsit"
    for wrong in ([4, 2], [1, 3]):
        first = write_run(catalog, wrong[0], config=asked, is_finished=True)
        second = write_run(catalog, wrong[1], config=asked, part_of=first.name)
        catalog.project.note_bundle(second, "ab" * 32, out)
    by_hand = write_run(catalog, 5)
    catalog.project.note_bundle(by_hand, "cd" * 32, out.with_name("by-hand.whatsit"))
    rows = listed(digits)
    assert [row["run"] for row in rows] == ["0002", "0004", "0005"]
    assert [row["runs"] for row in rows] == [["0001", "0002"], ["0003", "0004"], ["0005"]]
    assert [row["bundle"] for row in rows] == ["digits.whatsit", "digits.whatsit", "by-hand.whatsit"]
    assert [row["bundle_is_replaced"] for row in rows] == [True, False, False]
    assert [row["error_rate"] for row in rows] == [pytest.approx(n / 12) for n in (2, 3, 5)]
    runs(digits, None)
    shown = capsys.readouterr().out
    assert "digits.whatsit (replaced)" in shown
    assert rows[0]["at"][:10] in shown


def test_comparing_creates_nothing_and_needs_no_torch(digits: Path) -> None:
    write_run(wi.Catalog.from_folder(digits), wrong=2)
    new = digits / "1" / "new.png"
    new.write_bytes((digits / "0" / sorted(os.listdir(digits / "0"))[0]).read_bytes() + b"\0")

    def files() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(digits.rglob("*")) if path.is_file()}

    before = files()
    without = (
        "import sys\n"
        "for name in ('torch', 'sklearn', 'openvino', 'scipy', 'pandas'): sys.modules[name] = None\n"
        f"from whatsit.cli.runs import runs; from pathlib import Path; runs(Path({str(digits)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "16.7%" in done.stdout
    after = files()
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert not {path for path in changed if not path.endswith(("-wal", "-shm", "lock"))}


@pytest.mark.parametrize("damage", ["[1]", "{}", '"x"', '{"fits": 1}'])
def test_damaged_run_is_left_out(digits: Path, listed: Listed, damage: str) -> None:
    catalog = wi.Catalog.from_folder(digits)
    write_run(catalog)
    (write_run(catalog) / "history.json").write_text(damage)
    (write_run(catalog) / "predictions.json").write_text('{"pictures": [1], "at": 3}')
    assert [row["run"] for row in listed(digits)] == ["0001"]


def test_groups_of_a_training_are_kept_for_comparing(digits: Path, cache: Path, listed: Listed) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(digits, group=r"(\d)\.png$"))
    learner.fit_one_cycle(1)
    (run,) = load_runs(learner._state.project.folder)
    assert run.labeled_by == "folders"
    valid = learner.catalog["valid"]
    assert valid.groups is not None
    assert [run.answers[item.content].group for item in valid] == valid.groups.tolist()
    assert np.mean(list(run.right.values())) == pytest.approx(learner.evaluate().accuracy)
    assert listed(digits)[0]["worse_than_best"] == [0, None, None]


def test_several_rates_of_one_training_are_one_row(digits: Path, command: Run) -> None:
    run = command("train", digits, "--epochs", 2, "--lr", "1e-6,3e-3", "--augment", "none")
    assert run.returncode == 0, run.stderr
    (row,) = json.loads(command("runs", digits, "--json").stdout)
    assert len(row["runs"]) >= 2
    assert row["bundle"] == "digits.whatsit"
