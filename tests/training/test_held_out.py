"""What is asked of pictures that were held out: by which heads, and what becomes of the answers."""

import json
from dataclasses import astuple
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from benchmarks.false_alarms import BAR, EPOCHS, drawn, trained
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

import whatsit as wi
from tests.conftest import SMALL, WHOLE
from whatsit.classifier import Classifier
from whatsit.evaluation import report_folder
from whatsit.labeled import Labeled
from whatsit.probabilities import softmax
from whatsit.training import crossfit
from whatsit.training.batches import Places
from whatsit.training.crossfit import HeldOut, Unseen, hold_out
from whatsit.training.fit_heads import HeadFit, fit_heads
from whatsit.training.heads import Heads
from whatsit.training.learner import Learner

CLASSES, WIDTH = 3, 32
SEEDS = 10 if WHOLE else 3
ALTERNATE = np.arange(20) % 2


def clouds(images: int, spread: float = 1.0, seed: int = 0) -> Labeled:
    """Features around a center for each class."""
    dice = np.random.default_rng(seed)
    centers = np.random.default_rng(99).standard_normal((CLASSES, WIDTH))
    labels = np.arange(images) % CLASSES
    features = centers[labels] + spread * dice.standard_normal((images, WIDTH))
    return Labeled(features.astype(np.float32), labels)


def hashes(images: int) -> NDArray[np.void]:
    return np.frombuffer(np.arange(4 * images).tobytes(), "V32")


def unseen(images: int) -> Unseen:
    logits = np.eye(2, dtype=np.float32)[np.arange(images) % 2]
    return Unseen(
        logits, np.arange(images) / images, np.arange(images) % 2, np.arange(images), hashes(images)
    )


def error(heads: Heads, number: int, data: Labeled) -> float:
    return float((heads.logits(data.inputs, number).argmax(1) != data.labels).mean())


def test_heads_learn_together_as_well_as_each_alone_and_only_from_their_own_pictures() -> None:
    data, others = clouds(240, 2.0), clouds(600, 2.0, seed=1)
    places = [np.arange(0, 160), np.arange(80, 240)]
    together = Heads(WIDTH, CLASSES, [0, 1])
    fit_heads(together, data, places, HeadFit(20, 16))
    for number, own in enumerate(places):
        alone = Heads(WIDTH, CLASSES, [0])
        fit_heads(alone, data, [own], HeadFit(20, 16))
        assert error(together, number, others) == pytest.approx(error(alone, 0, others), abs=0.06)
        assert error(together, number, others) < 0.3

    changed = Labeled(data.inputs.copy(), data.labels)
    changed.inputs[200:] = 1e3  # on which only the second is trained
    again = Heads(WIDTH, CLASSES, [0, 1])
    fit_heads(again, changed, places, HeadFit(20, 16))
    assert np.array_equal(again.weight[0], together.weight[0])
    assert not np.array_equal(again.weight[1], together.weight[1])


def test_matrices_are_multiplied_on_one_thread_while_heads_train_only() -> None:
    def count() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if "numpy" in each["filepath"]]

    with threadpool_limits(2):
        first, second = (Heads(WIDTH, CLASSES, [0]).in_training(np.random.default_rng(0)) for _ in range(2))
        first.__enter__()
        second.__enter__()  # as of a learner in another thread
        first.__exit__(None, None, None)
        assert set(count()) == {1}
        second.__exit__(None, None, None)
        assert set(count()) == {2}


def test_every_picture_is_held_out_once_and_copies_stay_together() -> None:
    data = clouds(90)
    relatives = np.arange(90) // 3 * 3  # three of a kind
    asked: list[list[int]] = []

    def train(data: Labeled, places: list[Places]) -> Heads:
        asked.extend(here.tolist() for here in places)
        return Heads(WIDTH, CLASSES, [0] * len(places))

    found = hold_out(data, relatives, hashes(90), CLASSES, train)
    assert found.images == 90
    assert (found.contents == hashes(90)).all()
    assert np.allclose(found.probabilities.sum(1), 1, atol=2e-3)
    rest = [sorted(set(range(90)) - set(here)) for here in asked]
    assert sorted(chain.from_iterable(rest)) == list(range(90))
    for here, there in zip(asked, rest, strict=True):
        assert not set(relatives[here]) & set(relatives[there])


def test_boasting_heads_get_a_temperature_and_modest_ones_none() -> None:
    data = clouds(600, 4.0)

    def train_for(epochs: int, wd: float) -> HeldOut:
        def train(data: Labeled, places: list[Places]) -> Heads:
            trained = Heads(WIDTH, CLASSES, [0] * len(places))
            fit_heads(trained, data, places, HeadFit(epochs, 32, lr=0.1, wd=wd))
            return trained

        return hold_out(data, np.arange(600), hashes(600), CLASSES, train)

    assert train_for(60, 0.0).temperature > train_for(5, 0.5).temperature


def test_what_was_found_is_kept_for_this_head_alone(tmp_path: Path) -> None:
    found = unseen(100).held_out("train")
    crossfit.save(tmp_path, "a", found)
    kept = crossfit.load(tmp_path, 2, "a")
    assert kept is not None
    assert astuple(kept)[:5] == astuple(found)[:5]
    assert (kept.contents == hashes(100)).all()
    assert (kept.probabilities == found.probabilities).all()
    assert crossfit.load(tmp_path, 2) is not None, "of whatever head"
    assert crossfit.load(tmp_path, 2, "b") is None
    assert crossfit.load(tmp_path, 3, "a") is None, "of other classes"
    for name in (crossfit.FOUND, crossfit.KEPT):
        whole = (tmp_path / name).read_bytes()
        for damaged in (b"", b"{", b"[]", json.dumps({"of": "a", "images": 1}).encode(), whole[:-1]):
            (tmp_path / name).write_bytes(damaged)
            assert crossfit.load(tmp_path, 2, "a") is None
        (tmp_path / name).write_bytes(whole)
    crossfit.save(tmp_path / "nowhere", "a", found)  # it only saves time


def test_learner_asks_once_and_again_after_training_on(digits: Path, cache: Path) -> None:
    learner = Learner(wi.Catalog.from_folder(digits))
    learner.fit_one_cycle(2)
    first = learner.held_out
    kept = learner.run / crossfit.FOUND
    assert json.loads(kept.read_text())["temperature"] == first.temperature
    train = {item.content: item.label for item in learner.catalog["train"]}
    asked = dict(zip((one.tobytes().hex() for one in first.contents), first.probabilities, strict=True))
    assert asked.keys() == train.keys()
    right = [learner.classes[asked[content].argmax()] == label for content, label in train.items()]
    assert np.mean(right) == pytest.approx(first.accuracy)
    learner.fit_one_cycle(2)
    assert learner.held_out is not first
    assert json.loads(kept.read_text())["temperature"] == learner.held_out.temperature


@pytest.mark.usefixtures("small_weights")
def test_trained_body_is_calibrated_on_validation_pictures_and_its_page_says_so(
    digits: Path, cache: Path, tmp_path: Path
) -> None:
    learner = Learner(wi.Catalog.from_folder(digits, valid=0.4), SMALL, size=64)
    learner.fine_tune(1)
    valid = learner._state.data.of("valid")
    assert learner.held_out.split == "valid"
    assert learner.held_out.images == len(valid.labels) == 24
    page = learner.report().render()
    assert "the backbone was trained on the training pictures" in page
    assert "Each validation picture is measured with a temperature found on the other ones" in page
    assert "For a fine-tuned network this is not known" in page
    assert "The training used the errors on these validation pictures to decide" in page

    logits = learner._state.layers.head.logits(valid.inputs)
    temperatures = learner._calibration.unseen().yardsticks().temperature
    assert len(set(temperatures.tolist())) == crossfit.FOLDS
    shown = learner.interpret("valid").probabilities
    assert np.allclose(shown, softmax(logits, temperatures[:, None]))
    assert np.allclose(learner.interpret("train").probabilities.sum(1), 1)

    metrics = learner.export(tmp_path / "tuned.whatsit").metrics
    assert metrics["calibrated_on"] == "valid"
    page = report_folder(Classifier(tmp_path / "tuned.whatsit"), digits).render()
    assert "found on these same pictures" in page
    assert "Each validation picture is measured" not in page


@pytest.mark.usefixtures("small_weights")
def test_too_few_validation_pictures_give_a_trained_body_no_threshold(digits: Path, cache: Path) -> None:
    learner = Learner(wi.Catalog.from_folder(digits), SMALL, size=64)
    learner.fine_tune(1)
    assert learner.held_out.images == 12
    assert learner.novelty() is None
    assert learner._calibration.is_novel("valid") is None


def test_few_validation_pictures_give_a_threshold_that_is_not_measured(cache: Path) -> None:
    answers = unseen(20)
    assert answers.held_out("valid").threshold == 0.95
    assert np.isnan(answers.yardsticks().threshold).all()
    many = unseen(100)
    assert np.isfinite(many.yardsticks().threshold).all()


# How often known pictures are called new: benchmarks/false_alarms.py has more


def test_stated_share_of_false_alarms_holds() -> None:
    found = {case.name: float(np.mean(case.alarms)) for case in drawn(SEEDS)}
    assert {name: share for name, share in found.items() if share > BAR} == {}


@pytest.mark.soak
@pytest.mark.parametrize("epochs", EPOCHS)
def test_stated_share_of_false_alarms_holds_for_a_backbone_that_was_trained(
    epochs: int, all_digits: Path, cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "digits").symlink_to(all_digits)
    ours, held_out = np.mean([trained(tmp_path, epochs, seed) for seed in range(SEEDS)], 0)
    assert ours <= BAR
    assert held_out > ours, "held-out training pictures know more than new ones"


@pytest.mark.parametrize(("most", "taken"), [(1, 1), (7, 6), (10**6, 8)])
def test_held_out_heads_are_trained_in_few_steps_where_steps_take_long(
    digits: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, most: int, taken: int
) -> None:
    """By default four epochs of two steps."""
    learner = Learner(wi.Catalog.from_folder(digits), size=64)
    learner.fit_one_cycle(4)
    monkeypatch.setattr(
        "whatsit.training.fit_heads.MOST_WORK", most * crossfit.FOLDS * learner._state.layers.head.weight.size
    )
    steps, step = [], Heads.step
    monkeypatch.setattr(Heads, "step", lambda *words: steps.append(1) or step(*words))
    assert learner.held_out.images == learner._state.data.count("train")
    assert len(steps) == taken
