"""Pictures that a classifier was trained on never pass as new ones, wherever they lie."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

import whatsit as wi
from tests.conftest import Run
from tests.shown import shown
from whatsit.bundle import Bundle
from whatsit.classifier import Classifier
from whatsit.errors import CatalogError
from whatsit.evaluation import evaluate_folder, report_folder
from whatsit.events import results_only
from whatsit.project import load_trained_on
from whatsit.training.finished import load_learner, report_of_run
from whatsit.training.learner import Learner

SIZE = 64


@pytest.fixture(scope="module")
def trained(all_digits: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 48 training and 12 validation pictures in train/, and the bundle beside it."""
    place = tmp_path_factory.mktemp("trained")
    for label in "017":
        (place / "digits" / "train" / label).mkdir(parents=True)
        for path in sorted((all_digits / label).glob("*.png"))[5:25]:
            shutil.copy(path, place / "digits" / "train" / label)
    from whatsit.cli.train_result import run_and_print
    from whatsit.config import TrainConfig

    options = {"epochs": 4, "augment": "none", "size": SIZE}
    config = TrainConfig(str(place / "digits"), str(place / "x.whatsit"), **options)  # type: ignore[arg-type]
    run_and_print(config, results_only(), json=True)
    return place


@pytest.fixture
def place(trained: Path, tmp_path: Path) -> Path:
    """A copy, whose pictures may be moved."""
    return Path(shutil.copytree(trained, tmp_path / "copy"))


def moved_to_test(place: Path, count: int) -> list[str]:
    """Move so many training pictures to test/."""
    known = load_trained_on(place / "digits" / ".whatsit" / "runs" / "0001")
    assert known is not None
    assert len(known) == 48
    items = [item for item in wi.Catalog.from_folder(place / "digits")["train"] if item.content in known]
    for item in items[:count]:
        target = place / "digits" / "test" / item.label
        target.mkdir(parents=True, exist_ok=True)
        item.path.rename(target / f"renamed {item.path.name}")
    return [item.content for item in items[:count]]


def test_training_pictures_moved_to_test_are_left_out(place: Path, command: Run) -> None:
    moved_to_test(place, 36)
    run = place / "digits" / ".whatsit" / "runs" / "0001"
    for report in (
        report_folder(Classifier(place / "x.whatsit"), place / "digits"),
        report_of_run(run, place / "digits"),
    ):
        assert [(one.split, len(one)) for one in report.interpretations] == [("valid", 12), ("train", 48)]
        assert report.left_out == 36
        assert "36 of the pictures set aside for measuring were left out" in report.headline()
        assert "36 张参与过训练" in shown(report.render("zh"))
    reported = command("evaluate", place / "x.whatsit", place / "digits", "--json")
    assert (found := json.loads(reported.stdout))["trained_on"] == 48
    assert found["images"] == 12
    refused = command("evaluate", place / "x.whatsit", place / "digits", "--split", "test")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "The bundle was trained on all 36 pictures" in refused.stderr


def test_learner_of_a_run_takes_moved_training_pictures_for_what_they_are(place: Path) -> None:
    contents = moved_to_test(place, 36)
    learner = load_learner(place / "digits" / ".whatsit" / "runs" / "0001", place / "digits")
    assert set(contents) <= {item.content for item in learner.catalog["train"]}
    assert learner.evaluate().accuracy == Bundle.read(place / "x.whatsit").metrics["accuracy"]
    with pytest.raises(CatalogError, match="test split has no pictures"):
        learner.interpret("test")


@pytest.mark.parametrize("options", [{"valid": 0.6}, {"seed": 7}])
def test_another_split_makes_no_training_picture_new(place: Path, options: dict[str, float]) -> None:
    classifier = Classifier(place / "x.whatsit")
    valid = wi.Catalog.from_folder(place / "digits", **{"valid": 0.2, "seed": 42, **options})["valid"]  # type: ignore[arg-type]
    evaluation, catalog, trained_on, *_ = evaluate_folder(classifier, place / "digits", "valid", **options)  # type: ignore[arg-type]
    known = load_trained_on(place / "digits" / ".whatsit" / "runs" / "0001")
    assert known is not None
    assert trained_on == sum(item.content in known for item in valid) > 0
    assert evaluation.images == len(valid) - trained_on == len(catalog)
    assert not known & {item.content for item in catalog}


def test_bundle_without_its_run_says_that_it_can_not_be_known(place: Path, command: Run) -> None:
    shutil.rmtree(place / "digits" / ".whatsit" / "runs")
    reported = command("evaluate", place / "x.whatsit", place / "digits")
    assert "only if it was not trained on these: its run was not found here." in reported.stdout
    assert evaluate_folder(Classifier(place / "x.whatsit"), place / "digits", None).trained_on is None
    report = report_folder(Classifier(place / "x.whatsit"), place / "digits")
    assert report.left_out is None
    assert "only if it was not trained on these" in report.headline()


def test_bundle_does_not_tell_what_it_was_trained_on(trained: Path) -> None:
    known = load_trained_on(trained / "digits" / ".whatsit" / "runs" / "0001")
    assert known
    data = (trained / "x.whatsit").read_bytes()
    assert not any(content.encode() in data or bytes.fromhex(content) in data for content in known)


def test_stage_remembers_what_it_was_trained_on(place: Path) -> None:
    first = Learner(wi.Catalog.from_folder(place / "digits"), size=SIZE)
    first.fit_one_cycle(1)
    first.save("stage-1")
    other = Learner(wi.Catalog.from_folder(place / "digits", seed=7), size=SIZE).load("stage-1")
    other.export(place / "y.whatsit")
    _, catalog, trained_on, *_ = evaluate_folder(Classifier(place / "y.whatsit"), place / "digits", "valid")
    assert trained_on
    assert not {item.content for item in first.catalog["train"]} & {item.content for item in catalog}


def test_list_that_somebody_damaged_is_not_known(tmp_path: Path) -> None:
    for text in ('{"a": 1}', "[1]", '["xyz"]', "[", "null"):
        (tmp_path / "trained-on.json").write_text(text)
        assert load_trained_on(tmp_path) is None


def test_the_page_of_a_training_counts_no_copy_of_a_training_picture_as_new(
    all_digits: Path, cache: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "digits"
    for label in "017":
        files = sorted((all_digits / label).glob("*.png"))
        for split, some in (("train", files[:15]), ("valid", files[15:20]), ("test", files[10:17])):
            (folder / split / label).mkdir(parents=True)
            for file in some:
                shutil.copy(file, folder / split / label)
    learner = wi.Learner(wi.Catalog.from_folder(folder), size=SIZE)
    learner.fit_one_cycle(2)
    assert learner._state.data.left_out == 15, "of 21 test pictures 15 are training pictures too"
    assert learner.evaluate("test").images == 6
    assert learner.report().left_out == 15
    learner.save("one")
    # Another split later: what it was trained on does not measure it.
    for label in "017":
        for file in sorted((folder / "train" / label).iterdir())[:4]:
            file.rename(folder / "test" / label / f"moved {file.name}")
    again = wi.Learner(wi.Catalog.from_folder(folder), size=SIZE).load("one")
    assert again.evaluate("test").images == 6
    assert len(again.interpret("test").labels) == 6


def test_runs_of_a_folder_that_can_only_be_read_are_found(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whatsit.project import Project

    digits, sha256 = place / "digits", Bundle.read(place / "x.whatsit").sha256
    assert Project.passing(digits).run_of(sha256) == digits / ".whatsit" / "runs" / "0001"


def test_copies_of_training_pictures_in_another_folder_are_reported(place: Path, command: Run) -> None:
    known = load_trained_on(place / "digits" / ".whatsit" / "runs" / "0001")
    assert known is not None
    items = [item for item in wi.Catalog.from_folder(place / "digits")["train"] if item.content in known]
    other = place / "elsewhere" / "other"
    for number, item in enumerate(items[:20]):
        (other / item.label).mkdir(parents=True, exist_ok=True)
        if number < 8:
            shutil.copy(item.path, other / item.label / f"copy-{number}.png")
        else:
            with Image.open(item.path) as image:
                image.resize((192, 192)).save(other / item.label / f"larger-{number}.png")
    found = command("evaluate", place / "x.whatsit", other)
    assert "8 pictures were left out, because it was trained on them." in found.stdout
    assert "12 of these pictures are nearly the same as one that it was trained on" in found.stdout
    report = report_folder(Classifier(place / "x.whatsit"), other)
    assert [(one.split, len(one)) for one in report.interpretations] == [("new", 12)]
    assert (report.left_out, report.near) == (8, 12)
    assert report.headline("en").splitlines() == [" ".join(found.stdout.splitlines()[:3])]
    counts = json.loads(command("evaluate", place / "x.whatsit", other, "--json").stdout)
    assert (counts["images"], counts["trained_on"], counts["near_training"]) == (12, 8, 12)
    (place / "x.whatsit").rename(place / "elsewhere" / "x.whatsit")
    lost = command("evaluate", place / "elsewhere" / "x.whatsit", other).stdout
    assert "its run was not found" in lost
    own = command("evaluate", place / "elsewhere" / "x.whatsit", place / "digits", "--json").stdout
    assert json.loads(own)["near_training"] == 0
