"""Trainings side by side: what differed, and whether one is really better."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import whatsit as wi
from tests.conftest import Run, campaign
from whatsit.project import load_runs
from whatsit.understand.comparison import comparable, paired


def outcomes(text: str) -> dict[str, bool]:
    """ "1101" -> picture 0 right, 1 right, 2 wrong, 3 right."""
    return {str(number): letter == "1" for number, letter in enumerate(text)}


def test_same_answers_are_no_difference() -> None:
    same = paired(outcomes("1101" * 50), outcomes("1101" * 50))
    assert (same.difference, same.is_clear) == (0, False)
    assert -0.05 < same.low < 0 < same.high < 0.05


def test_many_pictures_that_only_one_got_right_are_clear_and_few_are_not() -> None:
    clear = paired(outcomes("1" * 100 + "0" * 40), outcomes("1" * 140))
    assert clear.difference == pytest.approx(40 / 140)
    assert clear.is_clear
    assert clear.low > 0.2
    chance = paired(outcomes("1" * 98 + "00"), outcomes("1" * 97 + "0" + "11"))
    assert chance.difference == pytest.approx(0.01)
    assert not chance.is_clear


def test_different_pictures_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different pictures"):
        paired(outcomes("11"), outcomes("111"))
    assert comparable([outcomes("11"), outcomes("111"), outcomes("00")]) == [[1], [0, 2]]


@campaign(400)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80))
def test_difference_turns_its_sign_with_the_sides(answers: list[tuple[bool, bool]]) -> None:
    one = {str(n): left for n, (left, _) in enumerate(answers)}
    other = {str(n): right for n, (_, right) in enumerate(answers)}
    there, back = paired(one, other), paired(other, one)
    assert there.difference == pytest.approx(-back.difference)
    assert there.low == pytest.approx(-back.high)
    assert there.low <= there.difference <= there.high


@campaign(100)
@given(st.integers(0, 2**32 - 1))
def test_equally_good_ones_are_seldom_called_different(seed: int) -> None:
    dice = np.random.default_rng(seed)
    clear = 0
    for _ in range(100):
        one, other = ({str(n): bool(hit) for n, hit in enumerate(dice.random(200) < 0.8)} for _ in range(2))
        clear += paired(one, other).is_clear
    assert clear <= 16  # 5 are to be expected


def test_whatsit_runs_tells_what_differed_and_what_may_be_chance(digits: Path, command: Run) -> None:
    assert command("runs", digits).returncode == 2  # no project yet
    for words in (("--epochs", 1, "--lr", 1e-5), ("--epochs", 20), ("--epochs", 20, "--seed", 3)):
        assert command("train", digits, "--augment", "none", *words).returncode == 0
    shown = command("runs", digits)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0] == "12 validation pictures"
    for name in ("epochs", "lr", "seed", "error rate"):
        assert name in lines[1]
    assert "backbone" not in lines[1]  # they all have the same
    assert "lowest" in shown.stdout
    rows = json.loads(command("runs", digits, "--json").stdout)
    assert {row["group"] for row in rows} == {0}
    assert min(row["worse_than_best"][0] for row in rows) == 0
    assert max(row["error_rate"] for row in rows) > 0.3


def test_runs_on_other_pictures_stand_apart(digits: Path, command: Run) -> None:
    words = "train", digits, "--epochs", 2, "--augment", "none"
    command(*words)
    command(*words, "--split-seed", 7)
    shown = command("runs", digits).stdout
    assert shown.count("measured on the same pictures") == 2


def test_a_run_is_listed_with_the_bundle_that_it_wrote_last(
    digits: Path, command: Run, tmp_path: Path
) -> None:
    def bundles() -> list[tuple[str, bool]]:
        rows = json.loads(command("runs", digits, "--json").stdout)
        return [(row["bundle"], row["bundle_is_replaced"]) for row in rows]

    command("train", digits, "--epochs", 2, "--augment", "none")
    learner = wi.Learner(wi.Catalog.from_folder(digits))
    learner.fit_one_cycle(1)
    learner.export(tmp_path / "in-python.whatsit")
    assert bundles() == [("digits.whatsit", False), ("in-python.whatsit", False)]
    assert command("train", digits, "--continue", 1, "--out", "better.whatsit").returncode == 0
    assert bundles() == [("better.whatsit", False), ("in-python.whatsit", False)]
    learner.export(tmp_path / "better.whatsit")
    assert bundles() == [("better.whatsit", True), ("better.whatsit", False)]


def test_damaged_and_unfinished_runs_are_left_out(digits: Path, cache: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(digits))
    learner.fit_one_cycle(1)
    folder = learner._state.project.folder
    (run,) = load_runs(folder)
    assert run.name == learner.run.name
    assert np.mean(list(run.right.values())) == pytest.approx(learner.evaluate().accuracy)
    learner._state.project.new_run()
    (learner._state.project.new_run() / "history.json").write_text("{")
    (learner._state.project.new_run() / "predictions.json").write_text("[]")
    assert load_runs(folder) == [run]
