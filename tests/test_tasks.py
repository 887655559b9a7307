"""Trainings that another program drives: events, cancelling, going on."""

import inspect
import json
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import whatsit as wi
from tests.conftest import Run
from tests.documentation import code_blocks
from whatsit import tasks as tasks_of
from whatsit.cli.train import train
from whatsit.config import (
    CollectConfig,
    Config,
    EvaluateConfig,
    PredictConfig,
    ReportConfig,
    ShowConfig,
    SplitConfig,
    TrainConfig,
    VerifyConfig,
)
from whatsit.events import (
    Artifact,
    Cancelled,
    EpochDone,
    Event,
    Failed,
    Finished,
    Note,
    emitting,
    from_json,
)
from whatsit.outputs import require_output
from whatsit.tasks import run
from whatsit.training import checkpoints

FAST = {"size": 64, "epochs": 4, "augment": "none"}


def test_train_does_what_the_command_does_and_reports_it(digits: Path, tmp_path: Path, command: Run) -> None:
    heard: list[Event] = []
    result = wi.train(digits, tmp_path / "x.whatsit", heard.append, **FAST)
    assert [one.place for one in heard if isinstance(one, EpochDone)] == [1, 2, 3, 4]
    places = {one.kind: one.path for one in heard if isinstance(one, Artifact)}
    assert places == {
        "run": str(result.learner.run),
        "bundle": str(tmp_path / "x.whatsit"),
        "report": str(result.report),
    }
    assert heard[-1] == Finished(result.to_dict())
    command("train", digits, "--size", 64, "--epochs", 4, "--augment", "none", "--out", "y.whatsit")
    assert (tmp_path / "y.whatsit").read_bytes() == result.bundle.read_bytes()


def test_cancelled_training_goes_on_and_ends_as_if_nothing_had_stopped_it(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "WORTH", 0.0)
    whole = wi.train(digits, tmp_path / "whole.whatsit", lambda event: None, **FAST)
    losses = [one.train_loss for one in whole.learner.history]
    heard: list[Event] = []

    def cancel(event: Event) -> None:
        heard.append(event)
        if isinstance(event, EpochDone) and event.place == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        wi.train(digits, tmp_path / "cut.whatsit", cancel, **FAST)
    last = heard[-1]
    assert isinstance(last, Failed)
    assert last.error == "cancelled"
    (run,) = (one.path for one in heard if isinstance(one, Artifact))
    places: list[int] = []
    done = wi.resume(
        run,
        out=tmp_path / "cut.whatsit",
        emit=lambda event: places.append(event.place) if isinstance(event, EpochDone) else None,
    )
    assert places == [1, 2, 3, 4], "the first ones are reported again"
    assert [one.train_loss for one in done.learner.history] == losses


def test_mistakes_are_reported_and_raised(digits: Path, tmp_path: Path) -> None:
    heard: list[Event] = []
    with pytest.raises(wi.WhatsitError, match="not-there"):
        wi.train(tmp_path / "not-there", emit=heard.append)
    assert isinstance(heard[-1], Failed)
    assert (heard[-1].error, bool(heard[-1].message.next_step())) == ("input", True)
    with pytest.raises(wi.WhatsitError, match=r'no option "epoch".*epochs'):
        wi.train(digits, epoch=3)
    with pytest.raises(wi.WhatsitError, match="no run"):
        wi.resume(tmp_path)


def test_events_of_the_command_are_lines_of_a_file(command: Run, digits: Path, tmp_path: Path) -> None:
    done = command("train", digits, "--size", 64, "--epochs", 2, "--json", "--events", "events.jsonl")
    events = [from_json(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert isinstance(events[-1], Finished)
    assert dict(events[-1].result) == json.loads(done.stdout)
    assert sum(isinstance(event, EpochDone) for event in events) == 2
    refused = command("train", digits, "--events", tmp_path / "nowhere" / "events.jsonl")
    assert refused.returncode == 2
    assert "The file of events can't be written" in refused.stderr


def test_every_default_is_in_one_place() -> None:
    options = inspect.signature(train).parameters
    named = set(TrainConfig.__dataclass_fields__) - {"folder", "out", "lrs"}
    assert named <= set(options)
    for name in named - {"balance", "size"}:  # which have words for None and for a number
        assert options[name].default == getattr(TrainConfig, name), name
    for way in (wi.Catalog.from_folder, wi.Catalog.from_csv, wi.Catalog.from_lists):
        defaults = inspect.signature(way).parameters
        assert (defaults["valid"].default, defaults["seed"].default) == (SplitConfig.valid, SplitConfig.seed)


# The page of docs/tasks.md, in a server of its own


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the page, whose folder has `my-photos`."""
    (folder / "page.py").write_text(code_blocks("docs/tasks.md", "python")[1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = f"import uvicorn; uvicorn.run('page:app', host='127.0.0.1', port={port}, log_level='info')"
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            assert any("Uvicorn running" in line for line in server.stderr)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def posted(address: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(address, method="POST"), timeout=30) as answer:
        return str(answer.read().decode())


def events_of(address: str) -> Iterator[Event]:
    """Those of a training that is started now."""
    with urllib.request.urlopen(f"{address}/events/{posted(f'{address}/train')}", timeout=120) as stream:
        for line in stream:
            if line.startswith(b"data: "):
                yield from_json(line.removeprefix(b"data: ").decode())


def test_page_of_the_documentation_trains_with_live_events_and_cancels(
    clothing: Path, tmp_path: Path
) -> None:
    for label in ("hat", "shoes", "dress", "pants"):
        (tmp_path / "my-photos" / label).mkdir(parents=True)
        for path in sorted((clothing / "train" / label).iterdir())[:20]:
            shutil.copy(path, tmp_path / "my-photos" / label)
    lines = code_blocks("docs/tasks.md", "python")[1].splitlines()
    assert len([line for line in lines if line]) <= 40
    with served(tmp_path) as address:
        with urllib.request.urlopen(address, timeout=30) as page:
            assert b"Cancel" in page.read()
        heard: list[Any] = []
        for event in events_of(address):
            if not heard:
                assert posted(f"{address}/cancel") == "cancelled"
            heard.append(event)
        assert isinstance(heard[-1], Failed)
        assert heard[-1].error == "cancelled"
        whole = list(events_of(address))
    assert isinstance(whole[-1], Finished)
    assert whole[-1].result["accuracy"] > 0.8
    assert (tmp_path / "my-photos.whatsit").exists()


def test_every_long_command_is_a_task_with_the_result_of_its_json(
    digits: Path, tmp_path: Path, command: Run
) -> None:
    bundle = str(wi.train(digits, tmp_path / "x.whatsit", lambda event: None, **FAST).bundle)
    tasks: dict[tuple[object, ...], Config] = {
        ("show", digits): ShowConfig(str(digits)),
        ("verify", digits, "--dry-run"): VerifyConfig(str(digits), dry_run=True),
        ("evaluate", bundle, digits, "--split", "valid"): EvaluateConfig(bundle, str(digits), "valid"),
        ("report", bundle, digits, "--out", "page.html"): ReportConfig(bundle, str(digits), "page.html"),
        ("predict", bundle, digits, "--top", 2): PredictConfig(bundle, [str(digits)], top=2),
    }
    for words, config in tasks.items():
        printed = json.loads(command(*words, "--json").stdout)
        heard: list[Event] = []
        result = run(config, heard.append)
        assert json.loads(json.dumps(result.to_dict())) == printed
        assert heard[-1] == Finished(result.to_dict())
    made = tasks_of.predict(bundle, digits, emit=lambda event: None, top=2)
    assert len(made.answers) == len(wi.Catalog.from_folder(digits))
    assert tasks_of.evaluate(bundle, digits, lambda event: None, split="valid").evaluation.images == 12
    with pytest.raises(wi.WhatsitError, match=r"no option .spilt..*split"):
        tasks_of.evaluate(bundle, digits, spilt="valid")
    heard = []
    with pytest.raises(wi.WhatsitError, match="apply only to searching"):
        run(CollectConfig(source="bing", urls=("urls.txt",)), heard.append)
    assert isinstance(heard[-1], Failed)


def test_page_beside_the_bundle_replaces_only_a_page_of_whatsit(digits: Path, tmp_path: Path) -> None:
    page, heard = tmp_path / "x-report.html", list[Event]()
    for text, is_replaced in ((None, True), ("<title>mine</title>", False)):
        if text is not None:
            page.write_text(text)
        result = wi.train(digits, tmp_path / "x.whatsit", heard.append, **FAST)
        assert result.report is not None
        assert (result.report == page) == is_replaced
        assert (page.read_text() == text) != is_replaced
    assert any(isinstance(event, Note) and "not a page that Whatsit wrote" in event.text for event in heard)


def test_labels_that_held_out_answers_contradict_are_worth_a_look(
    all_digits: Path, tmp_path: Path, command: Run
) -> None:
    folder = tmp_path / "digits"
    for label in ("0", "1", "7"):
        shutil.copytree(all_digits / label, folder / label)
    train = ("train", folder, "--size", 64, "--augment", "none")
    wrong = sorted((folder / "0").iterdir())[:5]
    for path in wrong:
        path.rename(folder / "7" / path.name)
    said = json.loads(command(*train, "--json").stdout)
    moved = {path.name for path in wrong}
    found = [one for one in said["suspects"] if Path(one["path"]).name in moved]
    assert len(found) >= 3, "a fifth of them are validation pictures"
    assert {(one["label"], one["predicted"]) for one in found} == {("7", "0")}
    done = command(*train)
    lines = [line for line in done.stdout.splitlines() if line.startswith("worth a look: ")]
    assert len(lines) == 3
    assert any(name in line and "is labeled 7 but looks like 0 (" in line for line in lines for name in moved)
    page = folder.with_name("digits-report.html").read_text()
    assert "Labels that look wrong" in page
    assert sum(name in page for name in moved) >= 3


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1"),
        ({"repeat": 0}, "repeat must be"),
        ({"fine_tune": -1}, "fine_tune must be"),
        ({"lrs": 3e-3}, "lrs must be a list"),
        ({"lrs": []}, "lrs must be a list"),
        ({"lrs": ["3e-3"]}, "learning rate can't be"),
        ({"time_budget": float("nan")}, "time_budget must be"),
        ({"augment": None}, "augment can't be None"),
        ({"balance": "focal"}, "balance can't be 'focal'"),
        ({"out": "."}, "bundle can't be written"),
        ({"what_if": True, "size": 32}, r"needs about 100 pictures to show anything; there are 48"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_anything_is_done(
    digits: Path, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(wi.WhatsitError, match=reason):
        wi.train(digits, **options)
    assert not (digits / ".whatsit" / "runs").exists()
    with pytest.raises(wi.WhatsitError, match="must be a path"):
        wi.train(None)  # type: ignore[arg-type]


def test_stopped_training_goes_on_in_the_same_process_while_its_error_is_kept(
    digits: Path, tmp_path: Path
) -> None:
    heard: list[Event] = []

    def cancel(event: Event) -> None:
        heard.append(event)
        if isinstance(event, EpochDone) and event.place == 2:
            raise Cancelled

    with pytest.raises(Cancelled) as kept:
        wi.train(digits, tmp_path / "x.whatsit", cancel, **FAST)
    (run,) = (one.path for one in heard if isinstance(one, Artifact))
    result = wi.resume(run, out=tmp_path / "x.whatsit", emit=lambda event: None)
    assert kept.value.__traceback__ is not None
    assert len(result.learner.history) == 4


def test_listener_that_has_had_enough_leaves_a_whole_learner(digits: Path) -> None:
    def cancel(event: Event) -> None:
        if is_over or isinstance(event, EpochDone):
            is_over.append(True)
            raise Cancelled

    is_over: list[bool] = []
    learner = wi.Learner(wi.Catalog.from_folder(digits), size=32).unfreeze()
    with emitting(cancel), pytest.raises(Cancelled):
        learner.fit_one_cycle(2, 1e-3)
    assert len(learner.history) == 1
    assert learner.evaluate().error_rate == pytest.approx(learner.history[-1].error_rate, abs=0.1)


@pytest.mark.parametrize(
    ("kind", "text"), [("events", '[{"event": "mine"}]'), ("table", "mine\npath,label,verdict\n")]
)
def test_file_that_only_contains_what_ours_begin_with_is_not_ours(
    tmp_path: Path, kind: str, text: str
) -> None:
    (tmp_path / "mine").write_text(text)
    with pytest.raises(wi.WhatsitError, match="already exists, and is not a"):
        require_output(kind, tmp_path / "mine")


def test_files_of_others_are_not_written_over(command: Run, digits: Path, tmp_path: Path) -> None:
    picture = next((digits / "7").iterdir())
    before = picture.read_bytes()
    train = ("train", digits, "--size", 64, "--epochs", 1, "--out", "x.whatsit")
    for words in ((*train, "--events", picture), ("predict", "x.whatsit", picture, "--csv", picture)):
        refused = command(*words)
        assert refused.returncode == 2
        assert "already exists, and is not a" in refused.stderr
        assert picture.read_bytes() == before
        for _ in range(2):
            assert command(*words[:-1], "own.txt" if words[0] == "train" else "own.csv").returncode == 0
