"""Which model is kept, and what such a choice costs: benchmarks/fine_tuning.py has the whole of it."""

import numpy as np
import pytest
from benchmarks.fine_tuning import RULES, simulate

from whatsit.training.automatic import flattery, is_kept
from whatsit.understand.comparison import paired


def test_rule_for_fine_tuning_loses_less_than_the_others_in_simulated_worlds() -> None:
    lost = simulate(draws=500)
    assert min(lost, key=lambda name: lost[name]) == "no more errors"
    assert lost["no more errors"] < 0.8 * lost["a standard error"]
    assert set(lost) == set(RULES)


def test_small_gain_on_many_pictures_is_taken() -> None:
    """As on 614 validation photos: 11.1% errors frozen, 10.4% fine-tuned."""
    frozen = {str(n): n >= 68 for n in range(614)}
    tuned = {str(n): 44 <= n < 594 for n in range(614)}
    gain = paired(frozen, tuned)
    assert 0 < gain.difference < gain.chance, "within chance"
    assert is_kept(gain)
    assert is_kept(paired(frozen, frozen)), "it gains a little on average"
    assert not is_kept(paired(tuned, frozen))


@pytest.mark.parametrize("disagree", [20, 80])
def test_flattery_is_what_luck_makes_of_two_models_that_are_as_good(disagree: int) -> None:
    dice, pictures = np.random.default_rng(0), 400
    flattered = []
    for _ in range(1000):
        won = dice.binomial(disagree, 0.5)
        flattered.append(max(won, disagree - won) - disagree / 2)
    first = {str(n): n >= disagree // 2 for n in range(pictures)}
    other = {str(n): not disagree // 2 <= n < disagree for n in range(pictures)}
    said = flattery(paired(first, other))
    assert said == pytest.approx(np.mean(flattered) / pictures, rel=0.1)
