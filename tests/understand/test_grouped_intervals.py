"""Pictures of one person, bus or plant tell less than as many of different ones: intervals know that."""

import json
from math import sqrt
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

import whatsit as wi
from tests.conftest import WHOLE, Run
from tests.shown import shown
from whatsit.report import Report
from whatsit.understand.clusters import interval_of, students_t, wilson
from whatsit.understand.interpretation import Interpretation

SETS = 4000 if WHOLE else 300
Hits = tuple[NDArray[np.bool_], NDArray[np.int64]]


def hits(dice: np.random.Generator, share: float, alike: float, groups: int, size: float) -> Hits:
    """Which pictures are right, and their groups, of `size` pictures in the mean; `alike` is 0 to 1."""
    group = np.repeat(np.arange(groups), 1 + dice.poisson(size - 1, groups))
    luck = sqrt(alike) * dice.standard_normal(groups)[group]
    own = sqrt(1 - alike) * dice.standard_normal(len(group))
    return luck + own < NormalDist().inv_cdf(share), group


@pytest.mark.parametrize("groups", [20, 40, 150])
@pytest.mark.parametrize("alike", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("share", [0.7, 0.85])
def test_interval_holds_the_true_accuracy_as_often_as_it_states(
    share: float, alike: float, groups: int
) -> None:
    dice, held, plain = np.random.default_rng(1), 0, 0
    for _ in range(SETS):
        right, group = hits(dice, share, alike, groups, 6)
        low, high = interval_of(right, group) or (2.0, 2.0)
        held += low <= share <= high
        low, high = wilson(int(right.sum()), len(right))
        plain += low <= share <= high
    assert 0.90 - 0.01 * (not WHOLE) <= held / SETS <= 0.97 + 0.015 * (not WHOLE)
    assert plain / SETS < 0.9  # what it was


def test_rare_mistakes_in_few_groups_are_not_stated_too_surely() -> None:
    dice, held = np.random.default_rng(2), 0
    for _ in range(SETS):
        right, group = hits(dice, 0.97, 0.6, 25, 8)
        low, high = interval_of(right, group) or (2.0, 2.0)
        held += low <= 0.97 <= high
    assert held / SETS >= 0.93


def test_groups_of_one_change_next_to_nothing() -> None:
    right = np.arange(400) % 10 > 0
    alone, grouped = wilson(360, 400), interval_of(right, np.arange(400))
    assert grouped == pytest.approx(alone, abs=0.002)


def test_all_right_in_groups_counts_every_group_once() -> None:
    low, high = interval_of(np.ones(300, bool), np.repeat(np.arange(30), 10)) or (0, 0)
    assert high == 1
    assert low == pytest.approx(wilson(30, 30, students_t(29))[0], abs=1e-6)


def test_students_t_is_that_of_the_tables() -> None:
    for freedom, known in ((5, 2.5706), (10, 2.2281), (19, 2.0930), (30, 2.0423), (1000, 1.9623)):
        assert students_t(freedom) == pytest.approx(known, abs=0.003)


def asked(groups: int, size: int = 10) -> Interpretation:
    dice = np.random.default_rng(0)
    labels = dice.integers(0, 2, groups * size)
    sure = dice.uniform(0.5, 1, len(labels))
    said = np.where(dice.random(len(labels)) < sure, labels, 1 - labels)
    probabilities = np.where(said[:, None] == [0, 1], sure[:, None], 1 - sure[:, None])
    return Interpretation(["a", "b"], labels, probabilities, "test", groups=np.arange(len(labels)) // size)


def test_from_fewer_than_twenty_groups_there_is_no_interval_and_the_reason() -> None:
    few = asked(19)
    assert few.evaluation.interval is None
    assert "no interval: the pictures come from 19 groups, and it takes at least 20" in str(few)
    assert few.evaluation.to_dict()["interval"] is None
    assert few.evaluation.to_dict()["groups"] == 19
    assert set(few.evaluation.per_class()["a"]["intervals"].values()) == {None}
    assert few.selective.interval(0.5) is None
    assert few.selective.minimum_for(0.5) is None
    assert few.reliability.is_believable is None
    str(few.selective), few.reliability.bins
    few.reliability.plot()
    page = Report("x", [few]).render()
    assert "right in 100 new pictures." in page, "without a range"
    assert "19 groups, and it takes at least 20" in page
    assert "只来自 19 个组" in shown(Report("x", [few]).render("zh"))


def test_from_twenty_groups_on_all_intervals_are_wider() -> None:
    many = asked(40)
    alone = Interpretation(many.classes, many.labels, many.probabilities, "test")

    def width(interval: tuple[float, float] | None) -> float:
        assert interval is not None
        return interval[1] - interval[0]

    assert width(many.evaluation.interval) >= width(alone.evaluation.interval)
    for name in ("precision", "recall", "f1"):
        here, there = (one.evaluation.per_class()["a"]["intervals"][name] for one in (many, alone))
        assert width(here) >= width(there)
    assert width(many.selective.interval(0.7)) >= width(alone.selective.interval(0.7))
    assert many.reliability.is_believable
    assert "from 40 groups" in Report("x", [many]).render()
    assert "40 个组" in shown(Report("x", [many]).render("zh"))


def test_groups_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(wi.WhatsitError, match="groups must be whole numbers"):
        Interpretation(["a", "b"], np.array([0, 1]), np.eye(2), groups=np.array([0.5, 1.0]))
    with pytest.raises(wi.WhatsitError, match="groups has 3 rows, but there are 2 labels"):
        Interpretation(["a", "b"], np.array([0, 1]), np.eye(2), groups=np.array([0, 1, 2]))


def test_true_probabilities_of_groups_are_seldom_called_wrong() -> None:
    """Pictures of a group that are right or wrong together move the calibration error by chance."""
    from whatsit.understand.calibration import Reliability

    dice, blamed = np.random.default_rng(0), 0
    sets = 200 if WHOLE else 30
    for _ in range(sets):
        group = np.repeat(np.arange(40), 10)
        sure = dice.uniform(0.5, 1, 40)[group]
        right = np.where(dice.random(400) < 0.8, dice.random(40)[group], dice.random(400)) < sure
        blamed += Reliability(sure, right, group).is_believable is False
    assert blamed <= 0.12 * sets


def test_training_with_groups_states_intervals_of_groups(digits: Path, whatsit: Run) -> None:
    run = whatsit("train", digits, "--group", r"(\d)\.png$", "--epochs", 2, "--json")
    assert run.returncode == 0, run.stderr
    reported = json.loads(run.stdout)
    assert reported["interval"] is None
    assert 1 <= reported["groups"] < 20
    shown = whatsit("evaluate", "digits.whatsit", digits, "--group", r"(\d)\.png$")
    assert shown.returncode == 0, shown.stderr
    assert "no interval: the pictures come from" in shown.stdout
    page = (Path(reported["run"]) / "report.html").read_text()
    assert "groups, and it takes at least 20" in page
