"""An image folder that is renamed while something runs: nothing appears at its old place."""

import os
from pathlib import Path

import pytest

import whatsit as wi
from tests.killed import perform
from tests.listening import on_lines
from whatsit.config import TrainConfig
from whatsit.errors import WhatsitError
from whatsit.project import Project
from whatsit.training import automatic, checkpoints
from whatsit.training.checkpoint_file import Checkpoint
from whatsit.training.job import Job, resume
from whatsit.training.records import write_record


@pytest.fixture
def asked(digits: Path, cache: Path) -> TrainConfig:
    options = {"epochs": 3, "size": 32, "precision": "fp32", "augment": "none"}
    return TrainConfig(str(digits), str(digits.with_suffix(".whatsit")), **options)  # type: ignore[arg-type]


def test_training_ends_with_a_sentence_and_goes_on_where_the_folder_is_now(
    digits: Path, tmp_path: Path, asked: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "WORTH", 0.0)
    moved = tmp_path / "moved"

    def tell(line: str) -> None:
        if line.startswith("2 "):
            digits.rename(moved)

    job = Job(asked)
    with on_lines(tell), pytest.raises(WhatsitError, match=r"can't be written: No such file or directory"):
        automatic.carry_out(job)
    job.release()
    assert not digits.exists()
    again = resume(moved / ".whatsit" / "runs" / "0001")
    assert automatic.carry_out(again).learner.catalog.root == moved
    again.release()
    assert not digits.exists()


def test_whatever_a_run_writes_makes_no_folder_anew(digits: Path, tmp_path: Path, asked: TrainConfig) -> None:
    job = Job(asked)
    learner = automatic.carry_out(job).learner
    checkpoint: Checkpoint = learner._state.checkpoint()
    digits.rename(tmp_path / "moved")
    for write in (
        job.write,
        job.hold,
        lambda: write_record(learner._state, learner._calibration),
        lambda: checkpoints.finish(learner.run, 2, checkpoint),
        lambda: learner.history.plot().write(learner.run / "learning.png"),
        lambda: learner._state.project.note_bundle(learner.run, "0", tmp_path / "x.whatsit"),
        lambda: learner._state.project.new_run(),
        lambda: learner.save("stage-1"),
    ):
        if write == job.hold:
            job.release()
            job._lock = None
        with pytest.raises(WhatsitError):
            write()
        assert not digits.exists(), write


@pytest.mark.parametrize("verb", ["trash", "move", "create", "replace", "undo", "empty", "open"])
def test_moves_make_no_folder_anew(digits: Path, tmp_path: Path, verb: str) -> None:
    project = Project(digits)
    perform(project, ("trash", [str(min((digits / "0").iterdir()).relative_to(digits))]))
    names = [os.path.join("1", path.name) for path in sorted((digits / "1").iterdir())[:2]]
    steps = {"move": [(name, f"7/{name[2:]}") for name in names], "replace": [(name, name) for name in names]}
    digits.rename(tmp_path / "moved")
    with pytest.raises(WhatsitError, match="no longer exists"):
        perform(project, (verb, steps.get(verb, names)))
    assert not digits.exists()


def test_catalog_of_a_folder_that_has_gone_says_so(digits: Path, tmp_path: Path, cache: Path) -> None:
    catalog = wi.Catalog.from_folder(digits)
    digits.rename(tmp_path / "moved")
    with pytest.raises(WhatsitError):
        wi.Learner(catalog, size=32, precision="fp32").fit_one_cycle(1)
    assert not digits.exists()
