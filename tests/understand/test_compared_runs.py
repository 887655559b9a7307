"""Many trainings against the best of them: what may be chance, and on which labels."""

import numpy as np
import pytest

from tests.conftest import WHOLE
from whatsit.understand.comparison import CLEAR, holm, paired, rank

WORLDS = 1000 if WHOLE else 150


def test_identical_answers_on_twenty_pictures_are_no_certainty() -> None:
    for right in (20, 18, 10):
        run = {str(n): n < right for n in range(20)}
        same = paired(run, run)
        assert same.difference == 0
        assert same.low == pytest.approx(-same.high)
        assert 0.05 < same.high < 0.25
    many = paired(*2 * [{str(n): n % 10 > 0 for n in range(2000)}])
    assert many.high < 0.01


def test_interval_of_a_difference_is_newcombes() -> None:
    """Table III of Newcombe 1998 (method 10): 36 + 12 + 2 + 0 gives 0.0569 to 0.3404."""
    first = {str(n): n >= 48 for n in range(50)}  # wrong on 48
    second = {str(n): n >= 36 and not 48 <= n < 50 for n in range(50)}  # wrong on the same 36 and the last 2
    found = paired(first, second)
    assert found.difference == pytest.approx(0.20)
    assert (found.low, found.high) == (pytest.approx(0.0569, abs=2e-4), pytest.approx(0.3404, abs=2e-4))


def test_interval_of_a_difference_stays_within_what_is_possible_and_holds_the_truth() -> None:
    dice, held = np.random.default_rng(0), 0
    hard = dice.random(500_000) + dice.normal(0, 0.2, 500_000)
    truth = float((hard < 0.7).mean() - (hard < 0.97).mean())
    for _ in range(WORLDS):
        hard = dice.random(60)
        good, bad = (hard + dice.normal(0, 0.2, 60) < share for share in (0.97, 0.7))
        found = paired(*({str(n): bool(hit) for n, hit in enumerate(hits)} for hits in (good, bad)))
        assert -1 <= found.low <= found.difference <= found.high <= 1
        held += found.low <= truth <= found.high
    assert 0.92 <= held / WORLDS <= 0.99


def test_holm_takes_one_comparison_less_each_time() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_of_many_equally_good_trainings_none_is_called_worse_than_the_best() -> None:
    dice, wrongly = np.random.default_rng(0), 0
    for _ in range(WORLDS):
        runs = [{str(n): bool(hit) for n, hit in enumerate(dice.random(100) < 0.8)} for _ in range(10)]
        wrongly += min(rank(runs).p_values) < CLEAR
    assert wrongly / WORLDS <= 0.05


def test_much_worse_training_is_called_worse() -> None:
    dice = np.random.default_rng(0)
    shares = [0.9] * 9 + [0.5]
    runs = [{str(n): bool(hit) for n, hit in enumerate(dice.random(200) < share)} for share in shares]
    found = rank(runs)
    assert found.p_values[9] < CLEAR <= min(found.p_values[:9])
    assert found.differences[found.best].difference == 0


def test_trainings_on_groups_need_twenty_of_them() -> None:
    one = {str(n): n >= 40 for n in range(190)}
    other = dict.fromkeys(one, True)
    few, many = ({str(n): n % groups for n in range(190)} for groups in (19, 38))
    assert not rank([one, other], few).has_intervals
    assert rank([one, other], few).p_values == [1.0, 1.0]
    assert rank([one, other], many).p_values[0] < CLEAR
    in_one_go = {str(n): n // 5 for n in range(190)}  # its mistakes are those of eight groups
    spread_out, together = (paired(one, other, groups) for groups in (many, in_one_go))
    assert together.high - together.low > 1.3 * (spread_out.high - spread_out.low)


def test_differences_on_groups_are_seldom_called_clear_by_chance() -> None:
    dice, wrongly = np.random.default_rng(0), 0
    for _ in range(WORLDS):
        group = np.repeat(np.arange(30), 8)
        luck = dice.standard_normal((2, 30))[:, group] + dice.standard_normal((2, 240))
        one, other = ({str(n): bool(hit) for n, hit in enumerate(row)} for row in luck < 1)
        wrongly += paired(one, other, {str(n): int(group[n]) for n in range(240)}).is_clear
    assert wrongly / WORLDS <= 0.08
