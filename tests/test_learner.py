import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from whatsit import Catalog, Classifier, Learner, WhatsitError
from whatsit.bundle import Bundle
from whatsit.errors import BackboneError, BundleError, CatalogError

pytestmark = pytest.mark.usefixtures("cache")


def trained(folder: Path, **options: object) -> Learner:
    learner = Learner(Catalog.from_folder(folder), **options)  # type: ignore[arg-type]
    learner.fit_one_cycle(30, tell=lambda line: None)
    return learner


def test_learns_digits_and_the_bundle_answers_alike(digits: Path, tmp_path: Path) -> None:
    learner = trained(digits, precision="fp32")
    assert learner.evaluate("valid").accuracy > 0.9
    learner.export(tmp_path / "digits.whatsit")
    classifier = Classifier(tmp_path / "digits.whatsit")
    answers = classifier.predict([item.path for item in learner.catalog["valid"]])
    served = np.array([list(answer.probabilities.values()) for answer in answers])
    assert np.abs(served - learner.predict("valid")).max() < 1e-4
    one = classifier.predict(learner.catalog.items[0].path)
    assert one.label in learner.classes
    assert one.probability == max(one.probabilities.values())


def test_real_photos_bundle_equals_the_learner_at_fp32(clothing: Path, tmp_path: Path) -> None:
    few = tmp_path / "clothing"
    for label in ("hat", "shoes", "dress", "pants"):
        (few / label).mkdir(parents=True)
        for path in sorted((clothing / "train" / label).iterdir())[:50]:
            (few / label / path.name).symlink_to(path)
    learner = trained(few, precision="fp32")
    learner.export(tmp_path / "c.whatsit")
    answers = Classifier(tmp_path / "c.whatsit").predict([item.path for item in learner.catalog])
    served = np.array([list(answer.probabilities.values()) for answer in answers])
    splits = [item.split for item in learner.catalog]
    for split in ("train", "valid"):
        mine = served[[row for row, name in enumerate(splits) if name == split]]
        assert np.abs(mine - learner.predict(split)).max() < 1e-4
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
    assert first.catalog.items == second.catalog.items
    assert first.history.epochs[-1].train_loss != second.history.epochs[-1].train_loss


def test_second_training_on_the_same_pictures_recalls_their_features(digits: Path) -> None:
    trained(digits)
    for path in digits.glob("*/*.png"):
        path.touch()
    seen: list[str] = []
    from whatsit.progress import listen

    with listen(lambda title, done, total: seen.append(title)):
        trained(digits)
    assert seen == []


def test_file_that_is_no_picture_is_left_alone(digits: Path) -> None:
    broken = digits / "0" / "page.jpg"
    broken.write_text("<html>not found</html>")
    learner = trained(digits)
    assert [(path.name, reason[:16]) for path, reason in learner.catalog.unreadable] == [
        ("page.jpg", "it is a web page")
    ]
    assert broken.exists()


def test_table_is_the_lessons(digits: Path) -> None:
    lines: list[str] = []
    learner = Learner(Catalog.from_folder(digits))
    learner.fit_one_cycle(2, tell=lines.append)
    assert lines[0].split() == ["epoch", "train_loss", "valid_loss", "error_rate", "time"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2"]
    assert str(learner.history).splitlines() == lines


def test_unknown_backbone_suggests_near_names(digits: Path) -> None:
    with pytest.raises(BackboneError, match="resnet34"):
        Learner(Catalog.from_folder(digits), backbone="resnet-34")


def test_any_timm_body_works_with_random_weights(digits: Path) -> None:
    learner = Learner(Catalog.from_folder(digits), backbone="resnet18", size=64, pretrained=False)
    learner.fit_one_cycle(1, tell=lambda line: None)
    assert 0 <= learner.evaluate().accuracy <= 1


@pytest.fixture
def bundle(tmp_path: Path, digits: Path) -> Path:
    trained(digits).export(tmp_path / "good.whatsit")
    return tmp_path / "good.whatsit"


def rewritten(bundle: Path, change: dict[str, bytes | None], add: dict[str, bytes] | None = None) -> Path:
    target = bundle.with_name("bad.whatsit")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = change.get(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
        for name, data in (add or {}).items():
            new.writestr(name, data)
    return target


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
        ({"manifest.json": b"{"}, {}, "no JSON"),
        ({"manifest.json": b"{}"}, {}, "no format"),
        ({"manifest.json": b'{"format": 1}'}, {}, "makes no sense"),
        ({}, {"../evil.py": b"x"}, "unsafe path"),
        ({}, {"extra.py": b"x"}, "foreign"),
        ({"model.onnx": b"\n\x08location\x12\x04x.bin"}, {}, "outside itself"),
    ]:
        with pytest.raises(BundleError, match=reason):
            Bundle.read(rewritten(bundle, change, add))  # type: ignore[arg-type]


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
    with pytest.raises(WhatsitError, match="no such file"):
        classifier.predict("nothing.jpg")


def coloured_classes(folder: Path, count: int) -> Path:
    """`count` classes of two pictures each, told apart by their colour."""
    for number in range(count):
        (folder / f"{number:04}").mkdir(parents=True)
        colour = (number % 10 * 25, number // 10 % 10 * 25, number // 100 * 22)
        for shade in (0, 2):
            image = Image.new("RGB", (8, 8), tuple(value + shade for value in colour))
            image.save(folder / f"{number:04}" / f"{shade}.png")
    return folder


def test_thousand_classes_are_learnt_and_one_more_is_too_many(tmp_path: Path) -> None:
    catalog = Catalog.from_folder(coloured_classes(tmp_path / "colours", 1000), valid=0.5)
    learner = Learner(catalog, size=32)
    learner.fit_one_cycle(4, tell=lambda line: None)
    learner.export(tmp_path / "colours.whatsit")
    answer = Classifier(tmp_path / "colours.whatsit").predict(learner.catalog.items[0].path)
    assert len(answer.probabilities) == 1000
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    (tmp_path / "colours" / "one more").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "colours" / "one more" / "a.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "colours" / "one more" / "b.png")
    with pytest.raises(CatalogError, match="more than the 1000"):
        Learner(Catalog.from_folder(tmp_path / "colours", valid=0.5), size=32)


def test_bundle_tells_how_often_bf16_and_fp32_agree(digits: Path, tmp_path: Path) -> None:
    assert trained(digits, precision="fp32").export(tmp_path / "a").metrics["fp32_agreement"] == 1
    bundle = trained(digits, precision="bf16").export(tmp_path / "b")
    assert 0.9 <= bundle.metrics["fp32_agreement"] <= 1
    assert Bundle.read(tmp_path / "b").metrics == bundle.metrics


def test_resize_mode_travels_in_the_bundle(digits: Path, tmp_path: Path) -> None:
    learner = trained(digits, resize="pad")
    learner.export(tmp_path / "p.whatsit")
    assert Bundle.read(tmp_path / "p.whatsit").preprocess.resize == "pad"
