"""A stranger's run: its record only says how to train; where files are and go, the command line says."""

import json
import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import whatsit as wi
from tests.conftest import campaign, some_digits
from tests.stranger import Neighbors, move, neighbors, run, snapshot, write_moves
from whatsit.config import TrainConfig
from whatsit.errors import UntrustedError, WhatsitError
from whatsit.project import load_runs, unfinished
from whatsit.report.training import Training, training_section
from whatsit.report.words import Words
from whatsit.training import automatic, crossfit, job
from whatsit.training import checkpoint_file as files
from whatsit.training.finished import load_learner
from whatsit.training.job import Given, Job, further, resume

SIZE = 32


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, all_digits: Path, cache: Path) -> Path:
    """An image folder with a finished run, and two that were stopped and belong together."""
    images = some_digits(all_digits, tmp_path_factory.mktemp("trained") / "digits", count=12)
    asked = TrainConfig(
        str(images),
        str(images.with_suffix(".whatsit")),
        epochs=2,
        size=SIZE,
        precision="fp32",
        augment="none",
    )
    done = Job(asked)
    learner = automatic.carry_out(done).learner
    learner.export(asked.out)
    done.finish(learner.run)
    stopped = Job(replace(asked, lrs=[1e-3, 3e-3]))
    automatic.carry_out(stopped)
    stopped.release()
    return images


@pytest.fixture
def received(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Neighbors:
    """A copy of it, which a stranger may have changed; the user is in another folder."""
    shutil.copytree(trained, tmp_path / "received" / "digits")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return neighbors(tmp_path / "received" / "digits")


def run_of(received: Neighbors, number: int = 1) -> Path:
    return received.sidecar / "runs" / f"{number:04}"


def change(file: Path, **values: object) -> None:
    """Write other values into a JSON file, those of `config` into that."""
    record = json.loads(file.read_text())
    config = values.pop("config", {})
    record.update(values)
    if config:
        record["config"].update(config)
    file.write_text(json.dumps(record))


@pytest.mark.parametrize("words", [["--continue", 1, "--epochs", 1], ["--resume", 2]], ids=str)
def test_bundle_is_written_where_the_command_line_says_and_nowhere_else(
    received: Neighbors, words: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        change(run_of(received, number) / "job.json", config={"out": str(received.victim / "zz")})
    outside = snapshot(received.victim)
    said: list[str] = []
    monkeypatch.setattr(job, "warn", said.append)
    assert run("train", received.images, *words) is None
    assert snapshot(received.victim) == outside
    assert sorted(os.listdir()) == ["digits-report.html", "digits.whatsit"]
    assert "victim/zz, add --out" in str(said[0])
    if words[0] == "--continue":
        assert run("train", received.images, *words, "--out", "named.whatsit") is None
        pages = ["digits-report.html", "named-report.html"]
        assert sorted(os.listdir()) == sorted([*pages, "digits.whatsit", "named.whatsit"])
        assert snapshot(received.victim) == outside


def test_pictures_are_those_beside_the_run_whatever_it_says(received: Neighbors, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(received.images, other, ignore=shutil.ignore_patterns(".whatsit"))
    places = {"folder": str(other), "project": str(other / "elsewhere"), "out": "digits.whatsit"}
    change(run_of(received) / "job.json", config=places)
    change(run_of(received, 2) / "job.json", config=places)
    before = snapshot(other)
    for made in (further(run_of(received), epochs=1), resume(run_of(received, 2))):
        assert made.config.folder == str(received.images)
        assert made.config.project is None
        made.release()
    assert load_learner(run_of(received), None).catalog.root == received.images
    assert snapshot(other) == before
    change(run_of(received) / "job.json", config={"folder": "/anywhere/table.csv"})
    assert further(run_of(received)).config.folder == str(received.images / "table.csv")


def test_run_in_a_project_elsewhere_wants_its_pictures_named(received: Neighbors, tmp_path: Path) -> None:
    received.sidecar.rename(tmp_path / "kept")
    change(tmp_path / "kept" / "runs" / "0001" / "job.json", config={"project": str(tmp_path / "kept")})
    with pytest.raises(WhatsitError, match=r"not in a .whatsit folder.*Give their folder too"):
        further(tmp_path / "kept" / "runs" / "0001")
    made = further(tmp_path / "kept" / "runs" / "0001", Given(received.images))
    assert (made.config.folder, made.config.project) == (str(received.images), str(tmp_path / "kept"))
    assert made.resuming()[:2] == [str(received.images), "--resume"]


def test_weight_file_is_read_only_where_it_is_named(received: Neighbors, tmp_path: Path) -> None:
    change(run_of(received) / "job.json", config={"weights": str(received.victim / "zz")})
    for words in (["train", "--continue", run_of(received)], ["report", run_of(received)]):
        error = run(*words)
        assert isinstance(error, WhatsitError)
        assert "victim/zz" in str(error)
        assert "give it again: --weights FILE" in str(error)
    made = further(run_of(received), Given(weights=tmp_path / "mine.safetensors"))
    assert made.config.weights == str(tmp_path / "mine.safetensors")
    assert made.resuming()[-2:] == ["--weights", str(tmp_path / "mine.safetensors")]


@pytest.mark.parametrize("name", ["../../../../victim", "/tmp", "0001", "..", "", "0002\n", "0002/../0001"])
def test_runs_that_a_job_names_are_plain_names(received: Neighbors, name: str) -> None:
    shutil.copy(run_of(received, 2) / "fit-1.json", received.victim)
    change(run_of(received, 2) / "job.json", runs=["0002", name, "0003"])
    outside = snapshot(received.victim)
    if name != "0001":  # which is another job's
        with pytest.raises(WhatsitError, match=r"can't be trusted|damaged"):
            resume(run_of(received, 2))
    change(run_of(received, 3) / "job.json", part_of=name)
    with pytest.raises(WhatsitError):
        resume(run_of(received, 3))
    assert snapshot(received.victim) == outside


def test_run_that_is_part_of_itself_ends(received: Neighbors) -> None:
    change(run_of(received, 3) / "job.json", part_of="0003")
    with pytest.raises(WhatsitError, match="damaged"):
        resume(run_of(received, 3))


@pytest.mark.parametrize("what", ["run", "runs", ".whatsit"])
def test_run_behind_a_link_is_not_used(received: Neighbors, what: str) -> None:
    place = {"run": run_of(received), "runs": run_of(received).parent, ".whatsit": received.sidecar}[what]
    moved = place.rename(received.victim / "moved")
    place.symlink_to(moved)
    outside = snapshot(received.victim)
    for words in (
        ["train", "--continue", run_of(received)],
        ["train", received.images, "--continue", 1],
        ["report", run_of(received)],
    ):
        assert isinstance(run(*words), UntrustedError), words
    assert snapshot(received.victim) == outside
    assert what != "run" or [one.name for one in load_runs(received.sidecar)] == ["0002", "0003"]


@pytest.mark.parametrize("name", ["lock", "what-if", "fit-1.safetensors", "report.html", "learning.png"])
def test_nothing_in_a_run_may_be_a_link(received: Neighbors, name: str) -> None:
    (run_of(received) / name).unlink(missing_ok=True)
    (run_of(received) / name).symlink_to(received.victim / ("" if name == "what-if" else "zz"))
    outside = snapshot(received.victim)
    for words in (["train", "--continue", run_of(received)], ["report", run_of(received)]):
        assert isinstance(run(*words), UntrustedError)
    assert snapshot(received.victim) == outside


def test_stages_of_a_stranger_are_neither_links_nor_of_other_shapes(received: Neighbors) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(received.images), size=SIZE, precision="fp32")
    learner.fit_one_cycle(1)
    learner.save("stage-1")
    file = received.sidecar / "checkpoints" / "stage-1.json"
    record = json.loads(file.read_text())
    for history in ({}, {**record["history"], "epochs": [1]}, {**record["history"], "frozen": -7}):
        file.write_text(json.dumps({**record, "history": history}))
        with pytest.raises(WhatsitError):
            learner.load("stage-1")
    tensors = {
        name: tensor[:1] for name, tensor in learner._state.checkpoint().tensors.items() if tensor.ndim
    }
    files.save(file.parent, "stage-1", replace(learner._state.checkpoint(), tensors=tensors))
    with pytest.raises(UntrustedError, match="its weights are not those"):
        learner.load("stage-1")
    shutil.rmtree(file.parent)
    file.parent.symlink_to(received.victim)
    outside = snapshot(received.victim)
    with pytest.raises(UntrustedError):
        learner.save("stage-2")
    assert snapshot(received.victim) == outside


def test_evaluating_makes_no_hostile_move(received: Neighbors, trained: Path) -> None:
    (received.sidecar / "trash" / "000001").mkdir(parents=True)
    write_moves(received.sidecar, move(name=b"../../../../victim/zz"))
    outside = snapshot(received.victim)
    for command in ("evaluate", "report"):
        error = run(command, trained.with_suffix(".whatsit"), received.images)
        assert isinstance(error, UntrustedError), error
    assert snapshot(received.victim) == outside


# --- odd JSON ---

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.sampled_from([10**400, -(2**70), 1e308, 1e-320]),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["../../victim", "fp32", "0001", "crop"]),
)
ODD = st.recursive(SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=3), one))


@st.composite
def oddly(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value with something in it replaced, left out, or added."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 4)) == 0:
            return {other: one for other, one in value.items() if other != name}
        return {**value, name: draw(oddly(value[name]))}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(oddly(value[place])), *value[place + 1 :]]
    return draw(ODD)


FILES = ("history.json", "predictions.json", "job.json", "held-out.json", "fit-1.json", "continuation.json")


@pytest.fixture(scope="module")
def fuzzed(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Neighbors:
    images = tmp_path_factory.mktemp("fuzzed") / "digits"
    shutil.copytree(trained, images)
    first = images / ".whatsit" / "runs" / "0001"
    record = json.loads((first / "job.json").read_text())
    (first / "continuation.json").write_text(json.dumps({**record, "is_finished": False, "continues": 1}))
    hashes, classes = np.frombuffer(bytes(640), "V32"), np.full((20, 2), 0.5, np.float16)
    crossfit.save(first, "of", crossfit.HeldOut(20, 0.9, 1.5, 3.0, "train", hashes, classes))
    return neighbors(images)


def use(received: Neighbors) -> None:
    """Read all that is known of a run; what it can't be used for is said."""
    outside = snapshot(received.victim)
    unfinished(received.sidecar)
    for one in load_runs(received.sidecar):
        training_section(Training(one.record.history, one.record.findings), Words("en"))
    assert run("runs", received.images) is None
    assert isinstance(crossfit.load(run_of(received), 2, "of"), crossfit.HeldOut | None)
    for call in (further, resume):
        with suppress(WhatsitError):
            call(run_of(received)).release()
    with suppress(WhatsitError):
        load_learner(run_of(received), None).evaluate()
    assert snapshot(received.victim) == outside


@pytest.mark.parametrize("name", FILES)
def test_records_of_another_kind_are_left_out_or_refused(fuzzed: Neighbors, name: str) -> None:
    file = run_of(fuzzed) / name
    good = file.read_text()
    try:
        for text in ("[1]", "null", "1", "{}", "", "\ud800", '"\\ud800"', "[" * 100_000, '{"a": ' * 100_000):
            file.write_bytes(text.encode("utf-8", "surrogatepass"))
            use(fuzzed)
    finally:
        file.write_text(good)


@pytest.mark.parametrize("name", FILES)
@campaign(200)
@given(data=st.data())
def test_odd_records_of_a_run_are_left_out_or_refused(
    fuzzed: Neighbors, name: str, data: st.DataObject
) -> None:
    file = run_of(fuzzed) / name
    good = file.read_text()
    try:
        file.write_text(json.dumps(data.draw(oddly(json.loads(good)))))
        use(fuzzed)
    finally:
        file.write_text(good)
