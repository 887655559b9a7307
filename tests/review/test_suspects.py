"""What `whatsit suspects` finds, says and prints."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Run, rendered
from tests.review.conftest import Faulty
from whatsit.cells import unsafe
from whatsit.review import Decisions, Suspect, opened, parse_choice, suspects, written_choice
from whatsit.review.suspect import RELABEL


def place(faulty: Faulty, path: Path) -> int:
    return [one.path for one in faulty.found].index(path)


def suspect(faulty: Faulty, path: Path) -> Suspect:
    return faulty.found[place(faulty, path)]


def test_every_planted_fault_is_among_the_first_suspects(faulty: Faulty) -> None:
    planted = [*faulty.wrong, faulty.copy, faulty.foreign, faulty.blank]
    assert {one.path for one in faulty.found[:8]} >= set(planted)
    scores = [one.score for one in faulty.found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert len({one.path for one in faulty.found}) == len(faulty.found)


def test_wrong_labels_come_with_the_right_one(faulty: Faulty) -> None:
    for path, kind in faulty.wrong.items():
        one = suspect(faulty, path)
        assert (one.reason, one.suggestion, one.predicted) == ("label", f"{RELABEL}{kind}", kind)
        assert one.probability > 0.5
        assert kind in str(one.detail)
        assert one.label in str(one.detail)


def test_a_copy_in_another_class_is_the_one_to_remove_and_its_original_comes_along(faulty: Faulty) -> None:
    copy, original = suspect(faulty, faulty.copy), suspect(faulty, faulty.original)
    assert (copy.reason, copy.suggestion, original.suggestion) == ("duplicate", "remove", "keep")
    assert copy.group == original.group is not None
    assert "bird/03.jpg, which is labeled bird" in str(copy.detail)
    assert copy.score > 0.8 > original.score


def test_foreign_and_blank_pictures_are_to_be_removed(faulty: Faulty) -> None:
    foreign, blank = suspect(faulty, faulty.foreign), suspect(faulty, faulty.blank)
    assert (foreign.reason, foreign.suggestion) == ("outlier", "remove")
    assert (blank.reason, blank.suggestion) == ("quality", "remove")


def test_test_pictures_are_looked_at_on_request_alone(faulty: Faulty) -> None:
    assert {one.split for one in faulty.found} <= {"train", "valid"}
    found = suspects(faulty.catalog, faulty.extract, ("test",))
    assert {one.split for one in found} == {"test"}
    assert found[0].path == faulty.wrong_test
    assert found[0].suggestion == f"{RELABEL}fish"


def test_copies_of_what_was_trained_on_are_reported_as_leaks(faulty: Faulty, tmp_path: Path) -> None:
    folder = tmp_path / "animals"
    shutil.copytree(faulty.folder, folder, ignore=shutil.ignore_patterns(".whatsit"))
    with Image.open(faulty.original) as image:
        for split in ("valid", "test"):
            image.resize((200, 200)).save(folder / split / "bird" / "leak.jpg", quality=70)
    assert not any(faulty.found.leaks.values())
    catalog, extract = opened(folder)
    found = suspects(catalog, extract)
    assert found.leaks == {"valid": 1, "test": 1}
    notes = " ".join(map(str, found.notes))
    assert "1 validation picture is nearly the same as a training picture" in notes
    assert "1 test picture is nearly the same as pictures that are trained on" in notes
    assert {one.path for one in found} >= {
        folder / "valid" / "bird" / "leak.jpg",
        folder / "train" / "bird" / "03.jpg",
    }
    asked = suspects(catalog, extract, ("test",))
    leak = next(one for one in asked if one.path.name == "leak.jpg")
    assert leak.reason == "duplicate"


def test_kept_pictures_do_not_come_back(faulty: Faulty) -> None:
    kept = faulty.found[0]
    again = suspects(faulty.catalog, faulty.extract, kept={kept.path.relative_to(faulty.folder).as_posix()})
    assert again.kept == 1
    assert kept.path not in {one.path for one in again}
    assert "decided about" in " ".join(map(str, again.notes))


def test_labels_that_somebody_decided_about_are_not_called_wrong(faulty: Faulty) -> None:
    assert faulty.found.noise is not None
    listed = {one.path.relative_to(faulty.folder).as_posix() for one in faulty.found}
    again = suspects(faulty.catalog, faulty.extract, kept=listed)
    assert again.noise is not None
    assert again.noise.joint.sum() == pytest.approx(faulty.found.noise.joint.sum())
    assert again.noise.rate < 0.0005 < faulty.found.noise.rate
    assert "of the labels" not in " ".join(map(str, again.notes))


def test_what_somebody_decided_to_keep_is_not_listed_again(faulty: Faulty, command: Run) -> None:
    first, decisions = faulty.found[0], Decisions(faulty.catalog)
    decisions.decide([first], "keep")
    printed = command("suspects", faulty.folder, "--top", 3).stdout
    decisions.undo()
    name = first.path.relative_to(faulty.folder).as_posix()
    assert name not in printed
    assert "1 picture is not listed again" in printed
    assert name in command("suspects", faulty.folder, "--top", 3).stdout


def test_same_pictures_give_the_same_list(faulty: Faulty) -> None:
    again = suspects(faulty.catalog, faulty.extract)
    assert [one.to_dict(faulty.folder) for one in again] == [
        one.to_dict(faulty.folder) for one in faulty.found
    ]


def test_json_has_the_keys_that_scripts_rely_on(faulty: Faulty, command: Run) -> None:
    printed = command("suspects", faulty.folder, "--json", "--top", 3)
    assert printed.returncode == 0
    found = json.loads(printed.stdout)
    assert found == [one.to_dict(faulty.folder) for one in faulty.found[:3]]
    assert list(found[0]) == ["path", "label", "reason", "score", "suggestion", "group"]


def test_csv_can_be_edited_and_read_back_with_any_name(faulty: Faulty, command: Run) -> None:
    printed = command("suspects", faulty.folder, "--csv")
    rows = list(csv.DictReader(io.StringIO(printed.stdout)))
    assert [unsafe(row["path"]) for row in rows] == [
        one.path.relative_to(faulty.folder).as_posix() for one in faulty.found
    ]
    assert {row["decision"] for row in rows} == {""}
    assert [parse_choice(unsafe(row["suggestion"])) for row in rows] == [
        parse_choice(one.suggestion) for one in faulty.found
    ]


def test_the_list_says_what_to_look_at_and_why_the_test_pictures_are_left_alone(
    faulty: Faulty, command: Run
) -> None:
    printed = command("suspects", faulty.folder, "--top", 5).stdout
    assert "train/cat/wrong.jpg" in printed
    assert "relabel: bird" in printed
    assert "7 test pictures were left alone" in printed
    assert "of the labels look wrong" in printed
    tests = command("suspects", faulty.folder, "--split", "test").stdout
    assert "test/bird/wrong.jpg" in tests
    assert "left alone" not in tests
    assert tests.rstrip().endswith("--split test --csv")


@pytest.mark.usefixtures("cache")
def test_folders_without_classes_to_compare_still_have_their_copies(tmp_path: Path) -> None:
    only = tmp_path / "only" / "patches"
    only.mkdir(parents=True)
    for number in range(4):
        rendered(number).save(only / f"{number}.png")
    (only / "copy.png").write_bytes((only / "0.png").read_bytes())
    found = suspects(*opened(tmp_path / "only"))
    assert [(one.reason, one.suggestion) for one in found] == [("duplicate", "remove"), ("duplicate", "keep")]
    assert found[0].score > 0.99
    assert found.noise is None
    assert "too few pictures" in str(found.notes[0])


def test_an_empty_folder_is_refused_in_one_sentence(tmp_path: Path, command: Run) -> None:
    (tmp_path / "empty").mkdir()
    refused = command("suspects", "empty")
    assert refused.returncode == 2
    assert len(refused.stderr.strip().splitlines()) == 1


def test_decisions_are_written_as_they_are_read() -> None:
    for choice, label in (("keep", None), ("remove", None), ("unsure", None), ("relabel", "a: b")):
        assert parse_choice(written_choice(choice, label)) == (choice, label)  # type: ignore[arg-type]
    for text in ("", "relabel", "relabel: ", "keep: x", "delete"):
        with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
            parse_choice(text)


def test_a_trained_folder_is_looked_at_as_it_was_trained(tmp_path: Path, command: Run) -> None:
    for number in range(24):
        folder = tmp_path / "patches" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        rendered(number, (64, 64 + 64 * (number % 2))).save(folder / f"{number}.png")
    trained = command(*("train", "patches", "--size", 64, "--valid", 0.3, "--epochs", 1, "--augment", "none"))
    assert trained.returncode == 0
    catalog, extract = opened(tmp_path / "patches")
    assert extract.preprocess.size == 64
    assert (catalog.rule.valid, len(catalog["valid"])) == (0.3, 8)


def test_without_cleanlab_the_command_says_what_to_install(
    tmp_path: Path, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsit.extras.is_installed", lambda package: package != "cleanlab")
    (tmp_path / "patches" / "some").mkdir(parents=True)
    for number in range(2):
        rendered(number).save(tmp_path / "patches" / "some" / f"{number}.png")
    refused = command("suspects", "patches")
    assert refused.returncode == 2
    assert "[clean]" in refused.stderr


def test_a_split_without_pictures_is_refused(tmp_path: Path, command: Run) -> None:
    (tmp_path / "patches" / "some").mkdir(parents=True)
    for number in range(3):
        rendered(number).save(tmp_path / "patches" / "some" / f"{number}.png")
    refused = command("suspects", "patches", "--split", "test")
    assert refused.returncode == 2
    assert "test" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
