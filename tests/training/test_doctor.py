"""The doctor on the lesson's own tables, on trainings that really went wrong, and on many that went well."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import whatsit as wi
from tests.conftest import WHOLE, Run
from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.labeled import Labeled
from whatsit.probabilities import softmax
from whatsit.training.batches import FeatureBatches
from whatsit.training.doctor import Diagnosis, diagnose
from whatsit.training.heads import Heads
from whatsit.training.history import Epoch, History
from whatsit.training.hooks import Validation
from whatsit.training.loop import Plan, fit
from whatsit.training.schedules import OneCycle
from whatsit.understand.metrics import Evaluation, evaluate

BEARS = 141  # validation pictures of the lesson, and 546 where it kept a tenth of all to learn from
FROZEN = [
    (0.710584, 0.087024, 0.021277), (0.414239, 0.045413, 0.014184), (0.306174, 0.035602, 0.014184),
    (0.239355, 0.035230, 0.021277),
]  # fmt: skip
UNFROZEN = [(0.107059, 0.056375, 0.028369), (0.070725, 0.041957, 0.014184)]
RATE_05 = [(12.220007, 1144188288.0, 0.765957)]
RATE_1E_5 = [
    (1.349151, 1.062807, 0.609929), (1.373262, 1.045115, 0.546099), (1.346169, 1.006288, 0.468085),
    (1.334486, 0.978713, 0.453901), (1.320978, 0.978108, 0.446809),
]  # fmt: skip
ONE_EPOCH = [(0.602823, 0.119616, 0.049645)]
FORTY = [
    (1.513021, 1.041628, 0.507326), (1.290093, 0.994758, 0.443223), (1.185764, 0.936145, 0.410256),
    (1.117229, 0.838402, 0.322344), (1.022635, 0.734872, 0.252747), (0.951374, 0.627288, 0.192308),
    (0.916111, 0.558621, 0.184982), (0.839068, 0.503755, 0.177656), (0.749610, 0.433475, 0.144689),
    (0.678583, 0.367560, 0.124542), (0.615280, 0.327029, 0.100733), (0.558776, 0.298989, 0.095238),
    (0.518109, 0.266998, 0.084249), (0.476290, 0.257858, 0.084249), (0.436865, 0.227299, 0.067766),
    (0.457189, 0.236593, 0.078755), (0.420905, 0.240185, 0.080586), (0.395686, 0.255465, 0.082418),
    (0.373232, 0.263469, 0.080586), (0.348988, 0.258300, 0.080586), (0.324616, 0.261346, 0.080586),
    (0.311310, 0.236431, 0.071429), (0.328342, 0.245841, 0.069597), (0.306411, 0.235111, 0.064103),
    (0.289134, 0.227465, 0.069597), (0.284814, 0.226022, 0.064103), (0.268398, 0.222791, 0.067766),
    (0.255431, 0.227751, 0.073260), (0.240742, 0.235949, 0.071429), (0.227140, 0.225221, 0.075092),
    (0.213877, 0.214789, 0.069597), (0.201631, 0.209382, 0.062271), (0.189988, 0.210684, 0.065934),
    (0.181293, 0.214666, 0.073260), (0.184095, 0.222575, 0.073260), (0.194615, 0.229198, 0.076923),
    (0.186165, 0.218206, 0.075092), (0.176623, 0.207198, 0.062271), (0.166854, 0.207256, 0.065934),
    (0.162692, 0.206044, 0.062271),
]  # fmt: skip


def epochs(rows: Sequence[tuple[float, float, float]]) -> list[Epoch]:
    return [Epoch(number, *row, 1.0) for number, row in enumerate(rows, 1)]


def signs(diagnosis: Diagnosis) -> list[str]:
    return [finding.sign for finding in diagnosis.findings]


@pytest.mark.parametrize(
    ("rows", "images", "found"),
    [
        (FROZEN, BEARS, []),
        (UNFROZEN, BEARS, []),
        (RATE_05, BEARS, ["lr_too_high"]),
        (RATE_1E_5, BEARS, ["lr_too_low"]),
        (ONE_EPOCH, BEARS, ["too_few_epochs"]),
        (FORTY, 546, []),
    ],
    ids=["4 epochs", "2 unfrozen", "rate 0.5", "rate 1e-5", "1 epoch", "40 epochs"],
)
def test_tables_of_the_lesson(rows: list[tuple[float, float, float]], images: int, found: list[str]) -> None:
    diagnosis = diagnose(epochs(rows), 3, images)
    assert signs(diagnosis) == found
    assert diagnosis.is_healthy is not found


def test_the_advice_is_that_of_the_lesson() -> None:
    assert "Start a new training with a tenth of the learning rate" in str(
        diagnose(epochs(RATE_05), 3, BEARS)
    )
    assert "ten times the learning rate" in str(diagnose(epochs(RATE_1E_5), 3, BEARS))
    assert "Train for more epochs" in str(diagnose(epochs(ONE_EPOCH), 3, BEARS))
    assert "1,144,188,288" in str(diagnose(epochs(RATE_05), 3, BEARS))


def test_training_on_is_described_with_the_epochs_before() -> None:
    continued = diagnose(epochs(UNFROZEN), 3, BEARS, before=epochs(FROZEN))
    assert str(continued.summary) == (
        "After 2 more epochs the error rate on 141 validation pictures went from 2.1% to 1.4%, "
        "the lowest of this training."
    )
    worse = diagnose(epochs([(0.2, 0.9, 0.4)]), 3, BEARS, before=epochs(FROZEN))
    assert "141 validation pictures went from 2.1% to 40.0%; the lowest was 1.4%" in str(worse.summary)
    first, *on = epochs([(0.7, 0.1, 0.05), (0.6, 0.1, 0.05)])
    assert signs(diagnose([first], 3, BEARS)) == ["too_few_epochs"]
    assert signs(diagnose(on, 3, BEARS, before=[first])) == [], "it is not a single epoch, and nothing falls"


def test_losses_that_are_not_numbers_show_nothing_of_overfitting() -> None:
    assert str(diagnose(epochs([(math.nan, math.nan, 0.6)]), 3, BEARS).overfitting).startswith("This can't")


def test_training_loss_below_validation_loss_is_never_called_overfitting() -> None:
    forty = diagnose(epochs(FORTY), 3, 546)
    assert forty.is_healthy
    assert str(forty.overfitting).startswith("No.")
    assert "well-trained model" in str(forty.overfitting)
    assert "more epochs may help" in str(diagnose(epochs(FROZEN), 3, BEARS).overfitting)


def test_error_rate_that_gets_better_and_then_worse_beyond_chance_is() -> None:
    errors = (0.20, 0.10, 0.10, 0.18, 0.24, 0.25)
    turned = epochs([(0.5 - n / 12, 0.4 + n / 12, error) for n, error in enumerate(errors)])
    assert signs(diagnose(turned, 3, 400)) == ["too_many_epochs"]
    assert str(diagnose(turned, 3, 400).overfitting).startswith("Yes. Too many epochs")
    assert signs(diagnose(turned, 3, 20)) == ["few_validation_pictures"]  # it may be chance


def test_few_validation_pictures_are_counted_in_points() -> None:
    (finding,) = diagnose(epochs(FROZEN), 3, 30).findings
    assert (
        "only 30 validation pictures: each one changes the error rate by 3.3 percentage points"
        in finding.what
    )


def test_losses_that_are_no_numbers_are_a_rate_too_high() -> None:
    for loss in (math.nan, math.inf):
        assert signs(diagnose(epochs([(0.5, 0.5, 0.2), (loss, loss, 0.9)]), 3, 200)) == ["lr_too_high"]
        assert signs(diagnose(epochs([(0.5, loss, 0.9), (0.5, 0.6, 0.2)]), 3, 200)) == ["lr_too_high"]


def test_training_loss_far_above_guessing_is_a_rate_too_high() -> None:
    (finding,) = diagnose(epochs([(5.65, 0.84, 0.249)]), 10, 341).findings  # the shared photos, rate 0.5
    assert finding.sign == "lr_too_high"
    assert "the training loss reached 5.65; guessing gives 2.30" in finding.what


def test_loss_that_stays_at_guessing_is_no_learning() -> None:
    stuck = [(1.11, 1.10, 0.66), (1.10, 1.10, 0.67), (1.10, 1.10, 0.66), (1.10, 1.10, 0.66)]
    assert signs(diagnose(epochs(stuck), 3, 200)) == ["no_learning"]
    assert signs(diagnose(epochs(stuck), 3, 200, lr=1e-5)) == ["lr_too_low"]
    by_heart = [(1.0, 1.1, 0.66), (0.4, 1.3, 0.65), (0.1, 1.6, 0.66)]
    assert "memorizes" in str(diagnose(epochs(by_heart), 3, 200))


def test_every_finding_is_in_chinese_with_its_numbers() -> None:
    wrong = confused([[40, 0, 0], [1, 2, 37], [0, 0, 40]])
    for rows, evaluation in ((RATE_05, None), (RATE_1E_5, None), (ONE_EPOCH, None), (FROZEN, wrong)):
        for finding in diagnose(epochs(rows), 3, 30, evaluation).findings:
            text = finding.message.text("zh")
            assert text.isascii() is False
            numbers = re.findall(r"\d[\d,.%]*\d", finding.message.what("en"))
            assert numbers, finding.message
            assert [number for number in numbers if number not in text] == []


def test_findings_are_recorded_by_code_and_values() -> None:
    diagnosis = diagnose(epochs(ONE_EPOCH), 3, 30)
    recorded = json.loads(json.dumps(diagnosis.to_record(), allow_nan=False))
    assert recorded[0] == [
        "too_few_epochs",
        {"code": "doctor.single_epoch", "values": {"train": 0.602823}},
        "",
    ]
    assert [Message.from_dict(one) for _, one, _ in recorded] == [one.message for one in diagnosis.findings]


def test_nothing_trained_is_no_patient() -> None:
    with pytest.raises(ValueError, match="nothing was trained"):
        diagnose([], 3, 100)


def confused(rows: list[list[int]]) -> Evaluation:
    return Evaluation(["black", "grizzly", "teddy"], np.array(rows))


@pytest.mark.parametrize(
    ("rows", "found", "words"),
    [
        (
            [[40, 0, 0], [40, 0, 0], [40, 0, 0]],
            "one_class_for_all",
            "predicts black for nearly every picture",
        ),
        (
            [[40, 0, 0], [1, 2, 37], [0, 0, 40]],
            "class_never_recognized",
            "of 40 pictures it classifies 37 as teddy",
        ),
        ([[60, 0, 0], [1, 59, 0], [0, 0, 0]], "class_not_measured", "no validation pictures of teddy"),
    ],
)
def test_classes_that_fare_badly_are_named(rows: list[list[int]], found: str, words: str) -> None:
    diagnosis = diagnose(epochs(FROZEN), 3, 120, confused(rows))
    assert signs(diagnosis) == [found]
    assert words in str(diagnosis)


# --- really trained ---


@pytest.fixture(scope="module")
def photos(clothing: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Labeled]:
    """The features of the shared photos, computed once."""
    catalog = wi.Catalog.from_folder(clothing, project=tmp_path_factory.mktemp("project"))
    learner = wi.Learner(catalog, size=128)
    return {"train": learner._state.data.of("train"), "valid": learner._state.data.of("valid")}


def some(data: Labeled, classes: Sequence[int], most: int | None = None, seed: int = 0) -> Labeled:
    """The pictures of some classes, at most `most` of each."""
    dice = np.random.default_rng(seed)
    places = [dice.permutation(np.flatnonzero(data.labels == label))[:most] for label in classes]
    labels = np.repeat(np.arange(len(classes)), [len(found) for found in places])
    return Labeled(data.inputs[np.concatenate(places)], labels)


def trained(
    train: Labeled, valid: Labeled, epochs: int, lr: float, seed: int = 0, wd: float = 1.0
) -> Diagnosis:
    classes = int(train.labels.max()) + 1
    head = Heads(train.inputs.shape[1], classes, [seed])
    bs = 32 if len(train.labels) >= 500 else 16
    batches = FeatureBatches(train.inputs, train.labels, bs, [np.arange(len(train.labels))])
    history = History()
    validation = Validation(lambda: Labeled(head.logits(valid.inputs), valid.labels), {}, history)
    head.begin(wd)
    fit(head, batches, Plan(epochs, OneCycle(epochs * batches.steps), [lr], seed), [validation])
    probabilities = softmax(head.logits(valid.inputs))
    evaluation = evaluate(valid.labels, probabilities, [str(n) for n in range(classes)])
    return diagnose(history.epochs, classes, len(valid.labels), evaluation, lr)


def enough(train: Labeled) -> int:
    """As many epochs as `Learner.default_epochs` takes."""
    steps = max(1, len(train.labels) // (32 if len(train.labels) >= 500 else 16))
    return max(4, min(30, round(800 / steps)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("classes", [3, 10])
def test_real_trainings_that_went_wrong_are_told_apart(
    photos: dict[str, Labeled], seed: int, classes: int
) -> None:
    chosen = np.random.default_rng(seed).permutation(10)[:classes].tolist()
    train, valid = some(photos["train"], chosen, 60, seed), some(photos["valid"], chosen)
    assert "lr_too_high" in signs(trained(train, valid, 4, 10.0, seed))
    assert "lr_too_low" in signs(trained(train, valid, 5, 1e-6, seed))
    assert "too_few_epochs" in signs(trained(train, valid, 1, 1e-3, seed))
    assert trained(train, valid, enough(train), 3e-3, seed).is_healthy


@pytest.mark.parametrize("seed", range(3))
def test_real_overfitting_to_wrong_labels_is_seen(photos: dict[str, Labeled], seed: int) -> None:
    """Half of the labels are wrong: with time they are memorized, and the error rate turns."""
    train, valid = photos["train"], photos["valid"]
    dice = np.random.default_rng(seed)
    wrong = dice.random(len(train.labels)) < 0.5
    labels = np.where(wrong, dice.integers(10, size=len(train.labels)), train.labels)
    assert "too_many_epochs" in signs(trained(Labeled(train.inputs, labels), valid, 40, 3e-3, seed, wd=0.0))


@pytest.mark.parametrize("seed", range(2))
def test_labels_that_mean_nothing_are_no_learning(photos: dict[str, Labeled], seed: int) -> None:
    train, valid = some(photos["train"], range(4)), some(photos["valid"], range(4))
    order = np.random.default_rng(seed).permutation(len(train.labels))
    shuffled = Labeled(train.inputs, train.labels[order])
    assert "no_learning" in signs(trained(shuffled, valid, 20, 3e-3, seed, wd=0.0))


HEALTHY = 100 if WHOLE else 10


def test_healthy_trainings_draw_hardly_any_alarm(photos: dict[str, Labeled]) -> None:
    alarms: Counter[str] = Counter()
    dice = np.random.default_rng(1)
    for number in range(HEALTHY):
        chosen = dice.permutation(10)[: dice.integers(2, 11)].tolist()
        most = int(dice.choice([10, 20, 30, 60, 100]))
        train, valid = some(photos["train"], chosen, most, number), some(photos["valid"], chosen)
        diagnosis = trained(train, valid, enough(train), 3e-3, number)
        if not diagnosis.is_healthy:
            alarms[str(diagnosis)] += 1
    assert sum(alarms.values()) <= HEALTHY // 50, alarms


def test_learner_and_train_show_the_diagnosis(
    digits: Path, command: Run, cache: Path, tmp_path: Path
) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(digits))
    with pytest.raises(WhatsitError, match="Nothing has been trained"):
        learner.diagnose()
    learner.fit_one_cycle(3, lr=30.0)
    assert "lr_too_high" in signs(learner.diagnose())
    result = command("train", digits)
    assert result.returncode == 0, result.stderr
    assert (
        "only 12 validation pictures: each one changes the error rate by 8.3 percentage points"
        in result.stdout
    )
    shown = json.loads(command("train", digits, "--json").stdout)["diagnosis"]
    assert shown["healthy"] is True
    assert [finding["sign"] for finding in shown["findings"]] == ["few_validation_pictures"]
    assert shown["findings"][0]["message"]["values"]["images"] == 12
    assert shown["summary"]["text"].startswith("After 30 epochs the error rate on 12 validation pictures is")
