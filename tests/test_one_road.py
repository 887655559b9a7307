"""What the training measured is what is served: learner, bundle, classifier and report give one answer."""

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import whatsit as wi
import whatsit.model as model_module
from tests.conftest import WHOLE, Run
from tests.shown import assert_short
from whatsit.bundle import Bundle
from whatsit.config import Precision
from whatsit.engine import best_precision
from whatsit.errors import ImageError
from whatsit.evaluation import report_folder
from whatsit.model import DECIMALS, Model, Prediction

pytestmark = pytest.mark.usefixtures("cache")
EQUAL = {"rtol": 0, "atol": 0.5 * 10**-DECIMALS}
PHOTOS = 200 if WHOLE else 40


def some_of(clothing: Path, folder: Path) -> Path:
    """Photos of two sub-folders of the shared ones, a few of them of each class, and 200 for testing."""
    classes = sorted(place.name for place in (clothing / "train").iterdir())[:4]
    for split, name, count in (
        ("train", "train", 24),
        ("validation", "valid", 12),
        ("test", "test", PHOTOS // 4),
    ):
        for label in classes:
            there = [
                path for part in (split, "train") for path in sorted((clothing / part / label).glob("*.jpg"))
            ]
            chosen = there[-count:] if name == "test" else there[:count]
            (folder / name / label).mkdir(parents=True)
            for path in chosen:
                shutil.copyfile(path, folder / name / label / path.name)
    return folder


@pytest.fixture(scope="module")
def photos(clothing: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return some_of(clothing, tmp_path_factory.mktemp("road") / "clothes")


def table(predictions: Sequence[Prediction]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([list(one.probabilities.values()) for one in predictions])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_road_gives_the_same_answer(
    photos: Path, tmp_path: Path, command: Run, precision: Precision
) -> None:
    if precision == "bf16" and best_precision() != "bf16":
        pytest.skip("this processor does not compute in bf16")
    learner = wi.Learner(wi.Catalog.from_folder(photos), size=128, precision=precision)
    learner.fit_one_cycle(4)
    learner.export(tmp_path / "x.whatsit")
    classifier = wi.Classifier(tmp_path / "x.whatsit")
    test = learner.catalog["test"]
    assert len(test) >= 0.9 * PHOTOS
    paths = [item.path for item in test]

    by_learner = learner.predict(list(paths))
    assert learner.predict(paths[0]) == by_learner[0]
    by_classifier = classifier.predict(list(paths))
    for one, other in zip(by_learner, by_classifier, strict=True):
        assert (one.label, one.verdict, one.novelty) == (other.label, other.verdict, other.novelty)
    assert any(one.verdict == "known" for one in by_learner)
    least = round(sorted(one.probability for one in by_learner)[len(by_learner) // 3], 3)
    classifier.min_probability = least
    unsure = [round(one.probability, DECIMALS) < least and one.verdict != "novel" for one in by_learner]
    assert [one.verdict == "unsure" for one in classifier.predict(list(paths))] == unsure
    classifier.min_probability = 0.0
    np.testing.assert_allclose(table(by_learner), table(by_classifier), **EQUAL)

    measured, labels = learner.get_preds("test")
    np.testing.assert_allclose(measured, table(by_classifier), **EQUAL)
    assert [learner.classes[place] for place in labels] == [item.label for item in test]

    reported = command("predict", tmp_path / "x.whatsit", *paths[:4], "--json", "--precision", precision)
    for row, one in zip(json.loads(reported.stdout)["predictions"], by_classifier, strict=False):
        assert (row["label"], row["verdict"], row["novelty"]) == (one.label, one.verdict, one.novelty)
        assert row["probabilities"] == pytest.approx(one.probabilities, abs=EQUAL["atol"])

    for page in (learner.report(), report_folder(classifier, photos)):
        interpretation = page.interpretations[0]
        assert interpretation.split == "test"
        order = [interpretation.paths.index(path) for path in paths] if interpretation.paths else []
        np.testing.assert_allclose(interpretation.probabilities[order], measured, **EQUAL)
        assert page.temperature == learner.model().temperature
        assert page.novelty is not None
        scores = (
            page.novelty.score(interpretation.features[order]) if interpretation.features is not None else []
        )
        assert list(scores) == [one.novelty for one in by_classifier]
        assert page.novelty.threshold == classifier.model.novelty.threshold  # type: ignore[union-attr]

    served = learner.evaluate("test")
    assert served.accuracy == np.mean(
        [one.label == item.label for one, item in zip(by_classifier, test, strict=True)]
    )


def test_model_goes_into_a_bundle_and_out_of_it_unchanged(photos: Path, tmp_path: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(photos))
    learner.fit_one_cycle(1)
    made = learner.model()
    learner.export(tmp_path / "x.whatsit")
    read = Bundle.read(tmp_path / "x.whatsit").model
    assert (read.classes, read.preprocess, read.precision) == (made.classes, made.preprocess, made.precision)
    assert (read.weight == made.weight).all()
    assert (read.bias == made.bias).all()
    assert read.temperature == made.temperature
    assert read.novelty is not None
    assert made.novelty is not None
    assert read.novelty.to_bytes() == made.novelty.to_bytes()


def test_what_callbacks_ask_for_changes_nothing(photos: Path, tmp_path: Path) -> None:
    made = []
    for ask in (False, True):
        learner = wi.Learner(wi.Catalog.from_folder(photos, project=tmp_path / "project"), size=64)
        path = learner.catalog.items[0].path
        callbacks = [lambda epoch: bool(learner.predict(path)) and False] if ask else []  # noqa: B023
        learner.fit_one_cycle(2, lr=1e-4, callbacks=callbacks)
        learner.export(tmp_path / f"{ask}.whatsit")
        made.append((tmp_path / f"{ask}.whatsit").read_bytes())
        assert (learner.run / "held-out.safetensors").exists()
    assert made[0] == made[1]


def test_stage_that_is_loaded_leaves_the_runs_own_records_alone(photos: Path, tmp_path: Path) -> None:
    catalog = wi.Catalog.from_folder(photos, project=tmp_path / "project")
    learner = wi.Learner(catalog, size=64)
    learner.fit_one_cycle(1)
    learner.save("one")
    learner.fit_one_cycle(4)
    learner.model()
    kept = (learner.run / "held-out.json").read_bytes()
    before = learner.predict(catalog.items[0].path)
    assert learner.load("one").predict(catalog.items[0].path) != before
    assert (learner.run / "held-out.json").read_bytes() == kept
    runs = set((tmp_path / "project" / "runs").iterdir())
    wi.Learner(catalog, size=64).load("one").predict(catalog.items[0].path)
    assert set((tmp_path / "project" / "runs").iterdir()) == runs, "an answer needs no run"


def test_learner_has_no_answers_while_its_backbone_is_trained(digits: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(digits), size=32).unfreeze()
    path = learner.catalog.items[0].path
    with pytest.raises(wi.WhatsitError, match="can't answer while its backbone is being trained"):
        learner.fit_one_cycle(1, 1e-4, callbacks=[lambda epoch: bool(learner.predict(path))])
    assert learner.predict(path).label in learner.classes


def test_interpretation_explains_by_the_model_it_is_of(photos: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(photos))
    learner.fit_one_cycle(1)
    found, path = learner.interpret(), learner.catalog.items[0].path
    assert found.explain is not None
    before = found.explain(path, learner.classes[0]).values
    learner.fit_one_cycle(4)
    assert (found.explain(path, learner.classes[0]).values == before).all()
    assert (learner.explain(path, learner.classes[0]).values != before).any()


def test_model_is_compiled_once_however_many_threads_ask(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(photos))
    learner.fit_one_cycle(1)
    model, compiled = learner.model(), []
    whole = model_module.Engine
    monkeypatch.setattr(model_module, "Engine", lambda *options: compiled.append(1) or whole(*options))
    with ThreadPoolExecutor(6) as pool:
        assert (
            len(set(pool.map(lambda item: repr(model.predict(item.path)), [learner.catalog.items[0]] * 12)))
            == 1
        )
    assert compiled == [1]


def test_model_refuses_what_is_neither_pixels_nor_features(photos: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(photos))
    learner.fit_one_cycle(1)
    model = learner.model()
    with pytest.raises(wi.WhatsitError, match=r"not uint8 \(n, 320, 320, 3\)"):
        model.from_pixels(np.zeros((1, 224, 224, 3)))  # type: ignore[arg-type]
    with pytest.raises(wi.WhatsitError, match=r"not \(n, 1280\)"):
        model.from_features(np.zeros((2, 7), np.float32))


def test_model_is_made_once_and_anew_after_further_training(photos: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(photos))
    with pytest.raises(wi.WhatsitError, match="Nothing has been trained yet"):
        learner.model()
    learner.fit_one_cycle(1)
    first = learner.model()
    assert learner.model() is first
    learner.fit_one_cycle(1)
    assert learner.model() is not first
    assert isinstance(first, Model)


def test_what_a_training_gives_shows_itself(photos: Path, tmp_path: Path) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(photos))
    assert_short(learner, "lite0, frozen, not trained yet")
    assert "not trained yet" in learner._repr_html_()
    learner.fit_one_cycle(2)
    assert_short(learner, "after 2 epochs")
    assert "<table" in learner._repr_html_()
    bundle = learner.export(tmp_path / "x.whatsit")
    classifier = wi.Classifier(tmp_path / "x.whatsit")
    path = learner.catalog.items[0].path
    answer = classifier.predict(path)
    assert_short(bundle, "4 classes, lite0")
    assert_short(classifier, "x.whatsit, 4 classes, lite0")
    assert_short(answer, f"{answer.label} {answer.probability:.1%}")
    assert_short(replace(answer, verdict="novel"), "novel, nothing like this; nearest ")
    for one in (bundle, classifier):
        assert learner.classes[0] in one._repr_html_()
    assert answer.label in answer._repr_html_()
    model = learner.model()
    assert_short(model, "4 classes, lite0")
    assert_short(model.backbone, "lite0, 1280 features")
    assert_short(model.novelty, "threshold 0.")
    assert_short(model.from_pixels(model.preprocess.load(path)[None]), "of 1 pictures")
    assert_short(learner.held_out, "train pictures right")
    report = learner.report()
    assert_short(report, "clothes: ")
    assert "write(" in report._repr_html_()


@pytest.mark.parametrize("answers", ["learner", "classifier"])
def test_mistakes_with_pictures_name_them(photos: Path, tmp_path: Path, answers: str) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(photos))
    learner.fit_one_cycle(1)
    learner.export(tmp_path / "x.whatsit")
    one = learner if answers == "learner" else wi.Classifier(tmp_path / "x.whatsit")
    with pytest.raises(ImageError, match=r"nowhere\.jpg: there is no such file"):
        one.predict("nowhere.jpg")
    with pytest.raises(ImageError, match=r"nowhere\.jpg: there is no such file"):
        one.explain("nowhere.jpg")
    with pytest.raises(ImageError, match="NumPy array is not a picture: give a path"):
        one.predict(np.zeros((9, 9, 3), np.uint8))  # type: ignore[arg-type]
    if isinstance(one, wi.Learner):
        with pytest.raises(wi.WhatsitError, match=r'get_preds\("valid"\) gives'):
            one.predict("valid")
    with pytest.raises(wi.WhatsitError, match='no class "panda"'):
        one.explain(learner.catalog.items[0].path, "panda")


def test_mistakes_with_learners_and_classifiers_end_in_a_sentence(photos: Path) -> None:
    catalog = wi.Catalog.from_folder(photos)
    for make, reason in {
        lambda: wi.Learner("ants"): r'not the path "ants"\. Write Learner\(Catalog\.from_folder',
        lambda: wi.Learner(catalog, size="64"): "whole number from 32 to 1024, not '64'",
        lambda: wi.Learner(catalog, resize="stretch"): "resize can't be 'stretch'",
        lambda: wi.Learner(catalog, ps="much"): "ps must be at least 0",
        lambda: wi.Learner(catalog, metrics="accuracy"): r"Write metrics=\['accuracy'\]",
        lambda: wi.Learner(catalog).fit_one_cycle("4"): "epochs must be a whole number",
        lambda: wi.Learner(catalog).fit_one_cycle(1, bs=0): "bs must be a whole number of at least 2",
        lambda: wi.Classifier(None): "The bundle must be a path, not None",
        lambda: wi.Catalog.from_folder(None): "must be a path, not None",
    }.items():  # type: ignore[arg-type]
        with pytest.raises(wi.WhatsitError, match=reason):
            make()


@pytest.mark.parametrize(
    "ask", ["evaluate", "get_preds", "interpret", "report", "diagnose", "model", "novelty"]
)
def test_learner_that_was_not_trained_says_so(photos: Path, ask: str) -> None:
    learner = wi.Learner(wi.Catalog.from_folder(photos))
    with pytest.raises(wi.WhatsitError, match="Nothing has been trained yet"):
        getattr(learner, ask)()


def test_rounded_probability_is_compared_with_the_minimum() -> None:
    """0.7 that arithmetic made 0.6999999999 is 0.7."""
    from whatsit.model import Predictions

    answers = Predictions(
        ["a", "b"],
        np.zeros((2, 1), np.float32),
        np.zeros((2, 2)),
        np.array([[0.7 - 1e-9, 0.3 + 1e-9], [0.69999, 0.30001]]),
    )
    minima = np.array([0.7, 0.7])
    assert [answers.prediction(place, minima).verdict for place in range(2)] == ["known", "unsure"]
