"""What was stopped goes on as if nothing had happened; what is finished may be trained further."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import whatsit as wi
from tests.conftest import SMALL, Run, campaign, some_digits
from tests.listening import on_lines
from whatsit.config import TrainConfig
from whatsit.errors import WhatsitError
from whatsit.events import Cancelled, EpochDone, Event, Note, Progress
from whatsit.finetune.network import Network
from whatsit.training import automatic, checkpoints, fitting, mirrors, variants
from whatsit.training.callbacks import Deadline
from whatsit.training.data import Data
from whatsit.training.heads import Heads
from whatsit.training.history import Epoch
from whatsit.training.job import Job, find_run, further, resume
from whatsit.training.learner import epoch_seconds
from whatsit.training.state import State
from whatsit.training.what_if import draw, what_if
from whatsit.understand.comparison import Difference

SIZE = 64  # pixels: enough for digits
EPOCHS = 8


class StoppedError(Exception):
    """Stands for Ctrl-C."""


def stop_after(epoch: int) -> Callable[[Epoch], bool]:
    def stop(seen: Epoch) -> bool:
        if seen.epoch == epoch:
            raise StoppedError
        return False

    return stop


def learner_of(folder: Path, run: Path, **options: object) -> wi.Learner:
    run.mkdir(exist_ok=True)
    catalog = wi.Catalog.from_folder(folder)
    return wi.Learner(catalog, size=SIZE, precision="fp32", new_run=lambda: run, **options)  # type: ignore[arg-type]


def answered(learner: wi.Learner) -> list[dict[str, object]]:
    return [{**epoch, "seconds": 0} for epoch in learner.history.to_dict()]


def weights(learner: wi.Learner) -> dict[str, NDArray[Any]]:
    return learner._state.checkpoint().tensors


def same(one: wi.Learner, other: wi.Learner) -> bool:
    left, right = weights(one), weights(other)
    is_same = answered(one) == answered(other) and one.history.batches() == other.history.batches()
    return is_same and all(np.array_equal(left[name], right[name]) for name in left)


def count_steps(monkeypatch: pytest.MonkeyPatch, steps: list[int]) -> None:
    """Append to `steps` at each step of a head or a network."""
    for model in (Heads, Network):
        step = model.step

        def counted(self: Any, *words: Any, step: Any = step) -> Any:
            steps.append(1)
            return step(self, *words)

        monkeypatch.setattr(model, "step", counted)


@pytest.fixture
def keep_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every epoch, however short, is written down."""
    monkeypatch.setattr(checkpoints, "WORTH", 0.0)
    monkeypatch.setattr(checkpoints, "TIMES", 0)


def fit(learner: wi.Learner, *callbacks: Callable[[Epoch], bool]) -> None:
    learner.fit_one_cycle(EPOCHS, balance="oversample", callbacks=callbacks)


@pytest.mark.usefixtures("cache", "keep_all")
@campaign(60)
@given(st.lists(st.integers(1, EPOCHS - 1), min_size=1, max_size=3), st.integers(0, 99))
def test_head_stopped_anywhere_ends_as_if_it_had_not_been(
    tmp_path_factory: pytest.TempPathFactory, all_digits: Path, stops: list[int], seed: int
) -> None:
    work = tmp_path_factory.mktemp("stopped")
    folder = some_digits(all_digits, work / "digits", "01")
    options = {"seed": seed, "ps": 0.3}
    whole = learner_of(folder, work / "whole", **options)
    fit(whole)
    for epoch in sorted(set(stops)):
        stopped = learner_of(folder, work / "stopped", **options)
        with pytest.raises(StoppedError):
            fit(stopped, stop_after(epoch))
    resumed = learner_of(folder, work / "stopped", **options)
    began: list[str] = []
    with on_lines(began.append):
        resumed.fit_one_cycle(EPOCHS, balance="oversample")
    assert len([line for line in began if "going on" not in line]) == EPOCHS + 1, "the table is shown whole"
    if (saved := max(stops) - 1) > 0:
        assert f"going on after epoch {saved} of {EPOCHS}, the last that was saved" in began
    assert same(whole, resumed)
    again = learner_of(folder, work / "stopped", **options)
    fit(again)
    assert same(whole, again), "a finished training is taken as it is"


@pytest.mark.usefixtures("cache", "keep_all")
def test_only_what_was_not_done_is_done(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoppedError):
        fit(learner_of(digits, tmp_path / "run"), stop_after(6))
    steps: list[int] = []
    count_steps(monkeypatch, steps)
    fit(learner_of(digits, tmp_path / "run"))
    assert len(steps) == (EPOCHS - 5) * 3, "stopped while epoch 6 was reported, after 5 were written down"


@pytest.mark.usefixtures("cache", "keep_all")
def test_torn_checkpoint_costs_an_epoch_and_no_more(digits: Path, tmp_path: Path) -> None:
    whole = learner_of(digits, tmp_path / "whole")
    fit(whole)
    with pytest.raises(StoppedError):
        fit(learner_of(digits, tmp_path / "run"), stop_after(6))
    kept = sorted((tmp_path / "run").glob("fit-1-*.safetensors"))
    assert len(kept) == 2
    newest = max(
        kept, key=lambda path: len(json.loads(path.with_suffix(".json").read_text())["history"]["epochs"])
    )
    newest.write_bytes(newest.read_bytes()[:-9])
    resumed = learner_of(digits, tmp_path / "run")
    fit(resumed)
    assert same(whole, resumed)


@pytest.mark.usefixtures("cache", "keep_all")
@pytest.mark.parametrize(
    "odd",
    [
        {"batches": None},
        {"batches": {"losses": 3}},
        {"batches": {"losses": ["x"]}},
        {"batches": [1]},
        {"epochs": [{"epoch": 1}]},
        {"epochs": []},
    ],
)
def test_odd_checkpoint_is_passed_over_or_said_to_be_damaged(
    digits: Path, tmp_path: Path, odd: dict[str, object]
) -> None:
    with pytest.raises(StoppedError):
        fit(learner_of(digits, tmp_path / "run"), stop_after(6))
    for path in (tmp_path / "run").glob("fit-1-*.json"):
        record = json.loads(path.read_text())
        record["history"] |= odd
        path.write_text(json.dumps(record))
    resumed, said = learner_of(digits, tmp_path / "run"), ""
    try:
        fit(resumed)
    except WhatsitError as error:
        said = str(error)
    assert "damaged" in said or len(resumed.history) == EPOCHS


@pytest.mark.usefixtures("cache", "keep_all")
def test_another_training_is_not_gone_on_with(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        fit(learner_of(digits, tmp_path / "run"), stop_after(4))
    other = learner_of(digits, tmp_path / "run")
    other.fit_one_cycle(EPOCHS, lr=1e-3)
    alone = learner_of(digits, tmp_path / "alone")
    alone.fit_one_cycle(EPOCHS, lr=1e-3)
    assert same(other, alone)


@pytest.mark.usefixtures("cache", "keep_all", "small_weights")
@pytest.mark.parametrize("epoch", [1, 3, 6])
def test_fine_tuning_stopped_in_any_stage_ends_as_if_it_had_not_been(
    digits: Path, tmp_path: Path, epoch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(State, "default_epochs", 4)
    whole = learner_of(digits, tmp_path / "whole", backbone=SMALL)
    whole.fine_tune(3)
    steps: list[int] = []
    count_steps(monkeypatch, steps)

    def tell_until(line: str) -> None:
        if line.startswith(f"{epoch} "):
            raise StoppedError

    with on_lines(tell_until), pytest.raises(StoppedError):
        learner_of(digits, tmp_path / "run", backbone=SMALL).fine_tune(3)
    done = len(steps)
    resumed = learner_of(digits, tmp_path / "run", backbone=SMALL)
    resumed.fine_tune(3)
    assert same(whole, resumed)
    judging = (
        4 * 3
    )  # of the head that says whether mirroring hurts: before the second training, and once more
    own = done if epoch == 1 else done - judging  # where that one had not come to its end
    left = (1 + 3 + 4) * 3 - (own - 3) + judging
    assert len(steps) - done == left, "but for the epoch that was being reported"
    assert whole.backbone.sha256 == resumed.backbone.sha256
    assert {path.stem for path in (tmp_path / "run").glob("fit-*")} == {"fit-3"}


def killed_at(folder: Path, epoch: int, *words: object, by: int = signal.SIGKILL) -> str:
    """Run `whatsit train`, and kill it when it reports an epoch; what it said on stderr."""
    command = [sys.executable, "-u", "-m", "whatsit", "train", "-v", *map(str, words)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
    ) as child:
        assert child.stdout
        assert child.stderr
        for line in child.stdout:
            if line.startswith(f"{epoch} "):
                child.send_signal(by)
                break
        return child.communicate()[1]


def test_resumed_command_writes_the_same_bundle(digits: Path, tmp_path: Path, command: Run) -> None:
    words = digits, "--epochs", 1000, "--augment", "none"
    assert command("train", *words, "--out", "whole.whatsit").returncode == 0
    killed_at(tmp_path, 40, *words, "--out", "killed.whatsit")
    assert not (tmp_path / "killed.whatsit").exists()
    assert "not finished" in command("runs", digits).stdout
    again = digits, "--resume", 2, "--out", "killed.whatsit"
    said = killed_at(tmp_path, 500, *again, by=signal.SIGINT)  # a state is saved now and then
    (words,) = re.findall(r"train (--resume .+)", said)
    _, path, *out = shlex.split(words)
    assert out == ["--out", str(tmp_path / "killed.whatsit")], "the run's own record is not asked for it"
    with FileLock(Path(path) / "lock"):
        assert "still running: 0002" in command("runs", digits).stdout
        second = command("train", "--resume", path)
        assert second.returncode == 2
        assert "is still running in another process" in second.stderr
    resumed = command("train", "--resume", path, *out)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.startswith("resuming run 0002\n")
    (saved,) = re.findall(r"going on after epoch (\d+) of 1000", resumed.stdout)
    assert 40 <= int(saved) < 1000
    assert (tmp_path / "killed.whatsit").read_bytes() == (tmp_path / "whole.whatsit").read_bytes()
    shown = command("runs", digits).stdout
    assert "not finished" not in shown


def test_finished_run_is_trained_further(digits: Path, tmp_path: Path, command: Run) -> None:
    begun = command("train", digits, "--epochs", 5, "--seed", 3, "--augment", "none", "--out", "d.whatsit")
    assert begun.returncode == 0, begun.stderr
    first = (tmp_path / "d.whatsit").read_bytes()
    words = digits, "--continue", 1, "--epochs", 3, "--lr", 1e-3, "--out", "d.whatsit", "--json"
    done = command("train", *words)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["epochs"] == 8
    assert answer["run"].endswith("0001")
    assert (tmp_path / "d.whatsit").read_bytes() != first
    learner = wi.Learner(wi.Catalog.from_folder(digits), seed=3)
    learner.fit_one_cycle(5)
    learner.fit_one_cycle(3, 1e-3)
    facts = json.loads((digits / ".whatsit" / "runs" / "0001" / "history.json").read_text())
    assert [{**epoch, "seconds": 0} for epoch in facts["history"]] == answered(learner)
    assert [fit["epochs"] for fit in facts["fits"]] == [5, 3]
    again = command("train", "--resume", digits / ".whatsit" / "runs" / "0001")
    assert again.returncode == 2
    assert "has already finished" in again.stderr
    listed = json.loads(command("runs", digits, "--json").stdout)
    assert [row["epochs"] for row in listed if row["run"] == "0001"] == ["5+3"]
    other = digits.rename(tmp_path / "moved digits")
    on = command("train", "--continue", other / ".whatsit" / "runs" / "0001", "--epochs", 2, "--json")
    assert on.returncode == 0, on.stderr
    assert json.loads(on.stdout)["epochs"] == 10
    assert json.loads(on.stdout)["bundle"] == "moved digits.whatsit"
    assert "the bundle will be written to" in on.stderr
    next((other / "0").iterdir()).unlink()
    changed = command("train", other, "--continue", 1)
    assert changed.returncode == 2
    assert "have changed since run 0001" in changed.stderr
    assert "not finished" not in command("runs", other).stdout, "what did not begin needs no end"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--resume", "9"), 'no run "9"'),
        (("--continue", "9"), 'no run "9"'),
        (("--resume", ""), 'no run ""'),
        (("--continue", ""), 'no run ""'),
        (("--continue", "1", "--lr", "1e-3,1e-2"), "Several learning rates can't be tried"),
        (("--time-budget", "0"), "--time-budget must be a positive number of minutes, not 0."),
        (("--time-budget", "nan"), "--time-budget must be a positive number of minutes, not nan."),
        (("--time-budget", "inf"), "--time-budget must be a positive number of minutes, not inf."),
        (("--resume", "1", "--seed", "4"), "--seed can't be changed with --resume or --continue"),
        (("--continue", "1", "--fine-tune", "4"), "--fine-tune can't be changed"),
        (("--resume", "1", "--continue", "1"), "--resume and --continue can't be used together"),
        (("--continue", "2"), "not started by whatsit train"),
        (("--resume", "3"), "job.json is damaged"),
        (("--resume", "4"), "was written by another version of Whatsit. Use that version, or start a new"),
    ],
)
def test_what_can_not_go_on_is_same(digits: Path, command: Run, words: tuple[str, ...], said: str) -> None:
    project = wi.Catalog.from_folder(digits).project
    for _ in range(3):
        project.new_run()
    (project.folder / "runs" / "0003" / "job.json").write_text('{"version": 1, "asked": {}}')
    (project.new_run() / "job.json").write_text('{"version": 99, "config": {}}')
    answer = command("train", digits, *words)
    assert answer.returncode == 2
    assert said in answer.stderr


def test_training_stopped_before_its_first_epoch_says_how_to_start_again(
    digits: Path, cache: Path, command: Run
) -> None:
    said: list[str] = []

    def stop_at(kind: type[Event]) -> Callable[[Event], None]:
        def emit(event: Event) -> None:
            if isinstance(event, Note):
                said.append(event.text)
            if isinstance(event, kind):
                raise Cancelled

        return emit

    with pytest.raises(Cancelled):
        wi.train(digits, emit=stop_at(Progress))
    assert said == ["no epoch was trained yet: run the same command again, and what was computed is used"]
    with pytest.raises(Cancelled):
        wi.train(digits, emit=stop_at(EpochDone), epochs=3)
    assert "--resume" in said[-1]
    resumed = command("train", digits, "--resume", 1)
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming run 0001 from the start: its epochs so far take only a moment" in resumed.stdout


def test_train_without_a_folder_asks_for_one(command: Run) -> None:
    answer = command("train")
    assert answer.returncode == 2
    assert "Give a folder" in answer.stderr


def test_unfinished_run_is_neither_trained_further_nor_on_other_pictures(
    digits: Path, tmp_path: Path, command: Run
) -> None:
    killed_at(tmp_path, 30, digits, "--epochs", 100000)
    answer = command("train", digits, "--continue", 1)
    assert answer.returncode == 2
    assert "has not finished" in answer.stderr
    copied = shutil.copytree(digits, tmp_path / "copied")
    stranger = command("train", copied, "--resume", digits / ".whatsit" / "runs" / "0001")
    assert stranger.returncode == 2
    assert "does not belong to the pictures" in stranger.stderr
    next((copied / "0").iterdir()).unlink()
    changed = command("train", copied, "--resume", 1)
    assert changed.returncode == 2
    assert "have changed since run 0001" in changed.stderr


def asked_of(folder: Path, **options: object) -> TrainConfig:
    words = {"epochs": 4, "size": SIZE, "precision": "fp32", "augment": "none", **options}
    return TrainConfig(str(folder), str(folder.with_suffix(".whatsit")), **words)  # type: ignore[arg-type]


@pytest.mark.usefixtures("cache", "keep_all", "small_weights")
@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"lrs": [1e-3, 3e-3], "repeat": 2}, 8),
        ({"lrs": [1e-3, 3e-3], "repeat": 2}, 3),
        ({"augment": "auto"}, 3),
        ({"augment": "none", "fine_tune": 2}, 8),
        ({"augment": "none", "fine_tune": 2, "time_budget": 60.0}, 9),
    ],
)
def test_job_of_several_runs_ends_as_if_it_had_not_been_stopped(
    digits: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], line: int
) -> None:
    monkeypatch.setattr(State, "default_epochs", 4)
    monkeypatch.setattr(automatic, "_can_gain", lambda *_: True)  # though the frozen one makes no mistake
    other = digits.parent / "other"
    shutil.copytree(digits, other)
    whole = automatic.carry_out(Job(asked_of(digits, backbone=SMALL, **options)))

    lines: list[str] = []

    def tell(said: str) -> None:
        lines.append(said)
        if len(lines) == line:
            raise StoppedError

    stopped = Job(asked_of(other, backbone=SMALL, **options))
    with on_lines(tell), pytest.raises(StoppedError):
        automatic.carry_out(stopped)
    assert stopped.place is not None
    assert stopped._lock is not None
    stopped._lock.release()
    resumed = automatic.carry_out(resume(stopped.place))
    assert same(whole.learner, resumed.learner)
    assert whole.accuracies == resumed.accuracies
    assert whole.learner.run.name == resumed.learner.run.name
    runs = [sorted(path.name for path in place.glob(".whatsit/runs/*")) for place in (digits, other)]
    assert runs[0] == runs[1], "no run is begun twice"


@pytest.mark.usefixtures("cache", "small_weights")
def test_body_that_was_not_kept_leaves_no_weights(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "_can_gain", lambda *_: True)  # though the frozen one makes no mistake
    job = Job(asked_of(digits, backbone=SMALL, fine_tune=1))
    trained = automatic.carry_out(job)
    job.finish(trained.learner.run)
    runs = sorted((digits / ".whatsit" / "runs").iterdir())
    kept = [any(run.glob("fit-*.safetensors")) for run in runs]
    assert kept == [True, trained.learner.is_fine_tuned]
    with pytest.raises(WhatsitError, match="has already finished"):
        resume(runs[1])
    if not trained.learner.is_fine_tuned:
        with pytest.raises(WhatsitError, match="kept no weights"):
            further(runs[1], epochs=1)


@pytest.mark.usefixtures("cache")
def test_run_of_several_views_goes_on_with_the_same_views(
    digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without mirrored ones, where a settled head shows that they hurt."""

    def mirrored(state: State) -> Difference | None:
        state.mirrored = state.mirrored or Difference(0.2, 0.1, 0.3, 0.05)
        return state.mirrored

    monkeypatch.setattr(mirrors, "mirrored", mirrored)
    seen: list[int] = []
    extract = Data.features
    monkeypatch.setattr(
        Data,
        "features",
        lambda self, catalog, view=0: seen.append(view) or extract(self, catalog, view),
    )
    job = Job(asked_of(digits, augment="auto"))
    trained = automatic.carry_out(job)
    job.finish(trained.learner.run)
    assert [view for view in seen if view] == [2, 4, 6]
    seen.clear()
    on = further(digits / ".whatsit" / "runs" / "0001", epochs=2)
    assert automatic.carry_out(on).learner.views == automatic.VIEWS
    assert [view for view in seen if view] == [2, 4, 6]


def test_run_is_found_by_path_and_by_number(digits: Path, tmp_path: Path) -> None:
    run = wi.Catalog.from_folder(digits).project.new_run()
    (run / "history.json").touch()
    assert (
        find_run(str(run), None, None) == find_run("1", digits, None) == find_run("0001", digits, None) == run
    )
    assert find_run("1", None, digits / ".whatsit") == run
    with pytest.raises(WhatsitError, match="There is no run"):
        find_run("1", None, None)


@pytest.mark.usefixtures("cache")
def test_run_that_another_training_took_meanwhile_is_left_alone(digits: Path, tmp_path: Path) -> None:
    job = Job(asked_of(digits, lrs=[1e-3, 3e-3]))
    automatic.carry_out(job)
    assert job.place is not None
    assert job._lock is not None
    job._lock.release()
    runs = job.place.parent
    shutil.rmtree(runs / "0002")
    other = wi.Learner(wi.Catalog.from_folder(digits), size=SIZE, precision="fp32", seed=5)
    other.fit_one_cycle(1)
    assert other.run == runs / "0002"
    before = (other.run / "history.json").read_bytes()
    resumed = resume(job.place)
    automatic.carry_out(resumed)
    assert resumed.runs == ["0001", "0003"]
    assert (other.run / "history.json").read_bytes() == before
    shutil.rmtree(job.place)
    assert further(runs / "0003", epochs=1).runs == ["0003"], "it has all that it needs"
    with pytest.raises(WhatsitError, match="belongs to another training"):
        learner_of(digits, other.run, seed=6).fit_one_cycle(1)


# --- a time budget ---


def test_time_budget_says_how_many_epochs_fit(
    digits: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automatic, "epoch_seconds", lambda learner: 100.0)
    learner = wi.Learner(wi.Catalog.from_folder(digits), size=SIZE)
    learner.fit_one_cycle(2)
    lines: list[str] = []
    now = time.perf_counter()
    with on_lines(lines.append):
        assert automatic.epochs_until(now + 150, learner, 9)[0] == 0
    assert "no time" in lines[0]
    with on_lines(lines.append):
        epochs, deadline = automatic.epochs_until(now + 360, learner, 9)
    assert epochs == 2
    assert "time for 2" in lines[1]
    assert deadline.moment < now + 260
    with on_lines(lines.append):
        assert automatic.epochs_until(now + 10_000, learner, 1)[0] == 1


def test_epoch_seconds_change_no_weight(digits: Path, cache: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(digits), size=SIZE).freeze_to(1)
    before = {name: array.copy() for name, array in weights(learner).items()}
    assert epoch_seconds(learner, 1) > 0
    assert all(np.array_equal(array, before[name]) for name, array in weights(learner).items())


def test_deadline_ends_what_would_end_too_late() -> None:
    epoch = Epoch(1, 1.0, 1.0, 0.5, seconds=10.0)
    assert Deadline(time.perf_counter() + 5)(epoch)
    assert not Deadline(time.perf_counter() + 60)(epoch)


# --- the lesson's experiments ---


def test_what_if_shows_what_the_lesson_shows(
    digits: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsit.training.what_if.TOO_LOW", 1e-7)  # digits are recognized even at 1e-5
    learner = wi.Learner(wi.Catalog.from_folder(digits), size=SIZE)
    learner.fit_one_cycle(10)
    lines: list[str] = []
    with on_lines(lines.append):
        high, low, few, many = what_if(learner, tmp_path / "what-if")
    assert "The learning rate was too high" in str(high.answer)
    assert "rate is too low" in str(low.answer)
    assert "Too few epochs" in str(few.answer)
    assert [len(one.history) for one in (high, low, few, many)] == [1, 5, 1, 40]
    turned = "Too many epochs" in str(many.answer)
    assert turned or "did not get worse" in str(many.answer) or "rate is too low" in str(many.answer)
    assert len([line for line in lines if line.startswith("What if")]) == 4
    draw([high, low, few, many]).write(tmp_path / "what-if.png")
    assert (tmp_path / "what-if.png").stat().st_size > 10_000
    assert len(list((digits / ".whatsit" / "runs").iterdir())) == 1, "they are no runs to compare"


@pytest.mark.parametrize("augment", ["none", "full", "auto"])
def test_augment_says_what_is_done_to_pictures(
    digits: Path, cache: Path, augment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    views = variants.with_views
    monkeypatch.setattr(
        variants, "with_views", lambda learner, count: asked.append(count) or views(learner, count)
    )
    monkeypatch.setattr(automatic, "FEW_PICTURES", 10)
    learner = wi.Learner(
        wi.Catalog.from_folder(digits),
        size=SIZE,
        augment=None if augment == "none" else augment,  # type: ignore[arg-type]
    )
    automatic.fit(learner, 1)
    assert asked == ([automatic.VIEWS] if augment == "full" else [])
    transform = str(fitting.transform(learner.unfreeze()._state))
    assert ("Lighting" in transform) == (augment != "none")
    pixels = torch.rand(8, 3, SIZE, SIZE) * 255
    changed = fitting.transform(learner._state)
    flips = (pixels, pixels.flip(3))
    if changed is None:
        assert augment == "none"
    else:
        kinds = [any(torch.equal(one, flip[n]) for flip in flips) for n, one in enumerate(changed(pixels))]
        assert all(kinds) == (augment == "auto")
