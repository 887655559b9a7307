"""A table of suspects that somebody filled in is carried out whole, or not at all, with what is wrong."""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.pictures import contents
from tests.review.test_decisions import NAMES, fill, places, table
from whatsit.catalog import Catalog
from whatsit.cells import safe
from whatsit.project import Project

HEADER = "path,label,reason,score,suggestion,group,decision"


@pytest.fixture
def bears(tmp_path: Path) -> Path:
    return fill(tmp_path / "bears")


def decisions(folder: Path, *lines: tuple[str, str]) -> Path:
    """The table that `whatsit suspects --csv` writes, with a column filled in."""
    file = folder / "decisions.csv"
    rows = [f"{path},black,label,0.9,remove,,{words}" for path, words in lines]
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8-sig")
    return file


FILLED = (
    ("black/1.png", "remove"),
    ("black/2.png", "relabel: grizzly"),
    ("teddy/1.png", "Keep"),
    ("teddy/3.png", "unsure"),
    ("grizzly/1.png", ""),
    ("grizzly/2.png", "Relabel:teddy"),
)


def test_filled_in_table_is_carried_out_and_one_undo_takes_it_back(bears: Path, command: Run) -> None:
    before = contents(bears)
    done = command("review", "bears", "--apply", decisions(bears.parent, *FILLED))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "1 removed, 2 relabeled, 1 kept, 1 not sure"
    assert done.stdout.splitlines()[-1].endswith("undo bears takes it back")
    assert set(before) - places(bears) == {"black/1.png", "black/2.png", "grizzly/2.png"}
    listed = command("history", "bears").stdout.splitlines()
    assert "relabeled from black to grizzly: 1 picture" in listed[0]
    assert listed[0].endswith(" 2 more")
    undone = command("undo", "bears")
    assert "undone: 3 files back to where they were before" in undone.stdout
    assert contents(bears) == before
    assert command("history", "bears").stdout.splitlines()[0].endswith("(undone)")
    assert Project(bears).decided.holding() == []


def test_table_that_is_applied_again_changes_nothing(bears: Path, command: Run) -> None:
    file = decisions(bears.parent, *FILLED)
    command("review", "bears", "--apply", file)
    after = contents(bears)
    again = json.loads(command("review", "bears", "--apply", file, "--json").stdout)
    assert again == {
        **dict.fromkeys(("remove", "relabel", "keep", "unsure"), 0),
        "before": 5,
        "passed_over": [],
        "table": None,
        "test": None,
    }
    assert "5 decisions were applied before" in command("review", "bears", "--apply", file).stdout
    assert contents(bears) == after
    assert [
        entry["action"] for entry in json.loads(command("history", "bears", "--json").stdout)["actions"]
    ] == [1]


def test_decision_that_was_changed_meanwhile_is_carried_out_again(bears: Path, command: Run) -> None:
    for label, was in (
        ("grizzly", "black"),
        ("black", "grizzly"),
        ("grizzly", "black"),
        ("teddy", "grizzly"),
        ("grizzly", "black"),  # where it lay at first
    ):
        line = (f"{was}/young/1.png", f"relabel: {label}")
        done = command("review", "bears", "--apply", decisions(bears.parent, line))
        assert done.stdout.startswith("1 relabeled"), done.stderr
        assert places(bears) == {*NAMES} - {"black/young/1.png"} | {f"{label}/young/1.png"}
    for words, said in (("keep", "1 kept"), ("unsure", "1 not sure"), ("keep", "1 kept"), ("keep", "1 deci")):
        done = command("review", "bears", "--apply", decisions(bears.parent, ("teddy/1.png", words)))
        assert done.stdout.startswith(said)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            [("black/9.png", "remove"), ("x.png", "keep")],
            "line 3: black/9.png is not a picture of bears (and 1 line",
        ),
        ([("../outside.png", "remove")], "line 3: ../outside.png leads out of bears"),
        ([("black/../../outside.png", "remove")], "leads out of bears. Nothing"),
        ([("/etc/hostname", "remove")], "line 3: /etc/hostname leads out of bears"),
        ([("black", "remove")], "black is not a picture of bears. Nothing"),
        ([(".whatsit/project.sqlite", "remove")], "is not a picture of bears"),
        (
            [("black/2.png", "delete")],
            "“delete” is not a decision: write keep, remove, unsure, or relabel: CLASS",
        ),
        ([("black/2.png", "relabel")], "“relabel” is not a decision"),
        ([("black/2.png", "relabel: grizly")], "“grizly” is not one of the classes. Did you mean"),
        ([("black/2.png", "relabel: ../victim")], "“../victim” is not one of the classes"),
        ([("black/2.png", "=1+1")], "relabel: CLASS. Nothing was changed."),
        ([("black/1.png", "keep")], "line 3: black/1.png was decided otherwise in a line before. Nothing"),
    ],
)
def test_table_with_a_wrong_line_changes_nothing_and_says_which(
    bears: Path, command: Run, lines: list[tuple[str, str]], sentence: str
) -> None:
    (bears.parent / "outside.png").write_bytes(b"outside")
    before = contents(bears.parent)
    file = decisions(bears.parent, ("black/1.png", "remove"), *lines)
    refused = command("review", "bears", "--apply", file)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert sentence in refused.stderr
    assert "Nothing was changed." in refused.stderr
    file.unlink()
    assert contents(bears.parent) == before
    assert not Project(bears).decided.holding()


def test_picture_that_can_not_be_moved_is_named_in_whole_sentences(bears: Path, command: Run) -> None:
    (bears / "teddy").rename(bears.parent / "elsewhere")
    (bears / "teddy").symlink_to("../elsewhere")
    done = command("review", "bears", "--apply", decisions(bears.parent, ("teddy/1.png", "remove")))
    assert done.returncode == 2
    assert "Nothing was decided: " in done.stderr
    assert ".." not in done.stderr.replace("...", "")


def test_table_that_is_none_is_refused_in_words(bears: Path, command: Run, tmp_path: Path) -> None:
    for data, sentence in (
        (None, "nothing.csv is not a file that can be read."),
        (b"", "has no column path."),
        (b"path\nblack/1.png\n", "has no column decision."),
        (b"path,decision\nblack/1.png,\n", "has no decision."),
        (b'path,decision\n"black/1.png,keep\n', "is not a valid CSV file"),
        (b"path,decision\nblack/\xe9.png,keep\n", "is not UTF-8 text."),
    ):
        if data is not None:
            (tmp_path / "nothing.csv").write_bytes(data)
        refused = command("review", "bears", "--apply", "nothing.csv")
        assert refused.returncode == 2
        assert sentence in refused.stderr
    assert places(bears) == set(NAMES)


def test_what_spreadsheets_and_powershell_make_of_a_table_is_read(bears: Path, command: Run) -> None:
    odd = "=1+1.png"
    (bears / "black/1.png").rename(bears / "black" / odd)
    rows = [f"{safe('black/' + odd)};remove", "grizzly/1.png;keep"]
    (bears.parent / "excel.csv").write_bytes("\r\n".join(["Path;Decision", *rows]).encode("utf-16"))
    done = command("review", "bears", "--apply", "excel.csv")
    assert done.returncode == 0, done.stderr
    assert not (bears / "black" / odd).exists()


def test_file_whose_name_is_no_text_is_named_as_the_table_of_suspects_names_it(
    bears: Path, command: Run
) -> None:
    (bears / "black/1.png").rename(bears / os.fsdecode(b"black/\xe9.png"))
    done = command("review", "bears", "--apply", decisions(bears.parent, ("black/\\udce9.png", "remove")))
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(bears / "black")) == ["2.png", "young"]


def test_formula_cells_are_read_as_they_were_written(bears: Path, command: Run) -> None:
    (bears / "=sum").mkdir()
    fill(bears, ("=sum/1.png", "=sum/2.png"))
    file = bears.parent / "decisions.csv"
    file.write_text(f"path,decision\n{safe('=sum/1.png')},remove\nblack/1.png,relabel: =sum\n")
    done = command("review", "bears", "--apply", file)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(bears / "=sum")) == ["1-2.png", "2.png"]
    assert len(list(Catalog.from_folder(bears, to_train=False))) == len(NAMES) + 1


def test_review_of_a_table_says_what_to_train_on(bears: Path, command: Run) -> None:
    table(bears)
    done = command("review", "bears/table.csv", "--apply", decisions(bears.parent, ("black/1.png", "remove")))
    assert done.returncode == 0, done.stderr
    assert "train bears/cleaned.csv" in done.stdout
    undone = command("undo", "bears")
    assert undone.stdout.startswith("undone: 1 decision of 20")
    assert not (bears / "cleaned.csv").exists()


def test_table_that_was_edited_by_hand_is_kept_or_put_into_the_trash_with_a_warning(
    bears: Path, command: Run
) -> None:
    def review(path: str, words: str) -> str:
        done = command("review", table(bears), "--apply", decisions(bears.parent, (path, words)))
        assert done.returncode == 0, done.stderr
        return done.stderr

    assert "trash" not in review("black/1.png", "remove") + review("black/2.png", "relabel: teddy")
    cleaned = bears / "cleaned.csv"
    cleaned.write_text(
        mine := cleaned.read_text("utf-8-sig").replace("grizzly/1.png,grizzly", "grizzly/1.png,teddy")
    )
    assert "trash" not in review("teddy/1.png", "keep")
    assert cleaned.read_text() == mine
    assert "cleaned.csv was not as the decisions so far had made it" in review("teddy/3.png", "remove")
    command("undo", "bears")
    assert cleaned.read_text() == mine


def test_several_changes_are_undone_at_once(bears: Path, command: Run) -> None:
    before = contents(bears)
    for name, words in FILLED[:3]:
        command("review", "bears", "--apply", decisions(bears.parent, (name, words)))
    undone = command("undo", "bears", "--times", 2)
    assert [line.split(" ", 2)[:2] for line in undone.stdout.splitlines() if "undone" in line] == [
        ["undone:", "1"]
    ] * 2
    assert json.loads(command("undo", "bears", "--all", "--json").stdout) == {
        "restored": [str(bears / "black/1.png")],
        "decisions": 1,
    }
    assert contents(bears) == before
    assert command("undo", "bears", "--all").stdout == "nothing to undo\n"
    refused = command("undo", "bears", "--all", "--times", 2)
    assert refused.returncode == 2
    assert "can't both be given" in refused.stderr


def test_undo_that_is_stopped_by_a_file_in_the_way_goes_on_later(bears: Path, command: Run) -> None:
    before = contents(bears)
    command("review", "bears", "--apply", decisions(bears.parent, *FILLED))
    (bears / "black/1.png").write_bytes(b"mine")
    refused = command("undo", "bears", "--all")
    assert refused.returncode == 2
    assert "black/1.png already exists" in refused.stderr
    (bears / "black/1.png").unlink()
    assert command("undo", "bears", "--all").returncode == 0
    assert contents(bears) == before
    assert Project(bears).decided.holding() == []


def test_folder_that_can_only_be_read_is_left_alone(bears: Path, as_owner: Run) -> None:
    file = decisions(bears.parent, *FILLED)
    (bears / "black").chmod(0o555)
    bears.chmod(0o555)
    try:
        refused = as_owner("review", "bears", "--apply", file)
    finally:
        bears.chmod(0o755)
        (bears / "black").chmod(0o755)
    assert refused.returncode == 2, refused.stdout
    assert "could not be undone" in refused.stderr
    assert places(bears) == set(NAMES)
    assert not (bears / ".whatsit").exists()


def test_journal_of_a_newer_version_is_left_as_it_is(bears: Path, command: Run) -> None:
    file = decisions(bears.parent, *FILLED)
    project = Project(bears)
    with project.database.write() as database:
        database.execute("PRAGMA user_version = 99")
    data = project.database.path.read_bytes()
    for words in (("review", "bears", "--apply", file), ("undo", "bears"), ("history", "bears")):
        refused = command(*words)
        assert refused.returncode == 2
        assert "newer" in refused.stderr
    assert project.database.path.read_bytes() == data
    assert places(bears) == set(NAMES)
