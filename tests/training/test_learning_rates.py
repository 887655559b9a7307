"""Learning rates: what may be given, what the finder finds, and that it leaves no trace."""

import json
import math
import statistics
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import whatsit as wi
from tests.conftest import Run, campaign
from tests.listening import on_lines
from whatsit.config import Balance
from whatsit.errors import WhatsitError
from whatsit.labeled import Labeled
from whatsit.text import learning_rate
from whatsit.training import variants
from whatsit.training.batches import class_weights, oversampled
from whatsit.training.callbacks import EarlyStopping
from whatsit.training.finder import QUICK, LRFinder, sweep
from whatsit.training.heads import Heads
from whatsit.training.history import Epoch
from whatsit.training.learning_rates import spread
from whatsit.training.schedules import Constant, OneCycle
from whatsit.understand.learning_curve import LearningCurve

SIZE = 64  # pixels: enough for digits


def learner_of(folder: Path, **options: object) -> wi.Learner:
    return wi.Learner(wi.Catalog.from_folder(folder), size=SIZE, **options)  # type: ignore[arg-type]


def test_rates_are_spread_over_groups_of_layers_as_in_the_lesson() -> None:
    assert spread(3e-3, 3) == [3e-3] * 3
    assert spread(slice(3e-5, 3e-3), 3) == pytest.approx([3e-5, 3e-4, 3e-3])
    assert spread(slice(3e-4), 3) == pytest.approx([3e-5, 3e-5, 3e-4])
    assert spread([1e-5, 1e-4, 1e-3], 3) == [1e-5, 1e-4, 1e-3]
    assert spread(slice(3e-5, 3e-3), 1) == [3e-3]
    assert spread([1e-5, 1e-4, 1e-3], 1) == [1e-3]


@pytest.mark.parametrize(
    "lr", [0, -1, math.nan, math.inf, slice(None), slice(0, 1), [1e-3, -1e-3, 1e-3], [1, 2]]
)
def test_rates_that_teach_nothing_are_refused(lr: object) -> None:
    with pytest.raises(WhatsitError, match=r"A learning rate can't be|learning rates for"):
        spread(lr, 3)  # type: ignore[arg-type]


@campaign(400)
@given(st.integers(1, 200), st.floats(0.05, 0.9))
def test_one_cycle_rises_to_the_rate_and_falls_below_where_it_began(steps: int, pct: float) -> None:
    schedule = OneCycle(steps, pct_start=pct, moms=(0.95, 0.85))
    rates, momenta = zip(*(schedule.at(step) for step in range(steps)), strict=True)
    assert max(rates) <= 1 + 1e-9
    assert all(0.85 - 1e-9 <= momentum <= 0.95 + 1e-9 for momentum in momenta)
    if steps > 50:
        assert max(rates) > 0.9
        assert rates[-1] < rates[0] < 1


def test_constant_rate_is_constant() -> None:
    assert {Constant().at(step) for step in range(5)} == {(1.0, 0.95)}


def falling(rate: float) -> float:
    """A loss that falls between 1e-4 and 1e-1 and explodes beyond 1."""
    return 2.3 - 1.5 / (1 + math.exp(-2 * (math.log10(rate) + 2.5))) + (rate**2 if rate > 0.3 else 0)


@pytest.mark.parametrize("how", [(), QUICK])
def test_sweep_stops_when_the_loss_explodes_and_finds_the_slope(how: tuple[float, ...]) -> None:
    found = sweep(falling, *how)
    assert found.lrs[-1] < 10
    assert found.slope is not None
    start, end = (found.lrs[place] for place in found.slope)
    assert start < 1e-2 < end
    assert found.steep is not None
    assert 10**-3 < found.steep < 10**-1.5  # smoothing lags a little behind
    assert found.minimum == pytest.approx(min(zip(found.losses, found.lrs, strict=True))[1] / 10)
    assert found.lesson == slice(1e-4, 3e-4)
    rate = learning_rate(found.suggestion)
    assert str(found).startswith(
        f"Use a learning rate of {rate}: the loss falls while the learning rate rises from"
    )


@pytest.mark.parametrize("loss", [lambda rate: 2.3, lambda rate: 2.3 + rate, lambda rate: math.nan])
def test_loss_that_never_falls_suggests_nothing(loss: object) -> None:
    found = sweep(loss)  # type: ignore[arg-type]
    assert (found.slope, found.steep, found.minimum, found.lesson) == (None, None, None, None)
    assert "there is no suggestion" in str(found)
    if len(found.lrs):
        found.plot()


@campaign(400)
@given(st.lists(st.floats(0.01, 100), max_size=60))
def test_any_losses_give_a_suggestion_within_the_sweep_or_none(losses: list[float]) -> None:
    rates = [10 ** (-6 + n / 10) for n in range(len(losses))]
    found = LRFinder(rates, losses)
    assert found.steep is None or found.steep in rates
    str(found)


def test_lr_find_leaves_the_learner_as_it_was_bit_for_bit(digits: Path, cache: Path) -> None:
    def trained(look: bool) -> wi.Learner:
        learner = learner_of(digits, ps=0.3)
        learner.fit_one_cycle(2)
        if look:
            learner.lr_find()
        learner.fit_one_cycle(2, lr=1e-3)
        return learner

    before = repr(np.random.get_state())
    one, other = trained(False), trained(True)
    assert repr(np.random.get_state()) == before
    for name, array in one._state.layers.head.weights().items():
        assert np.array_equal(array, other._state.layers.head.weights()[name]), name
    assert [e.valid_loss for e in one.history] == [e.valid_loss for e in other.history]


def test_lr_find_suggests_rates_that_learn(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    found = learner.lr_find()
    assert found.steep is not None
    learner.fit_one_cycle(10, lr=found.steep)
    assert learner.evaluate().accuracy > 0.8


def test_decay_alone_never_makes_the_curve_of_lr_find_explode(digits: Path, cache: Path) -> None:
    """At a rate of 2 a decay of 1 turns every weight around, and above that makes it ever larger."""
    learner = learner_of(digits)
    ends = [[variants.fresh(learner, seed).lr_find(wd=wd).lrs[-1] for wd in (0.0, 1.0)] for seed in range(9)]
    ratio = statistics.median(decayed / plain for plain, decayed in ends)
    assert 0.67 < ratio < 1.5, "it explodes where the rate is too high"


def test_fit_is_constant_and_goes_on_where_one_cycle_ended(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    lines: list[str] = []
    with on_lines(lines.append):
        learner.fit_one_cycle(2, lr=slice(1e-5, 1e-3), pct_start=0.4, moms=(0.9, 0.8))
        learner.fit(1, lr=1e-3)
    assert [line.split()[0] for line in lines] == ["epoch", "1", "2", "epoch", "3"]
    assert [fit["lr"] for fit in learner._state.fits] == [1e-3, 1e-3]
    history, steps = learner.history, len(learner.history.losses) // 3
    assert len(history.losses) == len(history.lrs) == len(history.moms) == 3 * steps > 0
    assert max(history.lrs) == pytest.approx(1e-3, rel=0.1)
    assert history.lrs[0] == pytest.approx(1e-3 / 25)
    assert set(history.lrs[2 * steps :]) == {1e-3}
    assert (history.moms[0], history.moms[-1]) == (0.9, Constant.momentum)
    assert np.mean(history.losses[:steps]) == pytest.approx(history[0].train_loss)
    for options, refused in (
        ({"pct_start": 0.0}, "pct_start must be between 0 and 1, not 0.0"),
        ({"moms": (0.9, 1.5)}, r"moms must be two numbers of at least 0 and below 1, not \(0.9, 1.5\)"),
        ({"lr": -1.0}, "A learning rate can't be -1.0"),
    ):
        with pytest.raises(WhatsitError, match=refused):
            learner.fit_one_cycle(1, **options)  # type: ignore[arg-type]


def test_early_stopping_ends_when_the_error_rate_no_longer_falls(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    heard: list[Epoch] = []
    learner.fit_one_cycle(40, callbacks=[EarlyStopping(3), heard.append])
    assert 4 <= len(learner.history) == len(heard) < 40
    assert learner._state.fits[-1]["epochs"] == len(heard)
    assert "40" not in str(learner.diagnose())
    errors = [epoch.error_rate for epoch in heard]
    assert min(errors[-3:]) >= min(errors[:-3])
    assert not any(EarlyStopping(2)(epoch) for epoch in heard[:1])


def test_metrics_are_columns_and_may_be_anything_callable(digits: Path, cache: Path) -> None:
    def sevens(labels: np.ndarray, probabilities: np.ndarray) -> float:  # type: ignore[type-arg]
        return float((labels == 2).sum())

    lines: list[str] = []
    learner = learner_of(digits, metrics=["accuracy", "top_2", "f1", sevens])
    with on_lines(lines.append):
        learner.fit_one_cycle(3)
    assert lines[0].split() == [
        *("epoch", "train_loss", "valid_loss", "error_rate", "accuracy", "top_2", "f1", "sevens", "time")
    ]
    last = learner.history.epochs[-1]
    assert last.metrics["accuracy"] == pytest.approx(1 - last.error_rate)
    assert last.metrics["top_2"] >= last.metrics["accuracy"]
    assert last.metrics["sevens"] == 4
    assert learner.history.to_dict()[-1]["metrics"] == last.metrics
    with pytest.raises(WhatsitError, match='no metric "recall_at_dawn"'):
        learner_of(digits, metrics=["recall_at_dawn"])


def test_stage_is_saved_and_loaded_and_training_goes_on(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    learner.fit_one_cycle(3)
    file = learner.save("stage-1")
    assert file.name == "stage-1.safetensors"
    other = learner_of(digits).load("stage-1")
    assert np.array_equal(other.get_preds()[0], learner.get_preds()[0])
    assert other.history == learner.history
    for one in (learner, other):
        one.fit_one_cycle(2)
    assert np.array_equal(other.get_preds()[0], learner.get_preds()[0])
    assert len(other.history) == 5


def test_stage_of_another_learner_is_refused_by_name(digits: Path, cache: Path) -> None:
    catalog = wi.Catalog.from_folder(digits)
    learner = wi.Learner(catalog)
    file = learner.save("stage-1")
    with pytest.raises(WhatsitError, match="differs from this learner in its size: 224 instead of 160"):
        wi.Learner(catalog, size=160).load("stage-1")
    with pytest.raises(WhatsitError, match="in its resize mode: crop instead of pad"):
        wi.Learner(catalog, resize="pad").load("stage-1")
    with pytest.raises(WhatsitError, match=r'no checkpoint "stage-2".*The checkpoints there: stage-1'):
        learner.load("stage-2")
    for name in ("../checkpoint", "", ".x", "a/b"):
        with pytest.raises(WhatsitError, match="can't be called"):
            learner.save(name)
    (digits / "7").rename(digits / "seven")
    with pytest.raises(
        WhatsitError, match="differs from this learner in its classes: 0, 1, 7 instead of 0, 1, seven"
    ):
        wi.Learner(wi.Catalog.from_folder(digits)).load("stage-1")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    (digits / "seven").rename(digits / "7")
    with pytest.raises(WhatsitError, match="is damaged"):
        wi.Learner(wi.Catalog.from_folder(digits)).load("stage-1")


def test_small_classes_are_shown_more_often_or_count_more() -> None:
    labels = np.array([0] * 8 + [1] * 3 + [3] * 2)
    assert np.bincount(labels[oversampled(labels)]).tolist() == [8, 8, 0, 8]
    weights = class_weights(np.array([0] * 9 + [1] * 3))
    assert weights.tolist() == pytest.approx([12 / 18, 12 / 6])


@pytest.mark.parametrize("balance", ["oversample", "loss"])
def test_balance_helps_the_small_class(digits: Path, cache: Path, balance: Balance) -> None:
    for path in sorted((digits / "7").iterdir())[4:]:
        path.unlink()
    recall = {}
    for way in (None, balance):
        learner = wi.Learner(wi.Catalog.from_folder(digits, valid=0.25), size=SIZE)
        learner.fit_one_cycle(4, balance=way)
        recall[way] = float(
            learner.get_preds("train")[0][learner._state.data.of("train").labels == 2, 2].mean()
        )
    assert recall[balance] > recall[None]  # its own pictures are surer of it
    with pytest.raises(WhatsitError, match="balance can't be 'focal'"):
        learner.fit_one_cycle(1, balance="focal")  # type: ignore[arg-type]


def test_training_loss_is_plain_cross_entropy_whatever_classes_count() -> None:
    """At a rate of nearly 0 the head stays what it is, and so does its loss."""
    features = np.random.default_rng(0).standard_normal((1, 40, 8)).astype(np.float32)
    labels = np.array([[0] * 36 + [1] * 4])
    losses = []
    for weights in (None, class_weights(labels[0])):
        head = Heads(8, 2, [0])
        head.begin(0.0, weights)
        with head.in_training(np.random.default_rng(0)):
            losses.append(head.step(Labeled(features, labels), [1e-9], Constant.momentum))
    assert losses[0] == losses[1]


def test_dropout_is_only_for_learning(digits: Path, cache: Path) -> None:
    learner = learner_of(digits, ps=0.5)
    learner.fit_one_cycle(5)
    assert np.array_equal(learner.get_preds()[0], learner.get_preds()[0])
    with pytest.raises(WhatsitError, match="ps must be"):
        learner_of(digits, ps=1.0)


def curve(exponent: float, repeats: int = 5, pictures: int = 1000) -> LearningCurve:
    """Errors that really fall by a power law, 40% with 100 pictures."""
    dice = np.random.default_rng(0)
    images = [100, 200, 400, 800]
    luck = dice.random((1, repeats, pictures))
    rates = np.array([0.4 * (size / 100) ** -exponent for size in images])
    return LearningCurve(["a", "b"], images, luck < rates[:, None, None], np.arange(pictures) % 2)


@pytest.mark.parametrize("exponent", [0.1, 0.3, 0.5])
def test_power_law_is_found_and_foretells(exponent: float) -> None:
    drawn = curve(exponent)
    ahead = drawn.forecast(1600)
    assert ahead.low <= 0.4 * 16**-exponent * 1.05
    assert ahead.high >= 0.4 * 16**-exponent * 0.95
    assert ahead.low <= ahead.error_rate <= ahead.high
    needed = drawn.needed(0.4 * 16**-exponent)
    assert needed is not None
    assert needed == pytest.approx(1600, rel=0.6)
    assert "With twice as many" in str(drawn)
    drawn.plot()


def test_curve_that_does_not_fall_says_that_more_would_hardly_help() -> None:
    drawn = curve(0.0)
    assert not drawn.helps
    assert "hardly help" in str(drawn)
    assert "more than 4 times as many pictures" in drawn.tell(target=0.1)
    assert "already reached" in drawn.tell(target=0.5)


def test_curve_without_any_error_is_no_problem() -> None:
    perfect = LearningCurve(["a"], [10, 20], np.zeros((2, 3, 50), bool), np.zeros(50, int))
    assert perfect.doubled().error_rate == 0
    str(perfect)
    alone = LearningCurve(["a"], [10], np.ones((1, 3, 5), bool), np.zeros(5, int))
    assert alone.doubled().error_rate == 1


def test_learning_curve_of_a_learner_tells_of_every_class(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    drawn = learner.learning_curve(repeats=2)
    assert drawn.images == sorted(drawn.images)
    assert drawn.images[-1] == 48
    assert drawn.wrong.shape == (len(drawn.images), 2, 12)
    assert drawn.error_rates[0] >= drawn.error_rates[-1]
    assert 0 <= drawn.doubled("7").error_rate <= 1


def test_several_rates_are_tried_and_the_best_is_kept(digits: Path, command: Run, tmp_path: Path) -> None:
    run = command("train", digits, "--epochs", 3, "--lr", "1e-6,3e-3")
    assert run.returncode == 0, run.stderr
    assert "error rates on held-out training pictures" in run.stdout
    assert "keeping the learning rate of 0.003" in run.stdout
    assert "leak" not in run.stderr, "torch's libraries complain of what is left when Python ends"
    assert len(list((digits / ".whatsit" / "runs").iterdir())) >= 2
    wrong = command("train", digits, "--lr", "fast")
    assert wrong.returncode == 2
    assert "--lr fast is not a learning rate. Give a number" in wrong.stderr


def test_whatsit_lr_draws_and_train_takes_the_rate(digits: Path, command: Run, tmp_path: Path) -> None:
    result = command("lr", digits, "--save", "lr.png")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(
        "Use a learning rate of 0.003: the loss falls while the learning rate rises from"
    )
    with Image.open(tmp_path / "lr.png") as figure:
        assert figure.width > 400
    document = json.loads(command("lr", digits, "--json").stdout)
    assert len(document["lrs"]) == len(document["losses"]) > 20
    assert Path(document["figure"]).exists()
    trained = json.loads(command("train", digits, "--lr", "0.01", "--json").stdout)
    history = json.loads((Path(trained["run"]) / "history.json").read_text())
    assert {fit["lr"] for fit in history["fits"]} == {0.01}
    assert command("train", digits, "--lr", "-1").returncode == 2
