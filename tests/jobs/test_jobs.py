"""Tasks in processes of their own: followed, cancelled, killed, found again."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from random import Random

import pytest

import whatsit as wi
from tests.conftest import WHOLE, Run
from tests.pictures import contents
from whatsit.config import ShowConfig, TrainConfig, VerifyConfig
from whatsit.events import Artifact, EpochDone, Event, Failed, Finished, Lines, Progress, from_json
from whatsit.jobs import Job, jobs_of, resume, start, take_up
from whatsit.jobs import __main__ as worker
from whatsit.jobs.record import record
from whatsit.project import Project

pytestmark = [
    pytest.mark.usefixtures("cache"),
    pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by signals"),
]


def config(folder: Path, **options: object) -> TrainConfig:
    words = {"size": 64, "epochs": 4, "augment": "none", "lrs": [3e-3], **options}
    return TrainConfig(str(folder), str(folder.with_suffix(".whatsit")), **words)  # type: ignore[arg-type]


def quick(folder: Path) -> VerifyConfig:
    """A task that needs no PyTorch, whose loading takes longest."""
    return VerifyConfig(str(folder), dry_run=True)


def first(job: Job, kind: type) -> object:
    """The first event of a kind."""
    return next(event for event in job.follow() if isinstance(event, kind))


def test_job_is_followed_to_its_end_and_found_again(digits: Path) -> None:
    project = Project(digits)
    job = start(project, config(digits))
    events = list(job.follow())
    assert [one.place for one in events if isinstance(one, EpochDone)] == [1, 2, 3, 4]
    assert isinstance(events[-1], Finished)
    assert digits.with_suffix(".whatsit").exists()
    (found,) = jobs_of(project.folder)
    assert (found.folder, found.state, found.config()) == (job.folder, "finished", config(digits))
    assert list(found.follow()) == events, "also afterwards"


def test_jobs_of_a_project_are_done_one_after_the_other(digits: Path) -> None:
    project = Project(digits)
    jobs = [start(project, config(digits, seed=seed)) for seed in range(3)]
    assert [isinstance(list(job.follow())[-1], Finished) for job in jobs] == [True] * 3
    began = [(job.folder / "events.jsonl").stat().st_ctime for job in jobs]
    runs = [next(one.path for one in job.events() if isinstance(one, Artifact)) for job in jobs]
    assert [Path(run).name for run in runs] == ["0001", "0002", "0003"]
    assert began == sorted(began)


def test_cancelled_job_ends_resumably(digits: Path) -> None:
    job = start(Project(digits), config(digits, epochs=100_000))
    run = first(job, Artifact)
    assert isinstance(run, Artifact)
    first(job, EpochDone)
    assert job.cancel() == "cancelled"
    last = list(job.events())[-1]
    assert isinstance(last, Failed)
    assert last.error == "cancelled"
    run_folder = Path(run.path)
    assert (run_folder / "job.json").exists()


def test_job_that_does_not_end_by_itself_is_killed(digits: Path) -> None:
    job = start(Project(digits), config(digits, epochs=100_000))
    first(job, EpochDone)
    assert job.cancel(patience=0.0) == "cancelled"


def test_killed_job_is_stopped_and_those_after_it_are_taken_up(digits: Path) -> None:
    project = Project(digits)
    one = start(project, config(digits, epochs=100_000))
    first(one, EpochDone)
    other = start(project, quick(digits))
    assert other.state == "waiting"
    os.kill(int((one.folder / "process").read_text()), signal.SIGKILL)
    list(one.follow())
    assert one.state == "stopped"
    take_up(project)  # if the other worker has not begun it yet
    assert isinstance(list(other.follow())[-1], Finished)
    run = next(event.path for event in one.events() if isinstance(event, Artifact))
    assert Path(run, "job.json").exists()
    assert wi.Catalog.from_folder(digits).project.journal is not None


PARENT = """
import sys
from pathlib import Path
from whatsit.config import ShowConfig, TrainConfig
from whatsit.jobs import start
from whatsit.project import Project
folder = Path(sys.argv[1])
start(Project(folder), eval(sys.argv[2]))
"""


def test_job_goes_on_when_its_parent_has_ended(digits: Path, tmp_path: Path) -> None:
    task = ShowConfig(str(digits), save=str(tmp_path / "x.png"))
    subprocess.run([sys.executable, "-c", PARENT, str(digits), repr(task)], check=True)
    (job,) = jobs_of(digits / ".whatsit")
    assert isinstance(list(job.follow())[-1], Finished)
    assert (tmp_path / "x.png").exists()


def test_projects_do_not_wait_for_each_other(digits: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(digits, other)
    slow = start(Project(digits), config(digits, epochs=100_000))
    first(slow, Progress)
    fast = start(Project(other), config(other))
    assert isinstance(list(fast.follow())[-1], Finished)
    assert slow.state == "running"
    slow.cancel()
    alone = wi.train(other, tmp_path / "alone.whatsit", lambda event: None, size=64, epochs=4, augment="none")
    assert alone.bundle.read_bytes() == other.with_suffix(".whatsit").read_bytes()


def test_job_of_a_stranger_is_never_carried_out(digits: Path, tmp_path: Path) -> None:
    project = Project(digits)
    mine = start(project, ShowConfig(str(digits), save=str(tmp_path / "mine.png")))
    list(mine.follow())
    assert (tmp_path / "mine.png").exists()
    record = json.loads((mine.folder / "job.json").read_text())
    record["config"]["save"] = str(tmp_path / "victim.png")
    strange = mine.folder.with_name("0002")
    strange.mkdir()
    (strange / "job.json").write_text(json.dumps(record))
    shutil.copytree(
        mine.folder, mine.folder.with_name("0003"), ignore=shutil.ignore_patterns("events*", "lock")
    )
    assert take_up(project) == []
    with pytest.raises(wi.WhatsitError, match="not a job that you started"):
        Job(strange).config()
    last = start(project, quick(digits))
    assert isinstance(list(last.follow())[-1], Finished)
    assert not (tmp_path / "victim.png").exists()
    assert not (strange / "events.jsonl").exists()


def test_mistake_is_the_last_event(digits: Path) -> None:
    job = start(Project(digits), config(digits, fine_tune=-1))
    last = list(job.follow())[-1]
    assert isinstance(last, Failed)
    assert "fine_tune must be" in last.what
    assert job.state == "failed"


FOLLOWING = """
from whatsit.jobs import jobs_of
for event in jobs_of(folder / ".whatsit")[0].follow():
    print(event, flush=True)
"""


@pytest.mark.parametrize("seed", range(60 if WHOLE else 3))
def test_nothing_is_lost_whoever_is_killed(digits: Path, tmp_path: Path, seed: int) -> None:
    """The one who started a job, the job, or both, after any of its events."""
    random, project, before = Random(seed), Project(digits), contents(digits)
    is_parent, is_child = ((True, False), (False, True), (True, True))[seed % 3]
    task = TrainConfig(str(digits), str(tmp_path / "x.whatsit"), size=64, epochs=4, augment="none")
    words = [sys.executable, "-c", PARENT + FOLLOWING, str(digits), repr(task)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        list(islice(parent.stdout, random.randint(1, 12)))
        (job,) = jobs_of(project.folder)
        if is_parent:
            parent.kill()
        if is_child:
            os.kill(int((job.folder / "process").read_text()), signal.SIGKILL)
        parent.stdout.read()
    events = list(job.follow())
    assert job.state in (("stopped", "finished") if is_child else ("finished",))
    assert contents(digits) == before
    runs = [event.path for event in events if isinstance(event, Artifact) and event.kind == "run"]
    after = start(project, quick(digits))
    assert isinstance(list(after.follow())[-1], Finished)
    if job.state == "stopped" and runs:
        try:
            wi.resume(runs[0], out=tmp_path / "x.whatsit", emit=lambda event: None)
        except wi.WhatsitError as error:  # it was killed after its bundle had been written
            if error.message.code != "job.finished":
                raise
    whole = wi.train(
        digits, tmp_path / "whole.whatsit", lambda event: None, size=64, epochs=4, augment="none"
    )
    if job.state == "finished" or runs:
        assert (tmp_path / "x.whatsit").read_bytes() == whole.bundle.read_bytes()


def test_cancelled_training_goes_on_as_a_job(digits: Path, tmp_path: Path) -> None:
    project = Project(digits)
    job = start(project, config(digits, epochs=8))
    first(job, EpochDone)
    job.cancel()
    assert job.state in ("cancelled", "finished")
    after = resume(project, job) if job.state == "cancelled" else job
    assert isinstance(list(after.follow())[-1], Finished)
    whole = wi.train(
        digits, tmp_path / "whole.whatsit", lambda event: None, **asdict_of(config(digits, epochs=8))
    )
    assert digits.with_suffix(".whatsit").read_bytes() == whole.bundle.read_bytes()


def asdict_of(given: TrainConfig) -> dict[str, object]:
    return {name: value for name, value in asdict(given).items() if name not in ("folder", "out")}


def test_job_is_done_where_it_was_recorded_whatever_lies_in_the_folder_of_its_process(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(digits, tmp_path / "here" / "digits", ignore=shutil.ignore_patterns(".whatsit"))
    (tmp_path / "here" / "filelock.py").write_text("raise SystemExit('a file of the user was imported')")
    monkeypatch.chdir(tmp_path / "here")
    job = start(Project("digits"), ShowConfig("digits", save="x.png"))
    monkeypatch.chdir(tmp_path)
    assert isinstance(list(job.follow())[-1], Finished)
    assert (tmp_path / "here" / "x.png").exists()


def test_config_of_another_kind_is_refused_before_it_is_recorded(digits: Path) -> None:
    project = Project(digits)
    for options in ({"lrs": 3e-3}, {"augment": None}, {"epochs": "4"}):
        with pytest.raises(wi.WhatsitError, match="can't be recorded"):
            start(project, config(digits, **options))
    assert jobs_of(project.folder) == []


def test_job_that_never_began_says_how_it_ended(digits: Path, tmp_path: Path) -> None:
    project = Project(digits)
    slow, waiting = (start(project, config(digits, epochs=100_000)) for _ in range(2))
    first(slow, EpochDone)
    assert (waiting.state, waiting.cancel()) == ("waiting", "cancelled")
    (last,) = waiting.follow()
    assert isinstance(last, Failed)
    assert last.error == "cancelled"
    (project.folder / "jobs" / "0003").mkdir()
    damaged = jobs_of(project.folder)[-1]
    assert damaged.state == "failed"
    (last,) = damaged.follow()
    assert isinstance(last, Failed)
    assert "not a job that you started" in last.what
    slow.cancel()


def test_copy_of_a_project_has_no_jobs_to_do_and_a_damaged_key_signs_nothing(
    digits: Path, tmp_path: Path, cache: Path
) -> None:
    job = record(Project(digits).folder, config(digits))
    assert job.can_begin
    shutil.copytree(digits, tmp_path / "copy")
    (copied,) = jobs_of(tmp_path / "copy" / ".whatsit")
    assert not copied.can_begin
    (cache / "jobs.key").write_bytes(b"")
    assert not job.can_begin
    assert len((cache / "jobs.key").read_bytes()) == 32


def test_cancel_that_comes_too_late_changes_nothing(digits: Path) -> None:
    job = record(Project(digits).folder, config(digits, epochs=1))
    lines = []

    class Late(Lines):
        def __call__(self, event: Event) -> None:
            lines.append(event)
            super().__call__(event)
            if isinstance(event, Finished):
                (job.folder / "cancel").touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "Lines", Late)
        worker.carry_out(job)
    assert isinstance(lines[-1], Finished)
    assert job.state == "finished"


def test_any_later_command_has_waiting_jobs_done_and_every_command_writes_its_events(
    digits: Path, command: Run
) -> None:
    job = record(Project(digits).folder, quick(digits))
    done = command("verify", digits, "--dry-run", "--events", "events.jsonl")
    assert done.returncode == 0, done.stderr
    assert isinstance(list(job.follow())[-1], Finished)
    lines = (digits.parent / "events.jsonl").read_text().splitlines()
    assert [isinstance(from_json(line), Finished) for line in lines][-1]
