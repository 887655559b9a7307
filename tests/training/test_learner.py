import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import rewritten, some_digits
from tests.listening import on_lines, on_progress
from whatsit import Catalog, Classifier, Learner, WhatsitError
from whatsit.bundle import Bundle
from whatsit.config import LR
from whatsit.errors import BackboneError, BundleError, CatalogError, ImageError
from whatsit.training import automatic, fitting
from whatsit.training.crossfit import HeldOut

SIZE = 64  # pixels: enough for digits
pytestmark = pytest.mark.usefixtures("cache")


def trained(folder: Path, project: Path | None = None, size: int = SIZE, **options: object) -> Learner:
    learner = Learner(Catalog.from_folder(folder, project=project), size=size, **options)  # type: ignore[arg-type]
    learner.fit_one_cycle(30)
    return learner


def test_learns_digits_and_the_bundle_answers_alike(digits: Path, tmp_path: Path) -> None:
    learner = trained(digits, size=224, precision="fp32")
    assert learner.evaluate("valid").accuracy > 0.9
    learner.export(tmp_path / "digits.whatsit")
    classifier = Classifier(tmp_path / "digits.whatsit")
    answers = classifier.predict([item.path for item in learner.catalog["valid"]])
    served = np.array([list(answer.probabilities.values()) for answer in answers])
    assert np.abs(served - learner.interpret().probabilities).max() < 1e-4
    one = classifier.predict(learner.catalog.items[0].path)
    assert one.label in learner.classes
    assert one.probability == max(one.probabilities.values())


def test_real_photos_bundle_equals_the_learner_at_fp32(clothing: Path, tmp_path: Path) -> None:
    few = tmp_path / "clothing"
    for label in ("hat", "shoes", "dress", "pants"):
        (few / label).mkdir(parents=True)
        for path in sorted((clothing / "train" / label).iterdir())[:30]:
            (few / label / path.name).symlink_to(path)
    learner = trained(few, size=128, precision="fp32")
    learner.export(tmp_path / "c.whatsit")
    answers = Classifier(tmp_path / "c.whatsit").predict([item.path for item in learner.catalog])
    served = np.array([list(answer.probabilities.values()) for answer in answers])
    splits = [item.split for item in learner.catalog]
    for split in ("train", "valid"):
        mine = served[[row for row, name in enumerate(splits) if name == split]]
        assert np.abs(mine - learner.interpret(split).probabilities).max() < 1e-4
    assert learner.evaluate("valid").accuracy > 0.85


def test_same_training_gives_the_same_bytes_and_numbers(digits: Path, tmp_path: Path) -> None:
    first = trained(digits, project=tmp_path / "a")
    second = trained(digits, project=tmp_path / "b")
    losses = [[(e.train_loss, e.valid_loss, e.error_rate) for e in x.history] for x in (first, second)]
    assert losses[0] == losses[1]
    first.export(tmp_path / "a.whatsit")
    second.export(tmp_path / "b.whatsit")
    assert (tmp_path / "a.whatsit").read_bytes() == (tmp_path / "b.whatsit").read_bytes()


def test_training_seed_moves_the_training_and_not_the_split(digits: Path) -> None:
    first, second = trained(digits, seed=0), trained(digits, seed=1)
    assert list(first.catalog) == list(second.catalog)
    assert first.history.epochs[-1].train_loss != second.history.epochs[-1].train_loss


def test_second_training_on_the_same_pictures_recalls_their_features(digits: Path) -> None:
    trained(digits)
    for path in digits.glob("*/*.png"):
        path.touch()
    seen: list[str] = []
    with on_progress(lambda title, done, total: seen.append(title)):
        trained(digits)
    assert "features" not in seen


def test_file_that_is_no_picture_is_left_alone(digits: Path) -> None:
    broken = digits / "0" / "page.jpg"
    broken.write_text("<html>not found</html>")
    learner = trained(digits)
    assert [(path.name, str(reason)[:16]) for path, reason in learner.catalog.unreadable] == [
        ("page.jpg", "it is a web page")
    ]
    assert broken.exists()


def test_table_is_the_lessons(digits: Path) -> None:
    lines: list[str] = []
    learner = Learner(Catalog.from_folder(digits), size=SIZE)
    with on_lines(lines.append):
        learner.fit_one_cycle(2)
    assert lines[0].split() == ["epoch", "train_loss", "valid_loss", "error_rate", "time"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2"]
    assert str(learner.history).splitlines() == lines


def test_history_is_saved_with_all_that_made_it(digits: Path) -> None:
    learner = Learner(Catalog.from_folder(digits, valid=0.3, seed=5), size=SIZE, seed=2)
    learner.fit_one_cycle(2, lr=1e-3)
    saved = json.loads((learner.run / "history.json").read_text())
    assert saved["split"] == {"valid": 0.3, "seed": 5, "by_time": False, "relation": ""}
    assert saved["fits"] == [{"epochs": 2, "lr": 1e-3, "bs": 16, "wd": 1.0, "balance": None}]
    assert [epoch["epoch"] for epoch in saved["history"]] == [1, 2]
    assert saved["seed"] == 2
    learner.fit_one_cycle(1)
    assert len(json.loads((learner.run / "history.json").read_text())["history"]) == 3


@pytest.mark.parametrize(
    "options", [{"epochs": 0}, {"lr": float("nan")}, {"lr": 0.0}, {"bs": 1}, {"wd": -1.0}]
)
def test_training_that_cannot_teach_is_refused(digits: Path, options: dict[str, float]) -> None:
    learner = Learner(Catalog.from_folder(digits), size=SIZE)
    with pytest.raises(WhatsitError, match=r"can't be|must be a"):
        learner.fit_one_cycle(**{"epochs": 1, **options})  # type: ignore[arg-type]


def test_split_that_is_not_there_is_said(digits: Path) -> None:
    learner = Learner(Catalog.from_folder(digits), size=SIZE)
    learner.fit_one_cycle(1)
    with pytest.raises(CatalogError, match="no split"):
        learner.evaluate("tset")  # type: ignore[arg-type]
    with pytest.raises(CatalogError, match="The test split has no pictures"):
        learner.evaluate("test")


def test_test_pictures_are_looked_at_when_they_are_asked_for(digits: Path) -> None:
    paths = sorted(digits.glob("*/*.png"))
    splits = ["test" if n % 5 == 0 else None for n in range(len(paths))]
    learner = Learner(
        Catalog.from_lists(paths, [path.parent.name for path in paths], splits, digits), size=SIZE
    )
    learner.fit_one_cycle(20)
    seen: list[str] = []
    with on_progress(lambda title, done, total: seen.append(title)):
        assert learner.evaluate("test").images == 12
    assert seen == ["features"] * 12


def test_picture_that_is_gone_before_it_is_looked_at_is_left_out(digits: Path) -> None:
    catalog = Catalog.from_folder(digits)
    gone = catalog["train"].items[0].path
    gone.unlink()
    learner = Learner(catalog, size=SIZE)
    assert [path for path, _ in learner.catalog.unreadable] == [gone]
    assert len(learner.catalog) == 59
    learner.fit_one_cycle(1)


def test_picture_that_is_another_by_now_is_left_out(digits: Path) -> None:
    catalog = Catalog.from_folder(digits)
    one, other = catalog["train"].items[0].path, catalog["train"].items[1].path
    one.write_bytes(other.read_bytes())
    learner = Learner(catalog, size=SIZE)
    assert [path for path, _ in learner.catalog.unreadable] == [one]
    assert "changed" in str(learner.catalog.unreadable[0][1])


def test_class_that_is_gone_before_it_is_looked_at_is_no_class(digits: Path) -> None:
    catalog = Catalog.from_folder(digits)
    for item in catalog:
        if item.label == "7":
            item.path.unlink()
    assert Learner(catalog, size=SIZE).classes == ["0", "1"]


@pytest.mark.parametrize(("few", "views"), [(47, 1), (48, 4)])
def test_few_pictures_are_seen_in_several_views_without_a_trial(
    digits: Path, monkeypatch: pytest.MonkeyPatch, few: int, views: int
) -> None:
    monkeypatch.setattr(automatic, "FEW_PICTURES", few)
    lines: list[str] = []
    with on_lines(lines.append):
        learner = automatic.fit(Learner(Catalog.from_folder(digits), size=SIZE), 2)
    assert learner._state.data.count("train") == 48
    assert learner.views == views
    assert [line.split()[0] for line in lines] == ["epoch", "1", "2"], "one training, and no choice"
    assert len(list((digits / ".whatsit" / "runs").iterdir())) == 1
    assert fit_of(learner) == {"epochs": 2, "lr": LR}


def fit_of(learner: Learner) -> dict[str, object]:
    return {name: learner._state.fits[-1][name] for name in ("epochs", "lr")}


def test_learning_rate_is_chosen_without_the_validation_pictures(
    digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where these would choose another one."""
    lines: list[str] = []
    learner = Learner(Catalog.from_folder(digits), size=SIZE, augment=None)
    accuracies = {1e-2: 0.5, 3e-3: 0.9, 1e-3: 0.9}

    def held_out(self: Learner) -> HeldOut:
        none = np.empty(0, "V32"), np.empty((0, 3), np.float16)
        return HeldOut(48, accuracies[self._state.fits[-1]["lr"]], 1.0, None, "train", *none)

    def refuse(self: Learner, split: str = "valid") -> None:
        raise AssertionError("validation pictures have no part in the choice")

    monkeypatch.setattr(Learner, "held_out", property(held_out))
    monkeypatch.setattr(Learner, "evaluate", refuse)
    monkeypatch.setattr(fitting, "write_record", lambda *_: None)
    with on_lines(lines.append):
        chosen = automatic.fit_best(learner, list(accuracies), 2)
    assert fit_of(chosen) == {"epochs": 2, "lr": 3e-3}
    assert (
        lines[-2]
        == "error rates on held-out training pictures: 50.0% at 0.01, 10.0% at 0.003, 10.0% at 0.001"
    )
    assert "keeping the learning rate of 0.003, among the best the nearest to the default" in lines[-1]


def test_unknown_backbone_suggests_near_names(digits: Path) -> None:
    with pytest.raises(BackboneError, match="resnet34"):
        Learner(Catalog.from_folder(digits), backbone="resnet-34")


def test_any_timm_body_works_with_random_weights(digits: Path) -> None:
    learner = Learner(Catalog.from_folder(digits), backbone="resnet18", size=64, pretrained=False)
    learner.fit_one_cycle(1)
    assert 0 <= learner.evaluate().accuracy <= 1


@pytest.fixture(scope="module")
def _bundle(tmp_path_factory: pytest.TempPathFactory, all_digits: Path, cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    trained(some_digits(all_digits, folder / "digits")).export(folder / "good.whatsit")
    return folder / "good.whatsit"


@pytest.fixture
def bundle(_bundle: Path, tmp_path: Path) -> Path:
    """A copy, beside which others may be written."""
    return Path(shutil.copy(_bundle, tmp_path))


def test_bundles_that_cannot_be_trusted_are_refused_by_name(bundle: Path, tmp_path: Path) -> None:
    manifest = json.loads(zipfile.ZipFile(bundle).read("manifest.json"))
    truncated = tmp_path / "cut.whatsit"
    truncated.write_bytes(bundle.read_bytes()[:-2000])
    foreign = tmp_path / "foreign.whatsit"
    foreign.write_bytes(b"I am no zip")
    newer = json.dumps({**manifest, "format": 99}).encode()
    for bad, reason in [
        (tmp_path / "none.whatsit", "no bundle"),
        (truncated, "damaged"),
        (foreign, "damaged"),
        (rewritten(bundle, {"model.onnx": b"other"}), "checksum"),
    ]:
        with pytest.raises(BundleError, match=reason):
            Bundle.read(bad)
    for change, add, reason in [
        ({"manifest.json": newer}, {}, "format 99"),
        ({"manifest.json": None}, {}, "no manifest.json"),
        ({"manifest.json": b"{"}, {}, "not JSON"),
        ({"manifest.json": b"{}"}, {}, "no format"),
        ({"manifest.json": b'{"format": 1}', "novelty.bin": None}, {}, "is not valid"),
        ({}, {"../evil.py": b"x"}, "unsafe path"),
        ({}, {"extra.py": b"x"}, "unknown"),
        ({"manifest.json": json.dumps({**manifest, "format": True}).encode()}, {}, "no format"),
    ]:
        with pytest.raises(BundleError, match=reason):
            Bundle.read(rewritten(bundle, change, add))  # type: ignore[arg-type]


def test_bundle_that_contradicts_itself_is_refused_by_name(bundle: Path) -> None:
    parts = zipfile.ZipFile(bundle)
    manifest, network = json.loads(parts.read("manifest.json")), parts.read("model.onnx")
    smaller = {**manifest["preprocess"], "size": 128}
    for change, other, reason in [
        ({"classes": manifest["classes"][:-1]}, network, "has a manifest that is not valid"),
        ({"preprocess": smaller}, network, "contradicts itself"),
        ({}, b"no network", "can't be used"),
    ]:
        checksum = {"sha256": {**manifest["sha256"], "model.onnx": hashlib.sha256(other).hexdigest()}}
        text = json.dumps({**manifest, **change, **checksum}).encode()
        bad = rewritten(bundle, {"manifest.json": text, "model.onnx": other})
        with pytest.raises(BundleError, match=f"bad.whatsit {reason}"):
            Classifier(bad)


def test_compressed_bundle_is_refused_unread(bundle: Path) -> None:
    bomb = bundle.with_name("bomb.whatsit")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("manifest.json", old.read("manifest.json"))
        new.writestr("model.onnx", bytes(10**7))
    with pytest.raises(BundleError, match="compressed"):
        Bundle.read(bomb)


def test_classifier_takes_paths_bytes_and_pil(bundle: Path, digits: Path) -> None:
    path = next((digits / "1").iterdir())
    classifier = Classifier(bundle)
    buffer = io.BytesIO(path.read_bytes())
    answers = [
        classifier.predict(path),
        classifier.predict(path.read_bytes()),
        classifier.predict(Image.open(buffer)),
    ]
    assert answers[0] == answers[1] == answers[2]
    cut = [Image.open(io.BytesIO(path.read_bytes()[:-40])) for _ in range(3)]
    with pytest.raises(ImageError, match="end of the file is missing"):
        classifier.predict(cut[0])
    with pytest.raises(ImageError, match="end of the file is missing"):
        classifier.predict([path, cut[1]])
    first, second, third = classifier.try_each([path, cut[2], Image.open(path)])
    assert isinstance(second, ImageError)
    assert first == third == answers[0]
    with pytest.raises(WhatsitError, match="no such file"):
        classifier.predict("nothing.jpg")


def colored_classes(folder: Path, count: int) -> Path:
    """`count` classes of two pictures each, distinguished by their color."""
    for number in range(count):
        (folder / f"{number:04}").mkdir(parents=True)
        color = (number % 10 * 25, number // 10 % 10 * 25, number // 100 * 22)
        for shade in (0, 2):
            image = Image.new("RGB", (8, 8), tuple(value + shade for value in color))
            image.save(folder / f"{number:04}" / f"{shade}.png")
    return folder


def test_thousand_classes_are_learnt_and_one_more_is_too_many(tmp_path: Path) -> None:
    catalog = Catalog.from_folder(colored_classes(tmp_path / "colors", 1000), valid=0.5)
    learner = Learner(catalog, size=32)
    learner.fit_one_cycle(4)
    learner.export(tmp_path / "colors.whatsit")
    answer = Classifier(tmp_path / "colors.whatsit").predict(learner.catalog.items[0].path)
    assert len(answer.probabilities) == 1000
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    (tmp_path / "colors" / "one more").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "colors" / "one more" / "a.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "colors" / "one more" / "b.png")
    with pytest.raises(CatalogError, match="at most 1000"):
        Learner(Catalog.from_folder(tmp_path / "colors", valid=0.5), size=32)


def test_resize_mode_travels_in_the_bundle(digits: Path, tmp_path: Path) -> None:
    learner = trained(digits, resize="pad")
    learner.export(tmp_path / "p.whatsit")
    assert Bundle.read(tmp_path / "p.whatsit").model.preprocess.resize == "pad"
