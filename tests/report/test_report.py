"""What a classifier says of itself: interpretation, heat maps, novelty, and the page that shows all."""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import whatsit as wi
from tests.conftest import WHOLE, Run, rendered, rewritten
from tests.recorded import RECORD
from whatsit.bundle import Bundle
from whatsit.classifier import Classifier
from whatsit.errors import BundleError, WhatsitError
from whatsit.evaluation import report_folder
from whatsit.novelty import FALSE_ALARMS
from whatsit.project import MessageRecord
from whatsit.report import Report, Training
from whatsit.report.training import training_section
from whatsit.report.words import Words
from whatsit.training import variants
from whatsit.training.finished import load_learner
from whatsit.training.learner import Learner
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.novelty import fit_novelty

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KNOWN = ("hat", "shoes", "dress", "pants", "shirt")
ODD = '5" <b>& é 码'


def drawn(number: int) -> Image.Image:
    """A few flat shapes on a plain ground."""
    dice = np.random.default_rng(number)

    def color(lowest: int = 0) -> tuple[int, ...]:
        return tuple(dice.integers(lowest, 256, 3).tolist())

    image = Image.new("RGB", (224, 224), color(150))
    pen = ImageDraw.Draw(image)
    for _ in range(dice.integers(1, 6)):
        x, y, width, height = (*dice.integers(0, 180, 2), *dice.integers(20, 120, 2))
        draw = (pen.rectangle, pen.ellipse)[dice.integers(2)]
        draw([int(x), int(y), int(x + width), int(y + height)], fill=color())
    return image


@pytest.fixture(scope="module")
def photos(cache: Path, clothing: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four classes of photos, one under a name that would break a careless page; some in test/."""
    folder = tmp_path_factory.mktemp("report") / "photos"
    for label in KNOWN[:4]:
        for split, count in (("train", 30), ("validation", 12), ("test", 12)):
            inside = folder / split / (ODD if label == "hat" else label)
            inside.mkdir(parents=True)
            for path in sorted((clothing / split / label).iterdir())[:count]:
                shutil.copy(path, inside)
    return folder


def some_of(photos: Path, folder: Path, count: int) -> Path:
    """The first photos of each class and split, copied."""
    for path in photos.glob("[!.]*/*"):
        place = folder / path.relative_to(photos)
        place.mkdir(parents=True)
        for one in sorted(path.iterdir())[:count]:
            shutil.copy(one, place)
    return folder


@pytest.fixture(scope="module")
def learner(photos: Path) -> Learner:
    learner = Learner(wi.Catalog.from_folder(photos), size=224, precision="fp32")
    learner.fit_one_cycle(20)
    return learner


@pytest.fixture(scope="module")
def bundle(learner: Learner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "photos.whatsit"
    learner.export(path)
    return path


# The learner's interpretation


def test_every_split_can_be_interpreted_and_is_named(learner: Learner) -> None:
    for split in ("valid", "train", "test"):
        found = learner.interpret(split)
        assert found.split == found[0].split == split
        assert found.evaluation.confusion.tolist() == learner.evaluate(split).confusion.tolist()
        assert found.paths == [item.path for item in learner.catalog[split]]
    assert learner.interpret("train").evaluation.accuracy > 0.95
    figure = learner.interpret().plot_top_losses(4)
    assert "validation pictures" in figure.get_suptitle()
    assert learner.interpret().plot_components(2).axes


def test_interpreting_what_is_not_there_is_an_error_in_words(digits: Path, cache: Path) -> None:
    learner = Learner(wi.Catalog.from_folder(digits))
    with pytest.raises(WhatsitError, match="Nothing has been trained"):
        learner.report()
    learner.fit_one_cycle(1)
    with pytest.raises(WhatsitError, match="test split has no pictures"):
        learner.interpret("test")


def test_temperature_comes_from_training_pictures_that_were_held_out(learner: Learner) -> None:
    held = learner.held_out
    assert held.images == len(learner.catalog["train"])
    assert 0.8 < held.accuracy < 1, "what was trained on a picture would know it"
    assert learner.held_out is held, "once is enough"
    other = variants.fresh(learner, 5)
    assert other._calibration._held_out is None
    assert 0.3 < held.temperature < 3


def test_a_class_of_one_picture_is_no_obstacle(digits: Path, cache: Path) -> None:
    for path in sorted((digits / "0").iterdir())[2:]:
        path.unlink()
    learner = Learner(wi.Catalog.from_folder(digits))
    learner.fit_one_cycle(2)
    assert np.isfinite(learner.held_out.temperature)
    novelty = learner.novelty()
    assert novelty is not None
    assert 0 < novelty.threshold <= 1
    assert "<html" in learner.report().render()


def test_a_handful_of_pictures_tells_nothing_of_new_ones_and_says_so(
    digits: Path, cache: Path, tmp_path: Path
) -> None:
    for path in digits.glob("*/*.png"):
        if path not in sorted(path.parent.iterdir())[:2]:
            path.unlink()
    learner = Learner(wi.Catalog.from_folder(digits))
    learner.fit_one_cycle(2)
    assert learner.novelty() is None
    page = learner.report().render()
    assert "from too few pictures" in page
    assert "too few pictures to tell" in page
    learner.export(tmp_path / "few.whatsit")
    assert Classifier(tmp_path / "few.whatsit").predict(rendered(1)).novelty is None


# Heat maps


def test_heat_map_of_a_bundle_is_exact_its_mean_and_the_bias_are_the_logit(
    learner: Learner, bundle: Path
) -> None:
    classifier = Classifier(bundle)
    path = learner.catalog.items[0].path
    for item in learner.catalog.items[:3]:
        (features,) = classifier.try_features([item.path])
        assert isinstance(features, np.ndarray)
        means = [classifier.explain(item.path, label).values.mean() for label in classifier.classes]
        logits = classifier.model.from_features(features[None]).logits[0]
        assert means + classifier.model.bias == pytest.approx(logits, abs=1e-3)
    best = classifier.explain(path)
    assert best.label == classifier.predict(path).label
    assert best.evidence.max() == 1
    assert best.overlay().size == (224, 224)


def test_heat_map_for_a_class_that_there_is_not(bundle: Path, learner: Learner) -> None:
    with pytest.raises(WhatsitError, match='no class "panda"'):
        Classifier(bundle).explain(learner.catalog.items[0].path, "panda")


def test_backbone_without_exact_maps_explains_by_gradients(digits: Path, tmp_path: Path, cache: Path) -> None:
    learner = Learner(wi.Catalog.from_folder(digits), "test_vit", pretrained=False, precision="fp32").freeze()
    learner.fit_one_cycle(1)
    paths = [item.path for item in learner.catalog["valid"]][:2]
    maps = [learner.explain(path, label) for path, label in zip(paths, learner.classes, strict=False)]
    assert learner.explain(paths[0]).label == learner.predict(paths[0]).label
    assert [one.label for one in maps] == learner.classes[:2]
    assert all(np.isfinite(one.evidence).all() for one in maps)
    learner.export(tmp_path / "vit.whatsit")
    with pytest.raises(WhatsitError, match="no heat maps"):
        Classifier(tmp_path / "vit.whatsit").explain(paths[0])


# Novelty and "not sure" in a bundle


def test_classifier_names_what_it_knows_and_nothing_like_the_rest(learner: Learner, bundle: Path) -> None:
    classifier = Classifier(bundle)
    strange = [drawn(number) for number in range(20)] + [rendered(number) for number in range(20)]
    answers = classifier.predict(list(strange))
    assert sum(answer.verdict == "novel" for answer in answers) >= 38
    assert all(answer.label in classifier.classes for answer in answers)
    known = classifier.predict([item.path for item in learner.catalog["test"]])
    assert sum(answer.verdict == "novel" for answer in known) <= 0.2 * len(known)
    assert max(answer.novelty or 0 for answer in answers) <= 1


def test_classifier_is_not_sure_below_its_least_probability(learner: Learner, bundle: Path) -> None:
    paths = [item.path for item in learner.catalog["test"]]
    for answer in Classifier(bundle, min_probability=0.9).predict(list(paths)):
        if answer.verdict != "novel":
            assert (answer.verdict == "unsure") == (round(answer.probability, 6) < 0.9)
    strict = Classifier(bundle, min_probability={"shoes": 1.0})
    sure = [answer for answer in strict.predict(list(paths)) if answer.verdict == "known"]
    assert all(answer.probability > 1 - 1e-6 for answer in sure if answer.label == "shoes")
    assert any(answer.probability < 1 - 1e-6 for answer in sure)
    assert "dress" in {answer.label for answer in sure}
    with pytest.raises(WhatsitError, match='no class "sandals"'):
        Classifier(bundle, min_probability={"sandals": 0.5})


def test_bundle_of_an_earlier_format_still_answers(bundle: Path, photos: Path, tmp_path: Path) -> None:
    manifest = json.loads(zipfile.ZipFile(bundle).read("manifest.json"))
    for name in ("temperature", "novelty"):
        del manifest[name]
    manifest["format"] = 1
    del manifest["sha256"]["novelty.bin"], manifest["sha256"]["head.bin"]
    parts = {
        "manifest.json": json.dumps(manifest).encode(),
        "novelty.bin": None,
        "head.bin": None,
        "card.md": None,
    }
    old = rewritten(bundle, parts)
    folder, classifier = some_of(photos, tmp_path / "some", 3), Classifier(old)
    answer = classifier.predict(next((folder / "test" / "shoes").iterdir()))
    assert answer.novelty is None
    assert answer.verdict == "known"
    page = report_folder(classifier, folder).render()
    assert "tell strange pictures from known ones" in page


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"temperature": 0}, "is not valid"),
        ({"temperature": "hot"}, "is not valid"),
        ({"novelty": {}}, "novelty data that is not valid"),
        ({"novelty": {"width": 10**9}}, "novelty data that is not valid"),
        ({"novelty": None}, "unknown"),
    ],
)
def test_bundle_with_senseless_novelty_is_refused_by_name(
    bundle: Path, change: dict[str, Any], reason: str
) -> None:
    manifest = json.loads(zipfile.ZipFile(bundle).read("manifest.json"))
    bad = rewritten(bundle, {"manifest.json": json.dumps({**manifest, **change}).encode()})
    with pytest.raises(BundleError, match=reason):
        Classifier(bad)
    with pytest.raises(BundleError, match="checksum"):
        Bundle.read(rewritten(bundle, {"novelty.bin": b"other"}))


def test_bundle_carries_its_false_alarms_and_less_than_a_megabyte(bundle: Path) -> None:
    found = Bundle.read(bundle)
    assert found.model.novelty is not None
    record, data = found.model.novelty.to_bytes()
    assert record["false_alarms"] == FALSE_ALARMS
    assert len(data) < 1_000_000
    assert 0 <= found.metrics["false_alarms"] <= 0.25


def test_novelty_of_five_classes_of_clothes_finds_the_other_five_and_all_that_is_none(
    clothing: Path, cache: Path, tmp_path: Path
) -> None:
    """The whole of it on eight splits of all photos is a campaign; here two of them, on some, and smaller."""
    table, step = ["path,label,split"], 1 if WHOLE else 6
    for split, called in (("train", "train"), ("validation", "valid"), ("test", "test")):
        for folder in sorted((clothing / split).iterdir()):
            table += [f"{path},{folder.name},{called}" for path in sorted(folder.iterdir())[::step]]
    (tmp_path / "table.csv").write_text("\n".join(table))
    learner = Learner(wi.Catalog.from_csv(tmp_path / "table.csv"), size="auto" if WHOLE else 224)
    train, others = (
        learner._state.data.of("train"),
        [learner._state.data.of("valid"), learner._state.data.of("test")],
    )
    features = np.concatenate([one.inputs for one in others])
    labels = np.concatenate([one.labels for one in others])
    learner.fit_one_cycle(1)
    learner.export(tmp_path / "c.whatsit")
    scans = [
        Image.fromarray((255 - 15.9 * one).astype(np.uint8)) for one in load_digits().images[: 200 // step]
    ]
    noise = [
        Image.fromarray(np.random.default_rng(n).integers(0, 256, (224, 224, 3), dtype=np.uint8))
        for n in range(100 // step)
    ]
    shapes = [drawn(number) for number in range(100 // step)]
    classifier = Classifier(tmp_path / "c.whatsit")
    far = np.array(list(classifier.try_features([*scans, *noise, *shapes])))

    found = []
    for seed in range(8 if WHOLE else 2):
        known = np.sort(np.random.default_rng(seed).permutation(10)[:5])
        places = {int(label): number for number, label in enumerate(known)}
        trained = np.isin(train.labels, known)
        numbers = np.array([places[int(label)] for label in train.labels[trained]])
        novelty = fit_novelty(train.inputs[trained], numbers, 5)
        is_known = np.isin(labels, known)
        inside = novelty.score(features[is_known])
        found.append([_auroc(inside, novelty.score(rest)) for rest in (far, features[~is_known])])
    far_mean, near_mean = np.mean(found, 0)
    print(f"far {far_mean:.3f}, near {near_mean:.3f}")
    assert far_mean >= 0.98
    assert near_mean >= (0.80 if WHOLE else 0.72), "some photos are fewer to learn from"


def _auroc(inside: Any, outside: Any) -> float:
    return float(roc_auc_score([0] * len(inside) + [1] * len(outside), [*inside, *outside]))


# The page


@pytest.fixture(scope="module")
def page_file(learner: Learner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    learner.report().write(path)
    return path


def test_page_holds_everything_and_fetches_nothing(page_file: Path) -> None:
    text = page_file.read_text()
    assert re.search(r"Expect about \d+ right in 100 new pictures \(\d+ to [\d.]+\)[.;]", text)
    assert "48 test pictures" in text
    for title in (
        "Which classes it confuses",
        "Class by class",
        "What it looks at",
        "Can you trust its probabilities?",
        "not sure",
        "Nothing like this",
        "How the training went",
        "Would more pictures help?",
        "The pictures",
        "How it was made",
    ):
        assert title in text
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", text)
    assert "http" not in re.sub(r"http-equiv", "", text).replace("data:image", "")
    assert "<b>& é" not in text, "names of classes are no markup"


def test_page_in_chinese_says_all_of_it_in_chinese(learner: Learner) -> None:
    text = re.sub(
        r"data:[^\"']*|<style>.*?</style>|<script.*?</script>", "", learner.report().render("zh"), flags=re.S
    )
    assert 'lang="zh-CN"' in text
    plain = text.replace("\N{NO-BREAK SPACE}", " ")
    assert re.search(r"预计 100 张新图片能答对约 \d+ 张（\d+～[\d.]+ 张）", plain)
    for english in ("pictures", "between", "accuracy", "Class by class", "mistake"):
        assert english not in text
    with pytest.raises(WhatsitError, match="in the language “fr”"):
        learner.report().render("fr")


def test_page_of_a_thousand_classes_and_of_no_mistake_stays_readable() -> None:
    classes = [f"class {number}" for number in range(1000)]
    labels = np.arange(1000).repeat(2)
    perfect = Report("x", [Interpretation(classes, labels, np.eye(1000)[labels], "valid")])
    text = perfect.render()
    assert "The 30 most confused of 1,000 classes are shown." in text
    assert "2,000 right, 0 wrong" in text
    with pytest.raises(WhatsitError, match="nothing to report"):
        Report("x", [])
    assert len(text) < 2_000_000


@pytest.fixture(params=[(390, "dark"), (1200, "light")], ids=["phone", "desktop"])
def page(browser: "Browser", page_file: Path, request: pytest.FixtureRequest) -> Iterator["Page"]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: faults.append(asked.url) if asked.url.startswith("http") else None)
    page.goto(page_file.as_uri())
    yield page
    assert faults == []
    context.close()


def test_page_fits_a_phone_and_a_desktop(page: "Page") -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    broken = page.evaluate(
        "[...document.images].filter(image => !image.complete || !image.naturalWidth).length"
    )
    assert page.evaluate("document.images.length") > 20
    assert broken == 0
    assert page.evaluate("[...document.images].every(image => image.alt)")
    strange = page.locator(".eight img")
    assert strange.count() > 3
    for box in [one.bounding_box() for one in strange.all()]:
        assert box
        assert abs(box["width"] - box["height"]) < 1, "pictures of any shape are fitted into squares"
    assert page.evaluate("getComputedStyle(document.querySelector('.ends p')).wordBreak") == "keep-all"
    assert "content-visibility" not in page.content(), "what is not rendered yet is a gap when printed"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == (
        "rgb(21, 24, 28)" if page.viewport_size == {"width": 390, "height": 800} else "rgb(255, 255, 255)"
    )


def test_cells_open_their_pictures_by_keyboard_alone(page: "Page") -> None:
    cell = page.locator("details[open] button[data-cell]").first
    said = cell.get_attribute("aria-label")
    cell.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=said)
    assert dialog.is_visible()
    assert dialog.locator("li").first.get_attribute("aria-setsize") == cell.inner_text()
    assert dialog.locator("img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert page.evaluate("document.activeElement.dataset.cell") == cell.get_attribute("data-cell")


# The commands


def test_train_writes_the_report_and_it_can_be_made_again(command: Run, photos: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    words = "--project", project, "--epochs", 4, "--size", 128, "--augment", "none"
    done = command("train", photos, *words, "--json")
    run = Path(json.loads(done.stdout)["run"])
    beside = Path(json.loads(done.stdout)["report"])
    assert beside == tmp_path / "photos-report.html"
    assert beside.read_bytes() == (run / "report.html").read_bytes()
    first = (run / "report.html").read_text()

    alone = command("report", run, "--out", "own.html")
    assert alone.returncode == 2
    assert "Give their folder too" in alone.stderr, "the run itself may be a stranger's"
    again = command("report", run, photos, "--out", "own.html")
    assert again.returncode == 0, again.stderr
    assert re.search(
        r"Expect about \d+ right in 100 new pictures \(\d+ to [\d.]+\).*\.\nreport: own.html", again.stdout
    )
    takes = re.compile(r"about \d+ ms on this computer")
    assert takes.sub("", (tmp_path / "own.html").read_text()) == takes.sub("", first)

    of_bundle = command("report", "photos.whatsit", photos, "--project", project, "--lang", "zh", "--json")
    said = json.loads(of_bundle.stdout)
    assert list(said["splits"]) == ["test", "valid", "train"]
    assert said["splits"]["test"]["images"] == 48
    text = (tmp_path / "report.html").read_text()
    assert "轮之后" in text, "how the training went is known where the pictures are"


def test_report_on_a_folder_of_other_pictures_calls_them_all_new(
    bundle: Path, clothing: Path, tmp_path: Path, command: Run
) -> None:
    for label in ("shoes", "dress"):
        (tmp_path / "others" / label).mkdir(parents=True)
        for path in sorted((clothing / "train" / label).iterdir())[60:66]:
            shutil.copy(path, tmp_path / "others" / label)
    (tmp_path / "others" / "dress" / "broken.jpg").write_bytes(b"no picture")
    done = command("report", bundle, "others", "--out", "others.html", "--json")
    assert list(json.loads(done.stdout)["splits"]) == ["all"]
    assert json.loads(done.stdout)["splits"]["all"]["images"] == 12
    text = (tmp_path / "others.html").read_text()
    assert "broken.jpg" in text
    assert "training pictures</th>" not in text, "nobody knows which of them it was trained on"
    assert not (tmp_path / "others" / ".whatsit").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nothing.whatsit", "x"], "There is no bundle nothing.whatsit"),
        (["7"], 'There is no run "7"'),
        (["BUNDLE"], "Give a folder of labeled pictures"),
        (["BUNDLE", "nowhere"], "nowhere"),
        (["BUNDLE", "PHOTOS", "--out", "no/where.html"], "can't be written"),
        (["BUNDLE", "PHOTOS", "--out", "BUNDLE"], "ends in .html"),
        (["BUNDLE", "PHOTOS", "--out", "/dev/full"], "ends in .html"),
    ],
)
def test_report_of_what_is_not_there_is_one_sentence(
    command: Run, bundle: Path, photos: Path, words: list[str], reason: str
) -> None:
    known = {"BUNDLE": bundle, "PHOTOS": photos}
    done = command("report", *(known.get(word, word) for word in words))
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_run_whose_pictures_are_gone_is_reported_on_those_that_are_left(
    photos: Path, tmp_path: Path, cache: Path
) -> None:
    folder = some_of(photos, tmp_path / "photos", 12)
    from whatsit.config import TrainConfig
    from whatsit.training import automatic
    from whatsit.training.job import Job

    job = Job(TrainConfig(str(folder), str(tmp_path / "x.whatsit"), size=128, epochs=2, augment="none"))
    trained = automatic.carry_out(job)
    job.finish(trained.learner.run)
    before = trained.learner.evaluate("test").images
    next((folder / "test" / "shoes").iterdir()).unlink()
    again = load_learner(trained.learner.run, None)
    assert again.evaluate("test").images == before - 1
    assert again.get_preds()[0] == pytest.approx(trained.learner.get_preds()[0], abs=1e-6)


def test_predict_says_in_words_what_is_new_and_unsure_and_why(
    command: Run, bundle: Path, photos: Path, tmp_path: Path
) -> None:
    drawn(1).save(tmp_path / "drawn.png")
    shoes = sorted((photos / "test" / "shoes").iterdir())[:3]
    done = command("predict", bundle, "drawn.png", *shoes, "--explain", "why")
    first, *others = done.stdout.splitlines()
    assert re.fullmatch(r"drawn\.png: nothing like this \(novelty [01]\.\d\d\); nearest: .+ \d+\.\d%", first)
    assert any(re.search(r": shoes \d+\.\d%$", line) for line in others)
    names = sorted(path.name for path in (tmp_path / "why").iterdir())
    assert names == sorted(["drawn.png", *(f"{path.stem}.png" for path in shoes)])
    width, height = Image.open(tmp_path / "why" / "drawn.png").size
    assert width > 1.4 * height, "the picture and its heat map are side by side"

    among = command("predict", bundle, *shoes, "--explain", shoes[0].parent)
    assert among.returncode == 2
    assert "would mix with the pictures" in among.stderr

    unsure = command("predict", bundle, *shoes, "--min-probability", "shoes=1", "--json")
    for row in json.loads(unsure.stdout)["predictions"]:
        assert row["verdict"] in ("unsure", "novel") or row["probability"] > 1 - 1e-6
        assert row["label"] in row["probabilities"]
        assert 0 <= row["novelty"] <= 1
    for wrong, reason in (
        ("much", "not a probability"),
        ("1.5", "A probability must be from 0 to 1, not 1.5. Did you mean 0.015?"),
        ("panda=0.5", 'no class "panda"'),
    ):
        refused = command("predict", bundle, *shoes, "--min-probability", wrong)
        assert refused.returncode == 2
        assert reason in refused.stderr


def test_pictures_it_has_learnt_from_never_pass_for_new_ones(
    command: Run, photos: Path, tmp_path: Path
) -> None:
    """Without the folders that said the split, another one is made among what it was trained on."""
    some_of(photos, tmp_path / "p", 12)
    done = command("train", "p", "--size", 128, "--epochs", 3, "--augment", "none", "--json")
    for split in ("validation", "test"):
        shutil.rmtree(tmp_path / "p" / split)
    assert list(json.loads(done.stdout)["per_class"]) == sorted([ODD, *KNOWN[1:4]])
    of_bundle = command("report", "p.whatsit", "p")
    assert of_bundle.returncode == 2
    assert "The bundle was trained on all 48 pictures" in of_bundle.stderr
    assert not (tmp_path / "report.html").exists()
    of_run = command("report", "1", "p")
    assert of_run.returncode == 2
    assert "None of the validation pictures of run 0001 is left" in of_run.stderr


def test_folder_with_splits_of_its_own_that_it_never_saw_is_one(
    bundle: Path, photos: Path, tmp_path: Path
) -> None:
    copy = some_of(photos, tmp_path / "copy", 3)
    (found,) = report_folder(Classifier(bundle), copy).interpretations
    assert found.split == "all", "the training pictures may be among them"


def test_training_is_finished_though_its_report_fails(
    digits: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from whatsit.cli.train_result import run_and_print
    from whatsit.config import TrainConfig

    def fail(self: Report, lang: str = "en") -> None:
        raise WhatsitError("The disk is full.")

    monkeypatch.setattr(Report, "render", fail)
    run_and_print(TrainConfig(str(digits), str(tmp_path / "x.whatsit"), epochs=1, augment="none"))
    said = capsys.readouterr()
    assert "no report was written: The disk is full." in said.err
    assert "bundle: " in said.out
    record = json.loads((digits / ".whatsit" / "runs" / "0001" / "job.json").read_text())
    assert record["is_finished"]


def test_large_cells_show_the_worst_and_say_how_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whatsit.report import album

    monkeypatch.setattr(album, "PER_CELL", 3)
    monkeypatch.setattr(album, "MOST", 5)
    paths = [tmp_path / f"{number}.png" for number in range(8)]
    for number, path in enumerate(paths):
        rendered(number).save(path)
    sure = np.linspace(0.6, 0.95, 8)
    labels = np.array([0] * 6 + [1] * 2)
    said = np.stack([sure, 1 - sure], axis=1)
    page = Report("x", [Interpretation(["a", "b"], labels, said, "holdout", paths)]).render()
    data = json.loads(re.search(r'id="album-data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert [caption.split(" · ")[1] for _, caption, _ in data["cells"]["holdout-0-0"]["pictures"]] == [
        "0.png",
        "1.png",
        "2.png",
    ]
    assert data["cells"]["holdout-0-0"]["note"] == "3 of 6 are shown."
    assert data["cells"]["holdout-1-0"]["note"] == ""
    assert "it is worse on new ones" in page


def test_no_rounding_makes_it_perfect_or_useless() -> None:
    labels = np.zeros(341, int)
    said = np.eye(2)[[0] * 340 + [1]]
    assert (
        "Expect about 99.7 right in 100" in Report("x", [Interpretation(["a", "b"], labels, said)]).headline()
    )
    said = np.eye(2)[[1] * 341]
    assert "Expect about 0 right in 100" in Report("x", [Interpretation(["a", "b"], labels, said)]).headline()


def test_findings_of_the_doctor_are_shown_in_the_language_of_the_page_with_their_numbers() -> None:
    values = {"label": "hat", "images": 40, "wrong": 37, "other": "cap"}
    recorded = MessageRecord(code="doctor.class_never_recognized", values={**values})
    training = Training(RECORD.history, [("class_never_recognized", recorded, "hat")])
    (english,), (chinese,) = (training_section(training, Words(lang))["findings"] for lang in ("en", "zh"))
    assert english.startswith(
        "The model hardly ever recognizes hat: of 40 pictures it classifies 37 as cap. "
    )
    assert chinese.startswith("模型几乎认不出“hat”：40 张中有 37 张被认成“cap”。")
