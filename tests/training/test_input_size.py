"""The side of the network's input: which one is taken, and what is said of it."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import whatsit as wi
from tests.conftest import Run
from whatsit.config import TrainConfig
from whatsit.events import EpochDone, Event, emitting
from whatsit.training import automatic, checkpoints
from whatsit.training import input_size as sizes
from whatsit.training.finished import load_learner
from whatsit.training.input_size import input_size
from whatsit.training.job import Job, further, resume


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., wi.Catalog]:
    """A catalog of plain pictures of some sizes, in two classes."""

    def make(*sides: tuple[int, int]) -> wi.Catalog:
        folder = tmp_path / "pictures"
        shutil.rmtree(folder, ignore_errors=True)
        for number, side in enumerate([*sides, *sides]):
            path = folder / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", side, (20 * number % 256, 90, 160)).save(path)
        return wi.Catalog.from_folder(folder, valid=0.5)

    return make


def test_large_pictures_get_more_and_small_or_many_ones_do_not(
    pictures: Callable[..., wi.Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = pictures((400, 300), (112, 900), (500, 500))
    assert input_size("auto", large, "lite0") == sizes.InputSize(320, "large", 300, 6)
    assert input_size("auto", large, "resnet18").why == "other"
    assert input_size("auto", large, "lite0", pretrained=False).pixels == 224
    assert input_size(288, large, "resnet18") == sizes.InputSize(288, "requested", 300, 6)
    monkeypatch.setattr(sizes, "MOST_PICTURES", 5)
    assert input_size("auto", large, "lite0") == sizes.InputSize(224, "many", 300, 6)
    small = pictures((111, 900), (96, 96), (400, 400))
    assert input_size("auto", small, "lite0") == sizes.InputSize(224, "small", 111, 6)


def test_train_and_report_say_which_size_was_taken_why_and_what_a_prediction_takes(
    command: Run, photos: Path, tmp_path: Path
) -> None:
    done = command("train", photos, "--epochs", 1)
    line = next(line for line in done.stdout.splitlines() if line.startswith("input size: "))
    assert line.startswith(
        "input size: 320 x 320 pixels, because your pictures are large enough; 224 would be"
    )
    assert re.search(r"\ntime per picture: about \d+ ms on this computer", done.stdout)
    page = (photos / ".whatsit" / "runs" / "0001" / "report.html").read_text()
    assert line.removeprefix("input size: ") in page
    assert "ms on this computer" in page
    record = json.loads((photos / ".whatsit" / "runs" / "0001" / "history.json").read_text())
    assert record["preprocess"]["size"] == 320

    said = json.loads(command("train", photos, "--epochs", 1, "--size", 96, "--json").stdout)
    assert (said["size"], said["size_reason"]) == (96, "requested")
    assert 0 < said["prediction_seconds"] < 60
    assert wi.Classifier(tmp_path / "photos.whatsit").model.preprocess.size == 96

    refused = command("train", photos, "--size", "large")
    assert refused.returncode == 2
    assert refused.stderr.startswith('whatsit: --size must be "auto" or a number of pixels, not "large".')


def test_run_keeps_its_size_whatever_today_would_be_chosen(
    command: Run, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("train", photos, "--epochs", 1)
    monkeypatch.setattr(sizes, "LEAST_SIDE", 10_000)
    learner = load_learner(photos / ".whatsit" / "runs" / "0001", None)
    assert (learner.input_size.pixels, learner.input_size.why) == (320, "requested")


@pytest.fixture
def photos(clothing: Path, tmp_path: Path) -> Path:
    """Twenty real photos of two classes."""
    for label in ("hat", "shoes"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for path in sorted((clothing / "train" / label).iterdir())[:10]:
            shutil.copy(path, tmp_path / "photos" / label)
    return tmp_path / "photos"


def test_training_that_goes_on_keeps_its_size_whatever_is_added_or_decided_since(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StopError(Exception):
        pass

    def stop(event: Event) -> None:
        if isinstance(event, EpochDone) and event.place == 2:
            raise StopError

    monkeypatch.setattr(checkpoints, "WORTH", 0.0)
    config = TrainConfig(str(photos), str(tmp_path / "x.whatsit"), epochs=3, augment="none")
    job = Job(config)
    with emitting(stop), pytest.raises(StopError):
        automatic.carry_out(job)
    job.release()
    monkeypatch.setattr(sizes, "LEAST_SIDE", 10_000)
    run, places = photos / ".whatsit" / "runs" / "0001", list[int]()
    resumed = resume(run)
    with emitting(lambda event: places.append(event.place) if isinstance(event, EpochDone) else None):
        learner = automatic.carry_out(resumed).learner
    assert places == [1, 2, 3]
    assert len(learner.history) == 3
    assert learner.input_size.pixels == 320
    resumed.finish(learner.run)
    more = further(run, epochs=1)
    assert automatic.carry_out(more).learner.input_size.pixels == 320
    more.release()
    learner.save("large")
    with pytest.raises(wi.WhatsitError, match=r"320 instead of 224\. Make the learner with size=320"):
        wi.Learner(wi.Catalog.from_folder(photos)).load("large")
