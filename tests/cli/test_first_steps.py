"""What newcomers stumbled over, each once."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Run, rendered
from tests.pictures import put
from tests.site import jpeg
from whatsit.cli import demo as command_demo
from whatsit.cli.printing import print_evaluation
from whatsit.cli.runs import _joined_runs
from whatsit.collection.search import Search
from whatsit.i18n import Message
from whatsit.understand.metrics import evaluate


@pytest.fixture
def bears(tmp_path: Path) -> Path:
    """Two classes with files that are no pictures, and a picture in both."""
    folder = tmp_path / "bears"
    for n in range(4):
        put(folder / "black" / f"{n}.jpg", jpeg(n))
        put(folder / "teddy" / f"{n}.png", rendered(10 + n))
    put(folder / "teddy" / "same.jpg", jpeg(0))
    put(folder / "black" / "cut.jpg", jpeg(20)[:2000])
    put(folder / "teddy" / "text.heic", b"this is not a photo")
    for name in ("black/readme.txt", "black/movie.mp4", "teddy/notes.txt", "teddy/LICENSE"):
        put(folder / name, b"mine")
    return folder


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("runs", "Nothing has been trained on digits yet. Train a classifier: "),
        ("undo", "There is nothing to undo in digits. "),
        ("trash", "There is nothing in the trash of digits. "),
    ],
)
def test_commands_before_the_first_training_say_what_is_missing(
    command: Run, digits: Path, name: str, sentence: str
) -> None:
    done = command(name, digits.name)
    assert done.returncode == 2
    assert done.stderr.startswith(f"whatsit: {sentence}")
    assert (name == "runs") == done.stderr.endswith("train digits\n")


def test_verify_names_other_files_wrong_names_and_wrong_labels(command: Run, bears: Path) -> None:
    shown = command("verify", bears, "--dry-run").stdout
    assert "4 other files (txt, mp4, LICENSE) left alone\n" in shown
    assert "black/cut.jpg: the end of the file is missing\n" in shown
    assert "teddy/text.heic: it is named .heic, but is not a HEIC picture\n" in shown
    assert "under two labels, one of which is wrong: black/0.jpg = teddy/same.jpg. Delete" in shown
    chinese = command("verify", bears, "--dry-run", "--lang", "zh").stdout
    assert "另有 4 个其他文件（txt、mp4、LICENSE），保持原样\n" in chinese
    assert "文件不完整" in chinese


def test_show_names_broken_files_with_their_folder(command: Run, bears: Path) -> None:
    shown = command("show", bears).stdout
    assert "left alone: 2 files, such as black/cut.jpg: the end of the file is missing\n" in shown
    assert "note: 4 other files (txt, mp4, LICENSE) left alone.\n" in shown


def test_runs_in_a_row_are_named_by_the_first_and_the_last() -> None:
    joined = _joined_runs(["0001", "0002", "0003", "0005"])
    text = Message("cli_runs.changes", runs=joined, text="changed")
    assert text.text("en") == "runs 0001 to 0003, 0005: changed"
    assert text.text("zh") == "训练记录 0001～0003、0005：changed"


def test_classes_without_pictures_have_no_scores_and_mistaken_files_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    probabilities = np.eye(3)[[0, 0, 0, 1]]
    found = evaluate(np.array([0, 0, 1, 1]), probabilities, ["bear", "cat", "dog"])
    print_evaluation(found, files={("cat", "bear"): ["cat/7.jpg"]})
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].split() == ["dog", "0", "–", "–", "–"]
    assert lines[4:] == ["1 picture of cat mistaken for bear: cat/7.jpg"]


@pytest.mark.parametrize("words", [["help", "train"], ["train", "-h"]])
def test_help_is_found_where_it_is_looked_for(command: Run, words: list[str]) -> None:
    assert command(*words).stdout == command("train", "--help").stdout
    assert command("-h").stdout == command("help").stdout != ""


def test_percents_are_understood(command: Run, digits: Path) -> None:
    assert "Did you mean 0.2?" in command("train", digits, "--valid", 20).stderr
    assert command("train", digits, "--epochs", 1, "--augment", "none").returncode == 0
    picture = next((digits / "0").iterdir())
    asked = command("predict", "digits.whatsit", picture, "--min-probability", 70)
    assert "Did you mean 0.7?" in asked.stderr


def test_a_missing_network_is_told_from_a_source_that_fails() -> None:
    no_server, silent = Message("fetch.no_server"), Message("searching.no_answer", reason="DNSError")
    assert Search(silent={"commons": no_server, "bing": silent}).is_offline
    assert not Search(silent={"commons": silent}).is_offline
    assert not Search(silent={"commons": no_server, "bing": Message("searching.no_json")}).is_offline
    assert not Search(answered={"bing": 3}, silent={"commons": no_server}).is_offline


@pytest.mark.parametrize("has_sklearn", [True, False])
def test_demo_takes_digits_where_scikit_learn_alone_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], has_sklearn: bool
) -> None:
    monkeypatch.setattr("whatsit.extras.find_spec", lambda name: (has_sklearn and name == "sklearn") or None)
    monkeypatch.setattr(command_demo, "_drawings", lambda *_: [])
    monkeypatch.setattr(command_demo, "_digits", lambda _: [])
    command_demo.demo(tmp_path / "demo")
    assert ("With scikit-learn installed" in capsys.readouterr().out) != has_sklearn
    assert (tmp_path / "demo" / "digits").exists() == has_sklearn
