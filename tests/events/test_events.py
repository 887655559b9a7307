"""What a long task reports, and where that goes."""

import io
import json
import math
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import whatsit as wi
from tests.conftest import Run, campaign
from whatsit.events import (
    Artifact,
    Cancelled,
    EpochDone,
    Event,
    Failed,
    Finished,
    Lines,
    Note,
    Plain,
    Progress,
    emit,
    emitting,
    from_json,
    note,
    nowhere,
    only_warnings,
    progress,
    progress_of_several,
    several,
    to_json,
    warn,
    working,
    written,
)
from whatsit.i18n import Message

TEXT = st.text(max_size=20)
NUMBERS = st.floats(-1e6, 1e6)


def plain(text: str) -> Message:
    return Message("plain.text", text=text)


MESSAGES = st.builds(plain, TEXT)
COUNTS = st.integers(0, 10**9)
JSON = st.dictionaries(
    TEXT, st.none() | st.booleans() | COUNTS | NUMBERS | TEXT | st.lists(COUNTS), max_size=4
)
EVENTS = st.one_of(
    st.builds(Progress, TEXT, COUNTS, st.none() | COUNTS),
    st.builds(
        EpochDone,
        *(COUNTS, COUNTS, COUNTS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
        st.dictionaries(TEXT, NUMBERS, max_size=3),
    ),
    st.builds(Note, MESSAGES, st.booleans()),
    st.builds(Artifact, TEXT, TEXT),
    st.builds(Finished, JSON),
    st.builds(Failed, st.sampled_from(["cancelled", "input", "fault"]), MESSAGES),
)


@campaign(2000)
@given(EVENTS)
def test_every_event_is_one_json_line_and_comes_back(event: Event) -> None:
    line = to_json(event)
    assert "\n" not in line
    assert from_json(line) == event


@campaign(2000)
@given(
    st.text(max_size=60) | JSON.map(json.dumps) | JSON.map(lambda one: json.dumps({"event": "Note", **one}))
)
def test_any_other_line_is_refused(line: str) -> None:
    try:
        event = from_json(line)
    except ValueError:
        return
    assert from_json(to_json(event)) == event


def test_losses_that_are_not_numbers_are_null() -> None:
    event = EpochDone(1, 1, 1, math.nan, math.inf, 0.5, 0.1, {"f1": math.nan})
    values = json.loads(to_json(event))
    assert [values["train_loss"], values["valid_loss"], values["metrics"]] == [None, None, {"f1": None}]
    back = from_json(to_json(event))
    assert isinstance(back, EpochDone)
    assert math.isnan(back.train_loss)


def test_progress_begins_counts_and_ends_also_where_the_block_does_not() -> None:
    heard: list[Event] = []
    with emitting(heard.append):
        with progress("reading", 2) as advance:
            advance()
            advance()
        with suppress(RuntimeError), progress_of_several({"a": 3, "b": 0}) as both:
            both["a"]()
            both["b"]()
            raise RuntimeError
        with working("converting"):
            note("nearly")
        written("bundle", Path("x.whatsit"))
        warn("careful")
    assert heard == [
        *(Progress("reading", done, 2) for done in range(3)),
        *(Progress("a", 0, 3), Progress("a", 1, 3), Progress("a", 1, 1)),
        *(Progress("converting", 0, None), Note(plain("nearly")), Progress("converting", 1, 1)),
        *(Artifact("bundle", "x.whatsit"), Note(plain("careful"), is_warning=True)),
    ]
    assert [one.is_over for one in heard if isinstance(one, Progress)].count(True) == 3


def test_each_thread_has_its_own_listener() -> None:
    heard: dict[str, list[Event]] = {"one": [], "other": []}
    ready, barrier = threading.Barrier(2), threading.Barrier(2)

    def work(name: str) -> None:
        with emitting(heard[name].append):
            ready.wait(30)
            for number in range(100):
                emit(Progress(name, number, 100))
            barrier.wait(30)

    threads = [threading.Thread(target=work, args=(name,)) for name in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, events in heard.items():
        assert events == [Progress(name, number, 100) for number in range(100)]


def test_plain_text_has_the_table_and_warnings_apart(capsys: pytest.CaptureFixture[str]) -> None:
    sink = Plain()
    first = EpochDone(3, 1, 2, 0.5, 0.25, 0.125, 61.0)
    for event in (
        first,
        replace(first, epoch=4, place=2),
        Note(plain("kept")),
        Note(plain("odd"), True),
    ):
        sink(event)
    sink(Progress("reading", 1, 2))
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "epoch  train_loss valid_loss error_rate   time",
        "3        0.500000   0.250000   0.125000   1:01",
        "4        0.500000   0.250000   0.125000   1:01",
        "kept",
    ]
    assert said.err == "whatsit: odd\n"
    only_warnings(Note(plain("kept")))
    nowhere(Note(plain("odd"), True))
    assert capsys.readouterr() == ("", "")


def test_json_lines_have_the_first_and_last_progress_and_everything_else() -> None:
    file, heard = io.StringIO(), list[Event]()
    with emitting(several(Lines(file), heard.append)), progress("reading", 500) as advance:
        for _ in range(500):
            advance()
        note("done")
    assert len(heard) == 502
    events = [from_json(line) for line in file.getvalue().splitlines()]
    assert events[0] == Progress("reading", 0, 500)
    assert events[-2:] == [Progress("reading", 500, 500), Note(plain("done"))]
    assert len(events) < 100


def test_training_reports_each_epoch_on_its_own_thread_and_what_is_raised_ends_it_resumably(
    digits: Path, cache: Path
) -> None:
    threads, heard = set[int](), list[EpochDone]()

    def listen(event: Event) -> None:
        threads.add(threading.get_ident())
        if isinstance(event, EpochDone):
            heard.append(event)
            if event.place == 2:
                raise Cancelled

    learner = wi.Learner(wi.Catalog.from_folder(digits), size=32)
    with emitting(listen), pytest.raises(Cancelled):
        learner.fit_one_cycle(4)
    assert threads == {threading.get_ident()}
    assert [(one.epoch, one.place, one.epochs) for one in heard] == [(1, 1, 4), (2, 2, 4)]
    assert len(learner.history) == 2
    assert 0 <= learner.evaluate().accuracy <= 1, "what it has become answers"


CANCELLED = """
from whatsit.cli import main
from whatsit.events import Cancelled, EpochDone, emitting
def cancel(event):
    if isinstance(event, EpochDone):
        raise Cancelled
with emitting(cancel):
    main()
"""


def test_cancelled_command_ends_as_after_ctrl_c(command: Run, digits: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-c", CANCELLED, "train", str(digits), "--size", "32", "--epochs", "3"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 130, done.stderr
    assert "stopped; nothing is lost" in done.stderr
    again = command("train", "--resume", digits / ".whatsit" / "runs" / "0001")
    assert again.returncode == 0, again.stderr
