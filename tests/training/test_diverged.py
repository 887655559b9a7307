"""A training that diverged or taught nothing: no bundle is lost to it, and it is said."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

import whatsit as wi
from tests.conftest import Run
from whatsit.errors import WhatsitError
from whatsit.labeled import Labeled
from whatsit.training import automatic
from whatsit.training.history import Epoch, History
from whatsit.training.hooks import measure
from whatsit.understand.guessing import warning
from whatsit.understand.metrics import METRICS, Evaluation, evaluate

pytestmark = pytest.mark.usefixtures("cache")


def strict(text: str) -> object:
    """JSON without NaN and Infinity, which other programs refuse."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_diverged_training_writes_no_bundle_and_says_what_to_do(
    command: Run, digits: Path, tmp_path: Path
) -> None:
    (tmp_path / "digits.whatsit").write_bytes(b"a good one")
    done = command("train", digits, "--lr", "1e6", "--epochs", 30, "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "diverged" in done.stderr
    assert "a tenth of the learning rate" in done.stderr
    assert re.search(
        r"the loss is no longer a number, so the training ends after epoch \d of 30", done.stderr
    )
    assert (tmp_path / "digits.whatsit").read_bytes() == b"a good one"
    run = digits / ".whatsit" / "runs" / "0001"
    listed = command("runs", digits).stdout
    assert "diverged: its loss is not a number" in listed
    assert "not finished" not in listed, "to go on with it would end the same way"
    (row,) = json.loads(command("runs", digits, "--json").stdout)
    assert row["has_diverged"]
    for file in run.glob("*.json"):
        strict(file.read_text())
    saved = json.loads((run / "history.json").read_text())
    assert saved["history"][-1]["valid_loss"] is None
    assert saved["fits"][0]["epochs"] == len(saved["history"]) < 10
    assert saved["accuracy"] == 0.0


def test_learner_that_diverged_is_wrong_on_everything_and_keeps_the_old_bundle(
    digits: Path, tmp_path: Path
) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(digits), size=64)
    learner.fit_one_cycle(2, lr=1e6)
    assert learner.evaluate().right == 0
    assert learner.evaluate().images == len(learner.catalog["valid"])
    assert not any(automatic.right(learner).values())
    assert learner.history.epochs[-1].error_rate == 1.0
    for attempt in (lambda: learner.export(tmp_path / "x.whatsit"), learner.interpret, learner.report):
        with pytest.raises(WhatsitError, match="diverged"):
            attempt()
    assert not (tmp_path / "x.whatsit").exists()
    learner.history.plot()
    learner.save("wild")
    again = wi.Learner(wi.Catalog.from_folder(digits), size=64).load("wild")
    assert math.isnan(again.history.epochs[-1].valid_loss)


def test_row_that_is_not_a_number_is_wrong_whatever_its_class() -> None:
    labels = np.array([0, 0, 1, 2])
    rows = np.array([[np.nan] * 3, [0.8, 0.1, 0.1], [0.1, np.inf, 0.1], [0.1, 0.2, 0.7]], np.float32)
    found = evaluate(labels, rows, ["a", "b", "c"])
    assert (found.images, found.right, found.accuracy) == (4, 2, 0.5)
    assert found.per_class()["a"]["images"] == 2
    assert found.per_class()["b"]["recall"] == 0.0
    assert found.to_dict()["unanswered"] == 2
    assert found.confusion.sum() == 2, "such a row is taken for nothing"
    strict(json.dumps(found.to_dict()))
    for name in ("accuracy", "top_2", "top_3"):
        assert METRICS[name](labels, rows) == 0.5, name
    assert METRICS["error_rate"](labels, rows) == 0.5
    assert measure(Labeled(rows, labels))[1] == 0.5


def test_losses_that_are_not_numbers_are_null_in_json_and_come_back() -> None:
    epoch = Epoch(1, math.inf, math.nan, 1.0, 0.1, {"mine": math.nan})
    kept = strict(json.dumps(History([epoch]).to_dict()))
    assert kept == [{**kept[0], "train_loss": None, "valid_loss": None, "metrics": {"mine": None}}]  # type: ignore[index]
    back = Epoch.from_dict(kept[0])  # type: ignore[index]
    assert all(math.isnan(value) for value in (back.train_loss, back.valid_loss, back.metrics["mine"]))


def of(*rows: list[int]) -> Evaluation:
    return Evaluation([str(number) for number in range(len(rows))], np.array(rows))


def test_guessing_is_told_from_knowing() -> None:
    assert "right on 20 of 60" in str(warning(of([20, 0, 0], [20, 0, 0], [20, 0, 0])))
    assert warning(of([95, 0], [5, 0])), "always the largest class is guessing"
    assert not warning(of([90, 5], [1, 4])), "though the largest class is 95%"
    assert not warning(of([2, 0], [0, 2])), "few pictures, all right"
    assert not warning(of([18, 1, 1], [2, 17, 1], [1, 1, 18]))


def test_guesses_are_called_guesses_and_little_knowledge_is_not() -> None:
    dice = np.random.default_rng(0)

    def share_of_warnings(knowledge: float) -> float:
        warned = 0
        for _ in range(200):
            labels = dice.integers(0, 5, 100)
            said = np.where(dice.random(100) < knowledge, labels, dice.integers(0, 5, 100))
            warned += bool(warning(evaluate(labels, np.eye(5, dtype=np.float32)[said], list("abcde"))))
        return warned / 200

    assert 0.9 < share_of_warnings(0.0) <= 1.0
    assert share_of_warnings(0.4) < 0.01


def test_model_at_guessing_level_is_written_with_a_warning(
    command: Run, digits: Path, tmp_path: Path
) -> None:
    done = command("train", digits, "--lr", "1e-9", "--epochs", 1, "--augment", "none", "--json")
    assert done.returncode == 0, done.stderr
    assert "careful: the model may be no better than guessing" in done.stderr
    assert any("no better than guessing" in one["text"] for one in strict(done.stdout)["warnings"])  # type: ignore[index]
    assert (tmp_path / "digits.whatsit").exists()


def test_a_learning_rate_that_diverges_is_never_the_one_that_is_kept(digits: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(digits), augment=None)
    kept = automatic.fit_best(learner, [1e6, 3e-3], 4)
    assert kept._state.fits[-1]["lr"] == 3e-3
