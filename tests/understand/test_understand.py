"""Answers against labels, as anybody's arrays: what is right, how sure that is, what to believe."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.conftest import campaign, rendered
from whatsit.classifier import minima
from whatsit.errors import WhatsitError
from whatsit.heat_map import HeatMap, scaled
from whatsit.i18n import speaking
from whatsit.novelty import Novelty
from whatsit.probabilities import softmax
from whatsit.understand.calibration import Reliability, fit_temperature
from whatsit.understand.components import components
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.metrics import evaluate, wilson
from whatsit.understand.novelty import LANDMARKS, fit_novelty, threshold_of
from whatsit.understand.principal import principal
from whatsit.understand.selective import Selective

CLASSES = ["black", "grizzly", "teddy"]
LABELS = np.array([0, 0, 1, 1, 2, 2])
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.0, 0.1, 0.9], [0.98, 0.02, 0.0]]
)


def bears(**more: Any) -> Interpretation:
    return Interpretation(CLASSES, LABELS, PROBABILITIES, **more)


def test_every_picture_has_its_split_label_prediction_probability_and_loss() -> None:
    answer = bears(split="test", paths=[Path(f"{n}.jpg") for n in range(6)])[1]
    assert (answer.split, answer.label, answer.prediction, answer.path) == (
        "test",
        "black",
        "grizzly",
        Path("1.jpg"),
    )
    assert answer.probability == 0.6
    assert answer.loss == pytest.approx(-np.log(0.3))
    assert not answer.is_right
    assert answer.title == "grizzly/black\n1.20 / 0.30"
    assert len(list(bears())) == len(bears()) == 6
    assert str(bears()).startswith("Right on 3 of 6 pictures: 50.0% (95% interval 18.8% to 81.2%)")
    with speaking("zh"):
        assert str(bears()).startswith("6 张图片中答对 3 张：50.0%（95% 置信区间 18.8%～81.2%）。最常见的")
        assert repr(bears()).startswith("<Interpretation: Right on 3 of 6 pictures")


def test_top_losses_are_sorted_and_all_of_them_without_a_number() -> None:
    losses, places = bears().top_losses(2)
    assert places.tolist() == [5, 1]
    losses, places = bears().top_losses()
    assert len(places) == 6
    assert (np.diff(losses) <= 0).all()
    assert np.isfinite(losses).all(), "a probability of 0 is a large loss, and still a number"


def test_most_confused_counts_mistakes_from_a_least_number_on() -> None:
    twice = evaluate(np.array([0, 0, 1]), np.eye(2)[[1, 1, 0]].astype(np.float32), ["a", "b"])
    assert twice.most_confused() == [("a", "b", 2), ("b", "a", 1)]
    assert twice.most_confused(min=2) == [("a", "b", 2)]
    assert bears().most_confused(2) == []
    assert bears().confusion_matrix().tolist() == [[1, 1, 0], [1, 1, 0], [1, 0, 1]]


def test_every_share_of_a_class_has_an_interval_around_it() -> None:
    for row in bears().evaluation.per_class().values():
        for name in ("precision", "recall", "f1"):
            low, high = row["intervals"][name]
            assert 0 <= low <= row[name] <= high <= 1
    row = evaluate(np.zeros(100, int), np.eye(2)[[0] * 80 + [1] * 20].astype(np.float32), ["a", "b"])
    assert row.per_class()["a"]["intervals"]["recall"] == wilson(80, 100)
    never = row.per_class()["b"]["intervals"]
    share = wilson(0, 20)[1]
    assert never == {"precision": (0, share), "recall": (0, 1), "f1": (0, 2 * share / (1 + share))}


def test_f1_interval_holds_the_true_value_about_95_times_of_100() -> None:
    dice = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        labels = (dice.random(200) < 0.5).astype(np.int64)
        said = np.where(dice.random(200) < 0.8, labels, 1 - labels)  # its F1 is 0.8
        low, high = evaluate(labels, np.eye(2, dtype=np.float32)[said], ["a", "b"]).per_class()["a"][
            "intervals"
        ]["f1"]
        held += low <= 0.8 <= high
    assert 0.92 <= held / 400 <= 0.99


@pytest.mark.parametrize(
    ("labels", "probabilities", "more", "reason"),
    [
        ([0, 1], [[0.5, 0.5, 0.5]] * 2, {}, "do not sum to 1"),
        ([0, 1], [[3.0, -1.0, -1.0]] * 2, {}, "do not sum to 1"),
        ([0, 1], [[np.nan, 0.5, 0.5]] * 2, {}, "are not finite numbers"),
        ([0, 1], [[0.5, 0.5]] * 2, {}, "shape"),
        ([0, 1, 2], [[1.0, 0.0, 0.0]] * 2, {}, "shape"),
        ([0, 3], [[1.0, 0.0, 0.0]] * 2, {}, "labels must be positions in classes"),
        ([0.5, 1.0], [[1.0, 0.0, 0.0]] * 2, {}, "labels must be positions in classes"),
        ([], np.empty((0, 3)), {}, "no pictures"),
        ([[0], [1]], [[1.0, 0.0, 0.0]] * 2, {}, "labels has the shape"),
        ([0, 1], [[1.0, 0.0], [1.0, 0.0, 0.0]], {}, "not tables of numbers"),
        ([0, 1], [["a", "b", "c"]] * 2, {}, "not tables of numbers"),
        (None, [[1.0, 0.0, 0.0]] * 2, {}, "labels has the shape"),
        ([0, 1], [[1.0, 0.0, 0.0]] * 2, {"features": [np.nan, 1.0]}, "features must be a table"),
        ([0, 1], [[1.0, 0.0, 0.0]] * 2, {"paths": [Path("a")]}, "paths has 1 row, but"),
        (
            [0, 1],
            [[1.0, 0.0, 0.0]] * 2,
            {"features": np.zeros((3, 4))},
            "features has 3 rows, but",
        ),
    ],
)
def test_arrays_that_are_no_answers_are_refused_in_words(
    labels: Any, probabilities: Any, more: Any, reason: str
) -> None:
    with pytest.raises(WhatsitError, match=reason):
        Interpretation(CLASSES, labels, probabilities, **more)


def test_answers_may_come_as_lists_and_a_class_may_have_no_picture() -> None:
    found = Interpretation(CLASSES, [0, 0], [[1.0, 0.0, 0.0], [0.2, 0.8, 0.0]])  # type: ignore[arg-type]
    assert found.evaluation.accuracy == 0.5
    assert found.evaluation.per_class()["teddy"]["images"] == 0
    assert found.reliability.ece >= 0


def test_confusion_matrix_says_its_split_and_shows_the_30_most_confused_of_1000_classes() -> None:
    classes = [f"class {number}" for number in range(1000)]
    labels = np.arange(1000)
    said = np.eye(1000)[np.where(labels < 40, (labels + 1) % 40, labels)]
    many = Interpretation(classes, labels, said, "test")
    shown, left_out = many.evaluation.most_confused_classes()
    assert len(shown) == 30
    assert set(shown) <= set(range(40))
    assert left_out == 970
    title = many.plot_confusion_matrix().axes[0].get_title("left")
    assert "1,000 test pictures" in title
    assert "30 most confused of 1,000 classes" in title


def test_confusion_matrix_is_drawn_as_counts_or_as_shares() -> None:
    counts = [text.get_text() for text in bears().plot_confusion_matrix().axes[0].texts]
    assert counts == ["1"] * 6
    shares = [text.get_text() for text in bears().plot_confusion_matrix(normalize=True).axes[0].texts]
    assert shares == ["0.50"] * 6
    assert "6 validation pictures" in bears(split="valid").plot_confusion_matrix().axes[0].get_title("left")


def test_top_losses_are_drawn_with_the_titles_of_the_lesson(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        rendered(number).save(path)

    def explain(path: Path, label: str) -> HeatMap:
        pixels = np.zeros((32, 32, 3), np.uint8)
        return HeatMap(label, pixels, np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32))

    figure = bears(split="valid", paths=paths, explain=explain).plot_top_losses(4)
    assert "prediction / actual / loss / probability" in figure.get_suptitle()
    assert "validation pictures" in figure.get_suptitle()
    assert figure.axes[0].get_title() == "black/teddy\n27.63 / 0.00"
    assert [text.get_text() for text in figure.axes[0].texts] == ["✗"]
    assert (
        bears(paths=paths).plot_top_losses(4, heatmap=False).axes[1].get_title().startswith("grizzly/black")
    )
    with pytest.raises(WhatsitError, match="paths are not known"):
        bears().plot_top_losses()


# Calibration


def told_truly(images: int, sharpness: float = 3.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits whose probabilities are exactly true."""
    dice = np.random.default_rng(1)
    logits = dice.normal(0, sharpness, (images, 5))
    chance = softmax(logits).cumsum(1)
    return logits, (dice.random((images, 1)) > chance[:, :-1]).sum(1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 4.0])
def test_temperature_is_found_again(temperature: float) -> None:
    logits, labels = told_truly(4000)
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.06)


def test_temperature_stays_near_1_where_few_pictures_say_little() -> None:
    assert fit_temperature(np.eye(3) * 5, np.arange(3)) > 0.5, "three that are right prove no certainty"
    assert fit_temperature(np.empty((0, 3)), np.empty(0, int)) == 1.0
    assert fit_temperature(np.array([[9.0, 0.0]] * 30), np.ones(30, int)) < 20, "it ends somewhere"


@given(st.floats(0.3, 3), st.integers(0, 100))
@campaign(200)
def test_temperature_changes_no_answer(temperature: float, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 3, (20, 4))
    assert (softmax(logits, temperature).argmax(1) == logits.argmax(1)).all()
    assert softmax(logits, temperature).sum(1) == pytest.approx(1)


def test_calibration_error_of_true_probabilities_is_what_chance_brings() -> None:
    logits, labels = told_truly(341, sharpness=1.5)
    found = Reliability.of(softmax(logits), labels)
    mean, most = found.chance
    assert 0.02 < mean < 0.06, "about 0.04 on 341 pictures"
    assert mean < most
    assert found.ece < most
    assert found.is_believable
    assert "when it is 90% sure, it is right about 90% of the time" in str(found)


def test_calibration_error_of_boasting_is_beyond_chance() -> None:
    logits, labels = told_truly(341, sharpness=1.5)
    boasting = Reliability.of(softmax(logits * 4), labels)
    assert not boasting.is_believable
    assert "Don't take" in str(boasting)
    assert "too few pictures to tell" in str(Reliability(np.array([0.9, 0.8]), np.array([True, True])))
    assert fit_temperature(logits * 4, labels) == pytest.approx(4, rel=0.25)


def test_calibration_error_is_the_mean_distance_of_confidence_and_accuracy() -> None:
    found = Reliability(np.array([0.95, 0.95, 0.65, 0.65]), np.array([True, True, True, False]))
    assert [(one.images, one.confidence, one.accuracy) for one in found.bins] == [
        (2, 0.65, 0.5),
        (2, 0.95, 1.0),
    ]
    assert found.ece == pytest.approx((2 * 0.15 + 2 * 0.05) / 4)
    assert "calibration error 0.100" in found.plot().axes[0].get_title("left")
    assert Reliability(np.array([1.0]), np.array([True])).ece == 0


# Not sure


def test_keeping_silent_trades_answers_for_right_ones() -> None:
    logits, labels = told_truly(2000, sharpness=1.5)
    found = Selective.of(softmax(logits), labels)
    answered, accuracy = found.at(0.0)
    assert answered == 1
    assert found.at(0.9)[0] < answered
    assert found.at(0.9)[1] > accuracy
    minimum = found.minimum_for(0.9)
    assert minimum is not None
    assert found.interval(minimum)[0] >= 0.9
    assert found.minimum_for(0.0) == 0
    assert "min_probability=0.9" in str(found)
    assert found.plot().axes[0].get_xlabel() == "share of pictures answered"


def test_minimum_that_was_chosen_on_some_pictures_holds_on_others() -> None:
    held = []
    for seed in range(60):
        dice = np.random.default_rng(seed)
        logits = dice.normal(0, 2.5, (1200, 5))
        labels = (dice.random((1200, 1)) > softmax(logits).cumsum(1)[:, :-1]).sum(1)
        chosen = Selective.of(softmax(logits[:300]), labels[:300]).minimum_for(0.8)
        if chosen is not None:
            held.append(Selective.of(softmax(logits[300:]), labels[300:]).at(chosen)[1])
    assert len(held) > 30
    assert np.mean(np.array(held) >= 0.8) > 0.9


def test_accuracy_that_is_never_reached_has_no_minimum() -> None:
    wrong = Selective.of(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([1, 1]))
    assert wrong.minimum_for(0.5) is None


def test_minimum_may_be_one_for_all_or_by_class() -> None:
    assert minima(0.5, CLASSES).tolist() == [0.5] * 3
    assert minima({"teddy": 0.9}, CLASSES).tolist() == [0, 0, 0.9]
    with pytest.raises(WhatsitError, match='no class "panda"'):
        minima({"panda": 0.9}, CLASSES)
    with pytest.raises(WhatsitError, match=r"A probability must be from 0 to 1, not 1\.5"):
        minima(1.5, CLASSES)
    with pytest.raises(WhatsitError, match="True is not a probability"):
        minima(True, CLASSES)
    with pytest.raises(WhatsitError, match="'much' is not a probability"):
        minima("much", CLASSES)  # type: ignore[arg-type]


# Novelty


def clouds(images: int, classes: int = 3, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features in a cloud for each class, none of them negative."""
    dice = np.random.default_rng(seed)
    centers = np.random.default_rng(99).gamma(0.5, 1, (classes, 64))
    labels = np.arange(images) % classes
    return np.float32(centers[labels] * dice.gamma(8, 1 / 8, (images, 64))), labels


def test_novelty_is_low_for_what_was_learnt_and_high_for_other_things() -> None:
    known = fit_novelty(*clouds(300), 3)
    same = known.score(clouds(60, seed=1)[0])
    strange = known.score(np.float32(np.random.default_rng(5).gamma(0.5, 1, (60, 64))))
    assert same.max() < strange.min()
    assert 0 <= same.min() <= strange.max() <= 1


def test_novelty_survives_its_bytes_and_the_same_pictures_give_the_same() -> None:
    known = fit_novelty(*clouds(200), 3)
    record, data = known.to_bytes()
    again = Novelty.from_bytes(json.loads(json.dumps(record)), data)
    features, _ = clouds(50, seed=2)
    assert again.score(features) == pytest.approx(known.score(features), abs=1e-6)
    assert fit_novelty(*clouds(200), 3).to_bytes()[1] == data


@pytest.mark.parametrize("by", [0.0, 1e-4, 1e-2, 1.0])
def test_bundle_gives_the_very_scores_by_which_the_threshold_was_found(by: float) -> None:
    """Also where pictures hardly differ, so that rounding is all there is."""
    features, labels = clouds(100)
    known = fit_novelty(1 + by * features, labels, 3)
    again = Novelty.from_bytes(*known.to_bytes())
    other = 1 + by * clouds(40, seed=2)[0]
    assert np.array_equal(again.score(other), known.score(other))
    one_by_one = np.concatenate([again.score(other[n : n + 1]) for n in range(40)])
    assert np.array_equal(one_by_one, again.score(other)), "a server looks at one, the training at all"


def test_threshold_is_the_smallest_score_that_is_high_enough_for_so_few_pictures() -> None:
    for count in (19, 20, 39, 100, 999):
        scores = np.random.default_rng(count).permutation(count) / count
        assert threshold_of(scores) == np.sort(scores)[math.ceil((count + 1) * 0.95) - 1]
    assert threshold_of(np.arange(18.0)) is None
    assert threshold_of(np.empty(0)) is None
    assert threshold_of(np.arange(9.0), false_alarms=0.1) == 8


def test_pictures_that_resemble_each_other_count_as_one_for_the_threshold() -> None:
    scores = np.arange(100.0)
    assert threshold_of(scores, np.arange(100)) == threshold_of(scores)
    assert threshold_of(scores, np.arange(100) // 10) is None, "ten groups say too little"
    assert threshold_of(scores, np.arange(100) // 5) == 99, "of twenty groups all have to be below"
    burst = np.r_[np.arange(50), np.full(50, 50)]
    assert threshold_of(scores, burst) == 49, "one of 51 may be above, however many pictures it has"


def test_novelty_of_ten_classes_of_lite0_takes_less_than_a_megabyte() -> None:
    dice = np.random.default_rng(0)
    features = dice.gamma(0.5, 1, (3000, 1280)).astype(np.float32)
    _, data = fit_novelty(features, np.arange(3000) % 10, 10).to_bytes()
    assert len(data) < 1_000_000


def test_novelty_of_more_pictures_than_landmarks_is_about_the_same() -> None:
    few, many = (fit_novelty(*clouds(images), 3) for images in (LANDMARKS, 3 * LANDMARKS))
    features, _ = clouds(100, seed=3)
    assert many.score(features) == pytest.approx(few.score(features), abs=0.1)


@pytest.mark.parametrize("images", [1, 2, 3])
def test_novelty_of_a_handful_of_pictures_is_a_number(images: int) -> None:
    features, labels = clouds(images)
    for known_features in (features, np.ones_like(features)):  # as different as can be, and all the same
        known = Novelty.from_bytes(*fit_novelty(known_features, labels, 3).to_bytes())
        assert np.isfinite(known.score(np.concatenate([features, 0 * features]))).all()


FIELDS = st.sampled_from(["width", "landmarks", "steepness"])


@given(st.binary(max_size=200), st.dictionaries(FIELDS, st.integers(-5, 5) | st.text() | st.none()))
@campaign(400)
def test_novelty_data_that_makes_no_sense_is_refused(noise: bytes, change: dict[str, Any]) -> None:
    record, data = fit_novelty(*clouds(30), 3).to_bytes()
    try:
        found = Novelty.from_bytes({**record, **change}, data + noise)
    except (KeyError, TypeError, ValueError):
        return
    assert not noise, "data of another length"
    assert np.isfinite(found.steepness)


# Components and heat maps


def test_components_are_the_directions_that_explain_most() -> None:
    dice = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50)
    features = dice.normal(0, 0.1, (100, 8)) + np.outer(labels, [5, 0, 0, 0, 0, 0, 0, 0])
    first, second = components(features, labels, ["cat", "dog"], 2, pictures=4)
    assert first.share > 0.9 > second.share
    ends = {str(first), f"from {first.high_labels[0]} to {first.low_labels[0]}"}
    assert ends == {"from cat to dog", "from dog to cat"}
    assert len(first.low) == len(first.high) == 4
    assert not set(first.low) & set(first.high)
    assert components(np.zeros((0, 8)), np.zeros(0, int), ["a"]) == []
    assert len(components(np.ones((5, 8)), np.zeros(5, int), ["a"], 3)) <= 1, "nothing differs"


def test_principal_components_are_those_of_the_singular_value_decomposition() -> None:
    for shape in ((30, 8), (8, 30)):
        rows = np.random.default_rng(0).normal(size=shape)
        rows -= rows.mean(0)
        _, values, vectors = np.linalg.svd(rows, full_matrices=False)
        squares, directions = principal(rows, 3)
        assert squares == pytest.approx(values[:3] ** 2)
        assert np.abs((directions * vectors[:3]).sum(1)) == pytest.approx(1, abs=1e-5)


def test_heat_lies_where_the_evidence_is(tmp_path: Path) -> None:
    evidence = np.zeros((7, 7), np.float32)
    evidence[0, 6] = 1
    found = HeatMap("bear", np.full((70, 70, 3), 100, np.uint8), evidence, scaled(evidence))
    overlay = np.asarray(found.overlay()).astype(int)
    assert overlay.shape == (70, 70, 3)
    assert overlay[5, 64].sum() > 450, "hot"
    assert (overlay[60, 5] == 100).all(), "cold: the grey picture itself"
    found.write(tmp_path / "heat.png")
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")
    assert scaled(np.full((2, 2), -3, np.float32)).max() == 0, "nothing speaks for it"


def test_calibration_of_very_many_pictures_is_quick_and_the_same() -> None:
    logits, labels = told_truly(60_000, sharpness=1.5)
    assert fit_temperature(2 * logits, labels) == pytest.approx(2, rel=0.05)
