import csv
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Run
from whatsit.cli.printing import print_evaluation
from whatsit.understand.interpretation import Interpretation

HEAVY = (
    "torch",
    "timm",
    "torchvision",
    "sklearn",
    "matplotlib",
    "openvino",
    "numpy",
    "PIL",
    "onnx",
    "aiohttp",
)


@pytest.mark.parametrize("code", ["import whatsit", "from whatsit.cli.app import app"])
def test_nothing_heavy_is_loaded_until_needed(code: str) -> None:
    check = f"import sys; {code}; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_predicting_loads_no_torch(command: Run, digits: Path, tmp_path: Path) -> None:
    train = "train", digits, "--out", "d.whatsit", "--epochs", 2, "--augment", "none"
    assert command(*train).returncode == 0
    check = (
        "import sys; sys.modules.update(torch=None, sklearn=None, timm=None, onnx=None, torchvision=None)\n"
        "import whatsit; print(whatsit.Classifier('d.whatsit').predict(sys.argv[1]).label)"
    )
    picture = next((digits / "0").iterdir())
    result = subprocess.run(
        [sys.executable, "-c", check, str(picture)], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert result.stdout.strip() in ("0", "1", "7")


def test_whole_road_with_json(command: Run, digits: Path) -> None:
    shown = json.loads(command("show", digits, "--json", "--save", "show.png").stdout)
    assert shown["images"] == 60
    result = command("train", digits, "--out", "d.whatsit", "--json", "--repeat", 2)
    report = json.loads(result.stdout)
    assert {"accuracy", "error_rate", "classes", "images", "seconds", "bundle"} <= report.keys()
    assert report["images"] == 60
    assert len(report["repeats"]) == 2
    measured = json.loads(command("evaluate", "d.whatsit", digits, "--split", "valid", "--json").stdout)
    assert measured["images"] == 12
    assert measured["accuracy"] == pytest.approx(report["accuracy"])
    assert set(measured["per_class"]) == {"0", "1", "7"}
    answers = json.loads(command("predict", "d.whatsit", digits / "7", "--json").stdout)["predictions"]
    assert len(answers) == 20
    judged = {"label", "verdict", "probability", "probabilities", "novelty"}
    assert set(answers[0]) == {"path", *judged}


def test_table_for_people(command: Run, digits: Path) -> None:
    result = command("train", digits, "--epochs", 2, "--augment", "none")
    assert re.match(r"Too few to tell: \d+ of 12 right", result.stdout)
    assert "train_loss" not in result.stdout
    assert "precision" not in result.stdout
    assert "bundle: digits.whatsit" in result.stdout
    whole = command("train", digits, "--epochs", 2, "--augment", "none", "-v").stdout
    assert whole.startswith("epoch  train_loss")
    assert "class  pictures  precision" in whole
    picture = next((digits / "0").iterdir())
    answered = command("predict", "digits.whatsit", picture, "--top", 3)
    assert answered.stdout.count("%") == 3
    piped = subprocess.run(
        [sys.executable, "-m", "whatsit", "predict", "digits.whatsit", "-"],
        input=picture.read_bytes(),
        capture_output=True,
        cwd=digits.parent,
        check=True,
    )
    assert piped.stdout.startswith(b"-: ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "nowhere"], "does not exist"),
        (["train", "digits", "--valid", "1.5"], "must be above 0 and below 1, not"),
        (["train", "digits", "--valid", "0"], "must be above 0 and below 1, not"),
        (["train", "digits", "--backbone", "resnet-34"], "Did you mean"),
        (["train", "digits", "--out", "no/such/folder/x.whatsit"], "existing folder"),
        (["train", "digits", "--precision", "int3"], "precision"),
        (["predict", "none.whatsit", "x.jpg"], "no bundle"),
        (["evaluate", "none.whatsit", "digits"], "no bundle"),
        (["predict"], "Missing argument"),
        (["train", "digits", "--seed", "99999999999999999999"], "--seed"),
        (["train", "no\nwhere\x1b[31m"], r"no\nwhere\x1b[31m does not exist"),
        (["train", "digits", "--debug", "--valid", "2"], "must be above 0 and below 1, not"),
    ],
)
def test_mistakes_end_in_one_sentence_and_exit_code_2(
    command: Run, digits: Path, words: list[str], sentence: str
) -> None:
    result = command(*words)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert ("Traceback" in result.stderr) == ("--debug" in words)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_output_that_cannot_be_written_is_said(whatsit: Run) -> None:
    command = [sys.executable, "-m", "whatsit", "cache"]
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("whatsit: No space left")


def test_reader_that_has_read_enough_is_no_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "whatsit", "cache", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.close()  # type: ignore[union-attr]
        said = child.stderr.read()  # type: ignore[union-attr]
    assert said == b""
    assert child.returncode == 0


def test_folder_is_predicted_without_what_is_hidden_in_it(command: Run, digits: Path) -> None:
    assert command("train", digits, "--epochs", 1, "--augment", "none").returncode == 0
    picture = next((digits / "0").iterdir())
    for hidden in (".ipynb_checkpoints/a.png", "0/._a.png", "@eaDir/a.png"):
        (digits / hidden).parent.mkdir(exist_ok=True)
        (digits / hidden).write_bytes(picture.read_bytes())
    answered = command("predict", "digits.whatsit", digits)
    assert answered.returncode == 0
    assert len(answered.stdout.splitlines()) == 60


def test_table_is_trained_on_and_gives_its_name(command: Run, digits: Path, tmp_path: Path) -> None:
    paths = sorted(digits.glob("*/*.png"))
    rows = [f"{path.relative_to(tmp_path)},digit {path.parent.name},{n % 9}" for n, path in enumerate(paths)]
    (tmp_path / "numbers.csv").write_text("\n".join(["path,label,person", *rows]))
    words = ["numbers.csv", "--group", "person", "--epochs", 1, "--augment", "none"]
    result = command("train", *words, "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["classes"] == ["digit 0", "digit 1", "digit 7"]
    measured = command("evaluate", "numbers.whatsit", "numbers.csv", "--split", "valid", "--json")
    assert json.loads(measured.stdout)["images"] == json.loads(result.stdout)["valid_images"]


def test_evaluate_splits_as_the_training_did_and_says_what_was_learnt(command: Run, digits: Path) -> None:
    short = "--epochs", 2, "--size", 64, "--augment", "none"
    trained = command("train", digits, "--valid", 0.5, "--split-seed", 7, *short, "--json")
    valid = json.loads(command("evaluate", "digits.whatsit", digits, "--split", "valid", "--json").stdout)
    assert valid["images"] == 30
    assert valid["trained_on"] == 0
    assert valid["accuracy"] == json.loads(trained.stdout)["accuracy"]
    whole = command("evaluate", "digits.whatsit", digits)
    assert "30 pictures were left out, because it was trained on them." in whole.stdout
    own, page = (
        command("evaluate", "digits.whatsit", digits, "--split", "valid"),
        command("report", "digits.whatsit", digits),
    )
    assert page.stdout.startswith(own.stdout.splitlines()[0])
    said = whole.stdout.splitlines()
    assert re.match(r"Measured on 30 pictures that it was not trained on: \d+ right, \d+ wrong", said[2])
    assert re.match(r"The likeliest class is right for \d+ of 30: accuracy [\d.]+%", said[3])
    other = "--out", "other.whatsit", "--project", "p"
    assert command("train", digits, *other, *short).returncode == 0
    unknown = command("evaluate", "other.whatsit", digits)
    assert "only if it was not trained on these: its run was not found here." in unknown.stdout


def test_mistakes_that_are_answered_with_nothing_like_this_are_marked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    likeliest = np.array([1, 1, 0, 2, 1, 0])
    is_novel = np.array([True, False, True, False, False, True])
    found = Interpretation(["cat", "dog", "owl"], labels, np.eye(3)[likeliest], "valid", is_novel=is_novel)
    print_evaluation(found.evaluation, is_whole=False, most=1, novel=found.novel_mistakes)
    print_evaluation(found.evaluation, is_whole=False, novel=found.novel_mistakes)
    assert capsys.readouterr().out.splitlines() == [
        "2 pictures of cat mistaken for dog (1 answered with “nothing like this”)",
        "and 2 other mistakes (1 answered with “nothing like this”)",
        "2 pictures of cat mistaken for dog (1 answered with “nothing like this”)",
        "1 picture of dog mistaken for owl",
        "1 picture of owl mistaken for cat (1 answered with “nothing like this”)",
    ]


def test_progress_is_shown_in_a_terminal(digits: Path, tmp_path: Path, cache: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "whatsit", "show", str(digits)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment) as child:
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # how Linux says that the other end has closed
            while some := os.read(ours, 10_000):
                seen += some
    os.close(ours)
    assert child.returncode == 0
    assert b"Reading pictures" in seen
    assert b"60/60" in seen


def test_demo_shows_the_whole_road(command: Run, tmp_path: Path) -> None:
    mine = tmp_path / "demo" / "drawings" / "mine"
    mine.mkdir(parents=True)
    refused = command("demo")
    assert refused.returncode == 2
    assert "--folder" in refused.stderr
    assert mine.exists()
    result = command("demo", "--folder", "other")
    assert result.returncode == 0, result.stderr
    drawings, digits = result.stdout.split("real handwritten digits in other/digits")
    assert "exact copies" in drawings
    assert "other/new/bird.jpg: bird" in drawings
    assert "other/new/rocket.jpg: nothing like this" in drawings
    found = digits.partition("What was found:\n")[2]
    assert found.count("3 were put into the wrong folder on purpose, and all 3 were found") == 2
    for name in (
        "bird-007.jpg (looks like fish)",
        "cat-011.jpg (looks like bird)",
        "00000010.png (looks like 0)",
    ):
        assert name in found
    assert "the copy and the file that was cut in half were found by whatsit verify" in found
    for name in ("drawings-report.html", "digits-report.html", "pictures.png", "predictions.png"):
        assert f"other/{name}" in found
        assert (tmp_path / "other" / name).stat().st_size > 10_000


PHONES_HOME = """
import sys
from pathlib import Path
seen = []
watched = ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.fork", "os.posix_spawn")
sys.addaudithook(lambda event, facts: seen.append(event) if event in watched else None)
import numpy as np
from whatsit.engine import Engine, best_precision
Engine(Path(sys.argv[1]).read_bytes(), best_precision())(np.zeros((1, 32, 32, 3), np.uint8))
import multiprocessing
print(seen, multiprocessing.active_children(), [str(path) for path in Path.home().rglob("*")])
"""


def test_openvino_does_not_phone_home(cache: Path, tmp_path: Path) -> None:
    from whatsit.training.backbone import load_backbone

    network, home = tmp_path / "network.onnx", tmp_path / "home"
    network.write_bytes(load_backbone("resnet18", 32, pretrained=False).network)
    home.mkdir()
    command = [sys.executable, "-c", PHONES_HOME, str(network)]
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.strip() == "[] [] []"


def test_env_and_cache_tell_what_a_bug_report_needs(command: Run, whatsit: Run) -> None:
    facts = json.loads(command("env", "--json").stdout)
    assert {"whatsit", "python", "processor", "device", "cache", "openvino"} <= facts.keys()
    assert json.loads(command("cache", "--json").stdout)["folder"]
    assert whatsit("--version").stdout.startswith("whatsit ")


def test_swapped_arguments_are_recognized_and_answers_fit_into_a_table(
    command: Run, digits: Path, tmp_path: Path
) -> None:
    command("train", digits, "--size", 64, "--epochs", 2, "--augment", "none", "--out", "my digits.whatsit")
    for words in (("evaluate", "digits"), ("report", "digits"), ("predict", "digits")):
        swapped = command(*words, "my digits.whatsit")
        assert swapped.returncode == 2
        assert "The bundle comes first, not " in swapped.stderr
        assert "digits. Type: " in swapped.stderr
        assert f"whatsit {words[0]} 'my digits.whatsit' digits" in swapped.stderr
    alone = command("report", "digits")
    assert alone.returncode == 2
    assert "report 1 digits" in alone.stderr

    done = command(
        "predict", "my digits.whatsit", *sorted(digits.glob("*/*.png"))[:5], "--csv", "answers.csv"
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    assert list(rows[0]) == ["path", "label", "verdict", "probability", "novelty", "0", "1", "7"]
    assert all(sum(float(row[name]) for name in "017") == pytest.approx(1, abs=1e-4) for row in rows)
    assert all(float(row[row["label"]]) == pytest.approx(float(row["probability"])) for row in rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train digts", 'digts does not exist. Did you mean "{}digits"?'),
        ("show digitss", 'digitss does not exist. Did you mean "digits"?'),
        ("verify Digits", 'Digits does not exist. Did you mean "digits"?'),
        ("runs digits2", 'digits2 does not exist. Did you mean "digits"?'),
        ("undo digit", 'digit does not exist. Did you mean "digits"?'),
        (
            "show elephants",
            "elephants does not exist. Give a folder with one sub-folder of pictures per class.",
        ),
        ("predict digit.whatsit x.png", 'There is no bundle digit.whatsit. Did you mean "digits.whatsit"?'),
        ("evaluate digit.whatsit digits", 'There is no bundle digit.whatsit. Did you mean "digits.whatsit"?'),
        ("report digit.whatsit digits", 'There is no bundle digit.whatsit. Did you mean "digits.whatsit"?'),
        (
            "predict bears.whatsit x.png",
            "There is no bundle bears.whatsit. Make one: `whatsit train FOLDER`.",
        ),
    ],
)
def test_mistyped_folder_or_bundle_is_answered_with_the_one_beside_it(
    command: Run, digits: Path, tmp_path: Path, words: str, said: str
) -> None:
    (tmp_path / "digits.whatsit").touch()
    (tmp_path / "digits-report.html").touch()
    done = command(*words.split())
    assert done.returncode == 2
    assert done.stderr.strip().endswith(said.format(f"{tmp_path}/"))
