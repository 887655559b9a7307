"""Would more pictures help? Forecasts that hold what they state, also where errors fall to a floor."""

import re
from collections.abc import Callable
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import WHOLE
from tests.shown import shown
from whatsit.i18n import speaking
from whatsit.report import Report, Training
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.learning_curve import LearningCurve

SIZES = (100, 200, 400, 800)
CURVES = 100 if WHOLE else 20


def mistakes(
    expected: Callable[[float], float], dice: np.random.Generator, pictures: int, repeats: int, luck: float
) -> NDArray[np.bool_]:
    """Which validation pictures are mistaken, by size and repeat (k, repeats, pictures).

    Some pictures are harder than others, for all sizes and repeats. Which training pictures were drawn moves
    the error by the share `luck`; with all of them the repeats share them.
    """
    shared = dice.uniform(0.5, 0.95)
    hard = np.sqrt(shared) * dice.standard_normal(pictures)
    moved = luck * dice.standard_normal((len(SIZES), repeats))
    moved[-1] = moved[-1, 0]
    rates = np.array([[expected(size)] for size in SIZES]) * np.exp(moved)
    least = np.vectorize(NormalDist().inv_cdf)(1 - rates.clip(0.001, 0.95))
    noise = np.sqrt(1 - shared) * dice.standard_normal((len(SIZES), repeats, pictures))
    return np.asarray(hard + noise > least[:, :, None])


def drawn(floor: float, fall: float, now: float, pictures: int, seed: int) -> tuple[LearningCurve, float]:
    """A curve whose error is `now`, the share `floor` of it for ever; and the error with twice as many."""

    def expected(size: float) -> float:
        return min(0.95, now * ((1 - floor) * (size / SIZES[-1]) ** -fall + floor))

    dice = np.random.default_rng(seed)
    wrong = mistakes(expected, dice, pictures, 3, luck=0.05)
    return LearningCurve(["a"], SIZES, wrong, np.zeros(pictures, int)), expected(2 * SIZES[-1])


@pytest.mark.parametrize("pictures", [60, 400])
@pytest.mark.parametrize("floor", [0.0, 0.3, 0.6])
def test_forecast_of_twice_as_many_holds_the_truth(floor: float, pictures: int) -> None:
    dice, held = np.random.default_rng(3), 0
    for seed in range(CURVES):
        fall, now = dice.uniform(0.2, 0.7), dice.choice([0.03, 0.1, 0.3])
        curve, truth = drawn(floor, fall, now, pictures, seed)
        ahead = curve.doubled()
        assert ahead.low <= ahead.error_rate <= curve.error_rates[-1]
        held += ahead.low <= truth <= ahead.high
    assert held >= 0.8 * CURVES


def test_errors_that_stay_seldom_make_it_ask_for_more_pictures() -> None:
    helped = [drawn(1.0, 0.5, 0.2, 200, seed)[0].helps for seed in range(CURVES)]
    assert helped.count(True) <= 0.1 * CURVES
    assert helped.count(False) > 0


def test_errors_that_fall_make_it_ask_for_more_pictures() -> None:
    helped = [drawn(0.0, 0.5, 0.2, 400, seed)[0].helps for seed in range(CURVES)]
    assert helped.count(True) >= 0.8 * CURVES
    assert False not in helped


def test_no_number_of_pictures_beyond_four_times_those_at_hand() -> None:
    curve, truth = drawn(0.0, 0.5, 0.2, 1000, 0)
    needed = curve.needed(truth)
    assert needed is not None
    assert SIZES[-1] < needed <= 4 * SIZES[-1]
    for target in np.linspace(0, 0.3, 61):
        needed = curve.needed(target)
        assert needed is None or SIZES[-1] <= needed <= 4 * SIZES[-1]
    assert curve.needed(0.02) is None
    assert "takes more than 4 times as many pictures" in curve.tell(0.02)


def test_from_fewer_than_thirty_validation_pictures_it_is_too_few_to_tell() -> None:
    curve, _ = drawn(0.0, 0.7, 0.3, 29, 0)
    assert curve.helps is None
    assert "too few validation pictures to tell" in str(curve)
    assert "twice as many" not in str(curve)
    curve.plot()
    enough, _ = drawn(0.0, 0.7, 0.3, 30, 0)
    assert "With twice as many" in str(enough)
    short = LearningCurve(["a"], SIZES[2:], enough.wrong[2:], enough.labels)
    assert "too few training pictures to tell" in str(short)


def test_no_error_on_few_pictures_is_no_certainty() -> None:
    perfect = LearningCurve(["a"], SIZES, np.zeros((4, 3, 40), bool), np.zeros(40, int))
    ahead = perfect.doubled()
    assert (ahead.low, ahead.error_rate) == (pytest.approx(0, abs=1e-3), 0)
    assert 0.03 < ahead.high < 0.07  # Jeffreys' 95th percentile of 0 in 40 is 0.047
    assert perfect.helps is None


def test_class_is_named_only_where_more_pictures_would_nearly_surely_help() -> None:
    falling, _ = drawn(0.0, 0.6, 0.4, 300, 1)
    steady, _ = drawn(1.0, 0.6, 0.2, 300, 2)
    both = LearningCurve(
        ["falls", "stays"],
        SIZES,
        np.concatenate([falling.wrong, steady.wrong], 2),
        np.repeat([0, 1], 300),
    )
    assert str(both).endswith("More pictures would probably help, most of all for falls.")


def test_what_it_promises_and_its_interval_agree() -> None:
    verdicts = set()
    for seed, (floor, now) in product(range(CURVES), [(0.0, 0.2), (0.6, 0.1), (1.0, 0.1)]):
        curve, _ = drawn(floor, 0.5, now, 120, seed)
        reported = str(curve)
        found = re.search(r"avoid (\d+)% of its errors \(90% interval: (\d+)% to (\d+)%\)\. (.*)$", reported)
        assert found, reported
        share, low, high = map(int, found.groups()[:3])
        assert low <= share <= high
        verdict = found[4]
        verdicts.add(verdict)
        if "would probably help" in verdict:
            assert low >= 5, reported
        elif low < 5 <= share:
            assert "can't show" in verdict, reported
    assert len(verdicts) >= 3
    perfect = LearningCurve(["a"], SIZES, np.zeros((4, 3, 40), bool), np.zeros(40, int))
    assert str(perfect).endswith("so these pictures can't show whether more would help.")


def test_more_classes_than_anybody_looks_at_take_no_longer() -> None:
    curve, _ = drawn(0.0, 0.5, 0.3, 4000, 0)
    many = LearningCurve([str(n) for n in range(1000)], SIZES, curve.wrong, np.arange(4000) % 1000)
    assert "With twice as many" in str(many)


def test_the_whole_is_told_in_chinese_too() -> None:
    curve, _ = drawn(0.0, 0.5, 0.3, 60, 0)
    with speaking("zh"):
        reported = curve.tell(0.02)
    assert re.match(r"用 [\d,]+ 张图片训练，错误率是 [\d.]+%。图片加倍后，大约能减少 \d+% 的错误（", reported)
    assert re.search(r"。要把错误率降到 2\.0%，需要的图片超过现有的 4 倍，.+。$", reported)
    assert reported.count("。") == len(curve.messages(0.02))


@pytest.mark.parametrize(
    ("lang", "few", "then"),
    [
        ("en", "Too few to tell: 20 of 20 right.", "twice as many"),
        ("zh", "图片太少，无法判断：20 张中答对 20 张。", "图片加倍后"),
    ],
)
def test_report_says_too_few_or_what_twice_as_many_would_bring(lang: str, few: str, then: str) -> None:
    epochs = [{"epoch": 1, "train_loss": 1.0, "valid_loss": 1.0, "error_rate": 0.3}]
    for pictures in (20, 60):
        found = Interpretation(["a", "b"], labels := np.arange(pictures) % 2, np.eye(2)[labels], "valid")
        curve, _ = drawn(0.0, 0.5, 0.3, pictures, 0)
        page = Report("x", [found], training=Training(epochs, None, curve)).render(lang)
        assert (few in shown(page), then in shown(page)) == (
            (True, False) if pictures == 20 else (False, True)
        )


def test_forecast_from_groups_of_pictures_holds_the_truth_and_needs_thirty_of_them() -> None:
    held, narrow = 0, 0
    for seed in range(CURVES):
        # Each of 60 groups has 6 pictures that are mistaken together.
        curve, truth = drawn(0.3, 0.4, 0.2, 60, seed)
        groups = np.repeat(np.arange(60), 6)
        many = LearningCurve(["a"], SIZES, curve.wrong[:, :, groups], np.zeros(360, int), groups)
        ahead = many.doubled()
        held += ahead.low <= truth <= ahead.high
        alone = LearningCurve(["a"], SIZES, many.wrong, many.labels).doubled()
        narrow += alone.high - alone.low < ahead.high - ahead.low
    assert held >= 0.8 * CURVES
    assert narrow == CURVES
    few = LearningCurve(["a"], SIZES, many.wrong[:, :, :174], many.labels[:174], groups[:174])
    assert "too few groups of validation pictures to tell" in str(few)
