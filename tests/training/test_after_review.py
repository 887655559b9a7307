"""Training again after labels were corrected and pictures removed: nothing is computed twice, the split is
kept, and the old model and the new one are compared on the labels of today.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

import whatsit as wi
from tests.conftest import Run
from tests.recorded import RECORD
from whatsit.bundle import Bundle
from whatsit.card import Cleaned
from whatsit.engine import Engine
from whatsit.project import Answered, FinishedRun
from whatsit.report.previous import previous_section
from whatsit.report.words import Words
from whatsit.review import Decisions
from whatsit.training.cleaned import counted
from whatsit.understand.cleaned import Measured
from whatsit.understand.previous import Compared, compare

SIZE = 64
DIGITS = {"epochs": 2, "size": SIZE}
OTHER = {"0": "1", "1": "7", "7": "0"}


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A 1 for every picture, or view of it, whose features the backbone computes."""
    seen: list[int] = []
    original = Engine.__call__

    def counted(self: Engine, pixels: NDArray[Any]) -> dict[str, NDArray[Any]]:
        if self._names == ["features"] and hasattr(self, "first"):  # beyond its first, black picture
            seen.extend([1] * len(pixels))
        return original(self, pixels)

    monkeypatch.setattr(Engine, "__call__", counted)
    return seen


def train(folder: Path, **options: object) -> Any:
    return wi.train(folder, folder.with_suffix(".whatsit"), **{**DIGITS, **options})


def splits(folder: Path) -> dict[str, str]:
    return {item.content: item.split for item in wi.Catalog.from_folder(folder)}


def clean(folder: Path) -> None:
    """Give a training and a validation picture another label, and take two others away."""
    catalog = wi.Catalog.from_folder(folder)
    for split in ("train", "valid"):
        moved, removed = catalog[split].items[:2]
        moved.path.rename(folder / OTHER[moved.label] / f"moved-{split}.png")
        removed.path.unlink()


def test_training_again_computes_no_feature_twice_keeps_the_split_and_compares(
    digits: Path, command: Run, computed: list[int]
) -> None:
    words = ("train", digits, "--epochs", 2, "--size", SIZE)
    first = command(*words)
    assert first.returncode == 0, first.stderr
    assert "Compared with run" not in first.stdout
    views = len(computed)
    assert views >= 60
    before = splits(digits)
    clean(digits)
    again = command(*words).stdout
    assert len(computed) == views, "features of pictures that stayed"
    after = splits(digits)
    assert len(after) == 58
    assert after.items() <= before.items()
    assert "Compared with run 0001, on the same 11 validation pictures with their current labels" in again
    assert "(1 relabeled, 1 no longer there)" in again
    page = (digits.parent / "digits-report.html").read_text()
    assert "Better than the training before?" in page
    assert "run 0001, as it was measured then" in page

    (digits / "0" / "new.png").write_bytes(next((digits / "0").glob("*.png")).read_bytes() + b"\0")
    document = json.loads(command(*words, "--json").stdout)
    assert 0 < len(computed) - views <= 4, "only views of the new picture"
    assert document["previous"]["run"] == "0002", "the one before, not the first"
    assert document["previous"]["relabeled"] == 0
    command("report", 2, digits)
    page = (digits / ".whatsit" / "runs" / "0002" / "report.html").read_text()
    assert "run 0001, with the current labels" in page, "an old run's page compares with those before it"


def answers(labels: str, predicted: str) -> dict[str, Answered]:
    """ "aab", "abb": three pictures labeled a, a, b, of which the second is predicted as b."""
    pairs = zip(labels, predicted, strict=True)
    return {f"{number:064x}": Answered(*pair) for number, pair in enumerate(pairs)}


def run_of(then: dict[str, Answered]) -> FinishedRun:
    right = {content: one.label == one.predicted for content, one in then.items()}
    return FinishedRun("0001", RECORD, right, then)


def compared(then: dict[str, Answered], now: dict[str, Answered]) -> Compared:
    found = compare(run_of(then), now)
    assert found is not None
    return found


def test_both_models_are_judged_by_the_labels_of_today() -> None:
    """The old one said b of a picture labeled a, which is a b today: it was right, and nobody is better."""
    found = compared(answers("aab" * 10, "abb" + "aab" * 9), answers("abb" + "aab" * 9, "abb" + "aab" * 9))
    assert (found.right_then, found.right_before, found.right) == (29, 30, 30)
    assert (found.relabeled, found.missing, found.fresh) == (1, 0, 0)
    assert found.difference.difference == 0
    assert "within chance" in found.messages()[1].text("en")
    assert "3.3% when it was trained" in found.messages()[2].text("en")


def test_pictures_that_only_one_was_measured_on_are_left_out() -> None:
    then, now = answers("ab" * 20, "ab" * 20), answers("ab" * 20, "ab" * 20)
    del now[f"{3:064x}"], then[f"{6:064x}"], then[f"{8:064x}"]
    found = compared(then, now)
    assert (found.images, found.missing, found.fresh) == (37, 1, 2)
    assert "1 no longer there, 2 new" in found.messages()[2].text("en")


@pytest.mark.parametrize(
    ("wrong_before", "wrong", "verdict"), [(3, 1, "chance"), (40, 10, "better"), (5, 35, "worse")]
)
def test_only_a_clear_change_is_called_one(wrong_before: int, wrong: int, verdict: str) -> None:
    labels = "ab" * 100

    def said(mistakes: int) -> str:
        return "ba" * (mistakes // 2) + "b" * (mistakes % 2) + labels[mistakes:]

    found = compared(answers(labels, said(wrong_before)), answers(labels, said(wrong)))
    assert found.messages()[1].code == f"previous.{verdict}"
    assert found.to_dict()["is_clear"] == (verdict != "chance")
    assert found.to_dict()["difference"][0] == pytest.approx((wrong - wrong_before) / 200)
    assert len(found.messages()) == 2, "labels are those of then"


def test_few_groups_can_not_show_what_is_chance() -> None:
    def grouped(predicted: str) -> dict[str, Answered]:
        found = answers("ab" * 20, predicted)
        return {
            content: one._replace(group=number // 4) for number, (content, one) in enumerate(found.items())
        }

    found = compared(grouped("ab" * 20), grouped("bb" * 20))
    assert (found.groups, found.has_interval) == (10, False)
    assert "from 10 groups" in found.messages()[1].text("en")
    assert found.to_dict()["difference"][1:] == [None, None]
    assert found.to_dict()["is_clear"] is False


def test_another_task_and_another_split_are_not_compared() -> None:
    now = answers("aabb", "aabb")
    assert compare(run_of({f"{9:064x}": Answered("a", "a")}), now) is None
    assert compare(run_of(answers("abab", "abab")), answers("cccd", "cccd")) is None
    assert compare(replace(run_of(now), answers={}), now) is None, "a run of an older version"
    renamed = compared(answers("aabb", "aaab"), answers("xxbb", "xxbb"))
    assert (renamed.relabeled, renamed.right_before) == (0, 3)


def test_page_has_a_row_for_each_measurement() -> None:
    found = compared(answers("aab" * 10, "abb" + "aab" * 9), answers("abb" + "aab" * 9, "abb" + "aab" * 9))
    section = previous_section(found, Words("en"))
    assert [row[1:] for row in section["rows"]] == [
        ("30", "29", "1", "3.3%"),
        ("30", "30", "0", "0.0%"),
        ("30", "30", "0", "0.0%"),
    ]
    assert "与训练记录 0001 相比" in previous_section(found, Words("zh"))["said"]


# What a review did to pictures that are measured on


@pytest.fixture
def split_digits(all_digits: Path, tmp_path: Path) -> Path:
    """0, 1 and 7 in train, valid and test folders."""
    for label in "017":
        paths = iter(sorted((all_digits / label).glob("*.png")))
        for split, count in (("train", 12), ("valid", 5), ("test", 5)):
            folder = tmp_path / "digits" / split / label
            folder.mkdir(parents=True)
            for _ in range(count):
                path = next(paths)
                (folder / path.name).write_bytes(path.read_bytes())
    return tmp_path / "digits"


def test_cleaned_test_pictures_are_reported_with_the_accuracy_before_and_after(
    split_digits: Path, tmp_path: Path, cache: Path, command: Run
) -> None:
    assert train(split_digits).cleaned == {}
    catalog = wi.Catalog.from_folder(split_digits)
    removed, relabeled, kept, *_ = catalog["test"].items
    table = tmp_path / "decisions.csv"
    wishes = {
        removed.path: "remove",
        relabeled.path: f"relabel: {OTHER[relabeled.label]}",
        kept.path: "keep",
        catalog["train"].items[0].path: "remove",
    }
    rows = [f"{path.relative_to(split_digits).as_posix()},{wish}" for path, wish in wishes.items()]
    table.write_text("\n".join(["path,decision", *rows]))
    applied = command("review", split_digits, "--apply", table)
    assert "Test pictures: These pictures were cleaned in a review (1 removed, 1 relabeled)" in applied.stdout
    result = train(split_digits)
    (cleaned,) = result.cleaned.values()
    assert (cleaned.split, cleaned.removed, cleaned.relabeled) == ("test", 1, 1)
    answers = {one.path: one.is_right for one in result.learner.interpret("test")}
    assert cleaned.after == Measured(sum(answers.values()), 14)
    was_right = [
        answer.label == item.label
        for item in (removed, relabeled)
        for answer in [result.learner.predict(next(split_digits.rglob(item.path.name)))]
    ]
    moved = next(path for path in answers if path.name == relabeled.path.name)
    assert cleaned.before == Measured(sum(answers.values()) - answers[moved] + sum(was_right), 15)
    said = " ".join(message.text("en") for message in result.headline.messages)
    assert "cleaned in a review (1 removed, 1 relabeled)" in said
    assert "cleaned in a review" in result.report.read_text()
    assert Bundle.read(result.bundle).facts.cleaned == {"test": Cleaned(1, 1), "train": Cleaned(1, 0)}
    assert "test pictures were cleaned" in " ".join(command("info", result.bundle).stdout.split())
    assert "cleaned in a review" in command("evaluate", result.bundle, split_digits, "--split", "test").stdout
    assert command("undo", split_digits).returncode == 0
    assert counted(result.learner._state) == {}


def test_wrong_label_that_somebody_keeps_is_no_suspect_any_more(digits: Path, cache: Path) -> None:
    items = wi.Catalog.from_folder(digits)["train"].items
    (odd,) = [item for item in items if item.label == "0"][:1]
    target = digits / "1" / "odd.png"
    odd.path.rename(target)
    first = train(digits, epochs=20)
    assert target in [one.path for one in first.suspects()]
    catalog = first.learner.catalog
    (item,) = [item for item in catalog["train"] if item.path == target]
    Decisions(catalog).decide([item], "keep")
    assert target not in [one.path for one in first.suspects()]
