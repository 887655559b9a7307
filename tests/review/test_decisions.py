"""What is decided about pictures is carried out, remembered by content, and undone to the same bytes."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import WHOLE, campaign, rendered
from tests.killed import NEVER, Killer, Step
from tests.pictures import contents
from whatsit.catalog import Catalog, Item
from whatsit.collection.following import LOCK
from whatsit.collection.manifest import Manifest, Row
from whatsit.collection.provider import Found
from whatsit.errors import ProjectError, ReadOnlyProjectError, WhatsitError
from whatsit.project import Project
from whatsit.review import Decision, Decisions, Outcome, history, undo

NAMES = (
    "black/1.png",
    "black/2.png",
    "black/young/1.png",
    "grizzly/1.png",
    "grizzly/2.png",
    "teddy/1.png",
    "teddy/3.png",
    os.fsdecode("teddy/熊 é.png".encode()),
)
EACH = 1 if WHOLE else 9  # of how many moments a kill is tried at one
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # what is killed needs no real disk


@cache
def drawn(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        rendered(sum(os.fsencode(name)), (40, 32)).save(path := Path(folder, "drawn.png"))
        return path.read_bytes()


def fill(images: Path, names: tuple[str, ...] = NAMES) -> Path:
    for name in names:
        path = images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn(name))
    return images


@pytest.fixture
def bears(tmp_path: Path) -> Path:
    return fill(tmp_path / "bears")


def opened(images: Path) -> Decisions:
    return Decisions(Catalog.read(images, to_train=False))


def item(decisions: Decisions, name: str) -> Item:
    return decisions.catalog.items[decisions.catalog.paths.index(name)]


def decide(decisions: Decisions, choice: str, *names: str, label: str | None = None) -> Outcome:
    return decisions.decide([item(decisions, name) for name in names], choice, label)  # type: ignore[arg-type]


def undo_all(images: Path) -> None:
    list(undo(Project(images), None))


def places(images: Path) -> set[str]:
    return set(contents(images))


def test_removed_picture_is_in_the_trash_and_undo_brings_it_back(bears: Path) -> None:
    before = contents(bears)
    reviewer = opened(bears)
    outcome = decide(reviewer, "remove", "black/1.png", "teddy/1.png")
    assert places(bears) == set(before) - {"black/1.png", "teddy/1.png"}
    assert [(one.choice, str(one.path), one.was, one.place) for one in outcome.made] == [
        ("remove", "black/1.png", "black", None),
        ("remove", "teddy/1.png", "teddy", None),
    ]
    assert [str(move.reason) for move in reviewer.catalog.project.journal.trashed()] == [
        "removed in a review",
        "removed in a review",
    ]
    undone = reviewer.undo()
    assert undone is not None
    assert len(undone.moves) == len(undone.decisions) == 2
    assert contents(bears) == before
    assert reviewer.known() == {}
    assert reviewer.undo() is None


def test_relabeled_picture_moves_to_its_class_in_its_split_with_its_sub_folders(tmp_path: Path) -> None:
    names = ("train/black/young/1.png", "train/grizzly/1.png", "valid/black/1.png", "valid/grizzly/2.png")
    bears = fill(tmp_path / "bears", names)
    before = contents(bears)
    reviewer = opened(bears)
    decide(reviewer, "relabel", "train/black/young/1.png", "valid/black/1.png", label="grizzly")
    assert places(bears) == {
        "train/grizzly/young/1.png",
        "train/grizzly/1.png",
        "valid/grizzly/1.png",
        "valid/grizzly/2.png",
    }
    assert [(item.label, item.split) for item in opened(bears).catalog if "young" in str(item.path)] == [
        ("grizzly", "train")
    ]
    reviewer.undo()
    assert contents(bears) == before


def test_relabeled_pictures_get_numbers_where_their_names_are_taken(bears: Path) -> None:
    before = contents(bears)
    reviewer = opened(bears)
    decide(reviewer, "relabel", "black/1.png", "black/young/1.png", "teddy/1.png", label="grizzly")
    assert places(bears) - set(before) == {"grizzly/1-2.png", "grizzly/young/1.png", "grizzly/1-3.png"}
    assert (bears / "grizzly/1.png").read_bytes() == drawn("grizzly/1.png")
    assert (bears / "grizzly/1-2.png").read_bytes() == drawn("black/1.png")
    undo_all(bears)
    assert contents(bears) == before


def test_class_named_like_a_split_is_relabeled_to_its_own_folder(tmp_path: Path) -> None:
    bears = fill(tmp_path / "bears", ("test/black/1.png", "test/black/2.png", "grizzly/1.png"))
    reviewer = Decisions(Catalog.from_folder(bears, to_train=False))
    assert item(reviewer, "test/black/1.png").label == "test"
    decide(reviewer, "relabel", "test/black/1.png", label="grizzly")
    assert (bears / "grizzly/black/1.png").exists()


def test_kept_picture_is_known_by_its_content_wherever_it_lies(bears: Path) -> None:
    reviewer = opened(bears)
    decide(reviewer, "keep", "black/1.png", "black/2.png")
    (bears / "black/1.png").rename(bears / "black/renamed.png")
    later = opened(bears)
    known = later.known()[item(later, "black/renamed.png").content]
    assert known.settles("black")
    assert not known.settles("grizzly"), "somebody gave it another label since"
    assert places(bears) == {*NAMES, "black/renamed.png"} - {"black/1.png"}
    assert later.settled() == {"black/renamed.png", "black/2.png"}


def test_undo_of_what_moved_nothing_takes_back_the_decision_alone(bears: Path) -> None:
    reviewer = opened(bears)
    decide(reviewer, "remove", "teddy/1.png")
    decide(reviewer, "keep", "black/1.png")
    decide(reviewer, "unsure", "black/1.png")
    content = item(reviewer, "black/1.png").content
    assert reviewer.known()[content].choice == "unsure"
    undone = reviewer.undo()
    assert undone is not None
    assert (undone.moves, [one.choice for one in undone.decisions]) == ((), ["unsure"])
    assert reviewer.known()[content].choice == "keep"
    reviewer.undo()
    assert not (bears / "teddy/1.png").exists()
    reviewer.undo()
    assert places(bears) == set(NAMES)


def test_removed_copy_does_not_make_its_kept_twin_a_suspect_again(bears: Path) -> None:
    shutil.copy(bears / "black/1.png", bears / "black/copy.png")
    reviewer = opened(bears)
    decide(reviewer, "keep", "black/1.png")
    decide(reviewer, "remove", "black/copy.png")
    assert reviewer.known()[item(reviewer, "black/1.png").content].settles("black")
    decide(reviewer, "relabel", "black/1.png", label="teddy")
    decide(opened(bears), "remove", "teddy/1-2.png")
    assert reviewer.known()[item(reviewer, "black/1.png").content].choice == "remove"


def test_copy_of_a_kept_picture_is_not_settled_until_it_is_decided_too(bears: Path) -> None:
    shutil.copy(bears / "black/1.png", bears / "black/copy.png")
    reviewer = opened(bears)
    decide(reviewer, "keep", "black/1.png")
    assert reviewer.settled() == {"black/1.png"}
    (bears / "black/1.png").rename(bears / "black/renamed.png")
    assert len(opened(bears).settled()) == 1
    reviewer = opened(bears)
    decide(reviewer, "keep", "black/copy.png")
    assert reviewer.settled() == {"black/copy.png", "black/renamed.png"}


def test_new_label_needs_a_class_or_a_folder_for_it(bears: Path) -> None:
    before = contents(bears)
    reviewer = opened(bears)
    for label in ("grizly", "../grizzly", ".whatsit", "", "black/young", str(bears)):
        with pytest.raises(WhatsitError, match=r"is not one of the classes.*create the folder .*/NAME first"):
            decide(reviewer, "relabel", "black/1.png", label=label)
    assert contents(bears) == before
    (bears / "polar").mkdir()
    decide(reviewer, "relabel", "black/1.png", label="polar")
    assert (bears / "polar/1.png").exists()


def test_folder_to_create_for_a_class_is_in_the_split_of_the_picture(tmp_path: Path) -> None:
    splits = ("test", "train", "valid")
    names = [f"{split}/{label}/1.png" for split in splits for label in ("black", "grizzly")]
    reviewer = opened(fill(tmp_path / "bears", tuple(names)))
    for split in splits:
        with pytest.raises(WhatsitError, match=f"bears/{split}/NAME first"):
            decide(reviewer, "relabel", f"{split}/black/1.png", label="polar")


def test_folder_that_changed_meanwhile_is_left_as_it_is_and_that_is_said(bears: Path) -> None:
    reviewer = opened(bears)
    (bears / "black/1.png").unlink()
    (bears / "black/2.png").write_bytes(drawn("another"))
    (bears / "teddy/1.png").rename(bears / "teddy/renamed.png")
    fill(bears, ("teddy/added.png",))
    outcome = decide(reviewer, "remove", "black/1.png", "black/2.png", "teddy/1.png", "grizzly/1.png")
    assert [(path.name, str(why).split(" ", 1)[1]) for path, why in outcome.passed_over] == [
        ("1.png", "is not there any more."),
        ("2.png", "is another picture than it was."),
        ("1.png", "is not there any more."),
    ]
    assert [str(one.path) for one in outcome.made] == ["grizzly/1.png"]
    assert places(bears) == {*NAMES, "teddy/added.png", "teddy/renamed.png"} - {
        "black/1.png",
        "teddy/1.png",
        "grizzly/1.png",
    }


def test_two_reviewers_find_what_the_other_one_moved(bears: Path) -> None:
    before = contents(bears)
    one, other = opened(bears), opened(bears)
    decide(one, "relabel", "black/1.png", label="grizzly")
    decide(one, "remove", "teddy/1.png")
    outcome = decide(other, "relabel", "black/1.png", "teddy/1.png", label="teddy")
    assert [(one.was, one.label, str(one.place)) for one in outcome.made] == [
        ("grizzly", "teddy", "teddy/1-2.png")
    ]
    assert [str(why) for _, why in outcome.passed_over] == [
        f"{bears}/teddy/1.png was removed in a review meanwhile."
    ]
    undo_all(bears)
    assert contents(bears) == before


def test_two_reviewers_at_once_corrupt_nothing(bears: Path) -> None:
    before = contents(collected(bears))

    def review(number: int) -> None:
        for turn, name in enumerate(NAMES):
            reviewer = opened(bears)
            paths = reviewer.catalog.paths
            there = name if name in paths else paths[turn % len(paths)]
            choice = ("relabel", "remove", "keep")[(turn + number) % 3]
            decide(reviewer, choice, there, label=("black", "teddy")[number])
            if turn % 3 == 2:
                reviewer.undo()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(review, range(2)))
    Folder(bears, Counter(map(drawn, NAMES)), before).check()
    undo_all(bears)
    assert contents(bears) == before


def test_picture_behind_a_link_is_kept_but_not_moved(bears: Path, tmp_path: Path) -> None:
    (bears / "black").rename(tmp_path / "elsewhere")
    (bears / "black").symlink_to(tmp_path / "elsewhere")
    (bears / "teddy/link.png").symlink_to("3.png")
    (bears / "teddy/3.png").rename(tmp_path / "3.png")
    (bears / "teddy/3.png").symlink_to(tmp_path / "3.png")
    before = contents(bears)
    reviewer = opened(bears)
    outcome = decide(reviewer, "relabel", "black/1.png", "teddy/link.png", label="grizzly")
    assert outcome.made == ()
    assert [str(why).split(f"{bears}/")[1].split(",")[0].split(":")[0] for _, why in outcome.passed_over] == [
        "black/1.png is behind a symbolic link",
        "teddy/link.png is a symbolic link that would point to another file elsewhere",
    ]
    assert contents(bears) == before
    assert opened(bears).undo() is None


def test_where_nothing_can_be_written_down_nothing_is_decided(bears: Path) -> None:
    reviewer = Decisions(Catalog.from_folder(bears, to_train=False, lasting=False))
    for choice in ("keep", "remove"):
        with pytest.raises(ReadOnlyProjectError, match="could not be undone"):
            decide(reviewer, choice, "black/1.png")
    assert places(bears) == set(NAMES)


def test_copy_of_a_project_that_can_only_be_read_knows_what_was_decided(bears: Path) -> None:
    reviewer = opened(bears)
    decide(reviewer, "keep", "black/1.png")
    decide(reviewer, "relabel", "black/2.png", label="teddy")
    copy = Project.passing(bears)
    assert copy.decided.holding() == reviewer.catalog.project.decided.holding()


def test_history_lists_what_was_done_and_what_was_undone(bears: Path) -> None:
    reviewer = opened(bears)
    decide(reviewer, "remove", "black/1.png", "black/2.png")
    decide(reviewer, "keep", "teddy/1.png")
    decide(reviewer, "relabel", "teddy/3.png", label="grizzly")
    reviewer.undo()
    entries = history(reviewer.catalog.project)
    assert [(entry.action, entry.state, entry.files) for entry in entries] == [
        (1, "done", 2),
        (2, "done", 0),
        (3, "undone", 1),
    ]
    assert [[(str(what), count) for what, count in entry.what] for entry in entries] == [
        [("removed in a review", 2)],
        [("kept", 1)],
        [("relabeled from teddy to grizzly", 1)],
    ]


# Tables


def table(images: Path, header: str = "path;label;patient", *rows: str) -> Path:
    file = images / "table.csv"
    rows = rows or tuple(f"{name};{name.split('/')[0]};p{number}" for number, name in enumerate(NAMES))
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def labels(file: Path) -> dict[str, str]:
    catalog = Catalog.from_csv(file, to_train=False)
    return {path: catalog.names[label] for path, label in zip(catalog.paths, catalog.labels, strict=True)}


def test_where_labels_are_in_a_table_a_cleaned_one_is_written_and_nothing_moves(bears: Path) -> None:
    reviewer = opened(table(bears))
    before = contents(bears)
    assert decide(reviewer, "keep", "grizzly/1.png").table is None
    outcome = decide(reviewer, "relabel", "black/1.png", label="teddy")
    assert outcome.table == bears / "cleaned.csv"
    decide(reviewer, "remove", "black/2.png")
    lines = (bears / "cleaned.csv").read_text("utf-8-sig").splitlines()
    assert lines[:3] == ["path,label,patient", "black/1.png,teddy,p0", "black/young/1.png,black,p2"]
    assert len(lines) == len(NAMES)
    assert {name: data for name, data in contents(bears).items() if name != "cleaned.csv"} == before
    splits = {item.content: item.split for item in reviewer.catalog}
    again = Catalog.from_csv(bears / "cleaned.csv", to_train=False)
    assert all(splits[item.content] == item.split for item in again), "the split stays"
    reviewer.undo()
    assert set(labels(bears / "cleaned.csv")) == set(NAMES)
    undo_all(bears)
    assert contents(bears) == before
    assert reviewer.known() == {}


def test_cleaned_table_can_be_reviewed_again_and_the_first_one_too(bears: Path) -> None:
    before = contents(table(bears).parent)
    decide(opened(bears / "table.csv"), "relabel", "black/1.png", label="teddy")
    decide(opened(bears / "cleaned.csv"), "relabel", "black/1.png", label="grizzly")
    assert labels(bears / "cleaned.csv")["black/1.png"] == "grizzly"
    decide(opened(bears / "table.csv"), "remove", "black/2.png")
    assert labels(bears / "cleaned.csv")["black/1.png"] == "grizzly"
    decide(opened(bears / "table.csv"), "keep", "black/1.png")
    assert labels(bears / "cleaned.csv")["black/1.png"] == "black"
    undo_all(bears)
    assert contents(bears) == before


def test_persons_own_cleaned_table_comes_back_by_undo(bears: Path) -> None:
    (bears / "cleaned.csv").write_text("path,label\nblack/1.png,mine\n")
    before = contents(table(bears).parent)
    reviewer = opened(bears / "table.csv")
    decide(reviewer, "remove", "black/2.png")
    assert len(labels(bears / "cleaned.csv")) == len(NAMES) - 1
    reviewer.undo()
    assert contents(bears) == before


def test_picture_that_is_listed_twice_keeps_the_label_that_was_not_decided(bears: Path) -> None:
    rows = ("black/1.png,black", "black/1.png,grizzly", "teddy/1.png,teddy")
    reviewer = opened(table(bears, "path,label", *rows))
    items = [one for one in reviewer.catalog if one.label == "black"]
    reviewer.decide(items, "relabel", "teddy")
    assert (bears / "cleaned.csv").read_text("utf-8-sig").splitlines() == [
        "path,label",
        "black/1.png,teddy",
        "black/1.png,grizzly",
        "teddy/1.png,teddy",
    ]


def test_label_in_a_file_name_is_corrected_in_a_table_that_no_spreadsheet_computes(tmp_path: Path) -> None:
    bears = fill(tmp_path / "bears", ("=black_1.png", "@grizzly_1.png", "black_2.png", " teddy_3.png"))
    catalog = Catalog.from_pattern(bears, r"([a-z]+)_\d+\.png$", to_train=False)
    reviewer = Decisions(catalog)
    decide(reviewer, "relabel", "=black_1.png", label="grizzly")
    assert labels(bears / "cleaned.csv") == {
        "=black_1.png": "grizzly",
        "@grizzly_1.png": "grizzly",
        "black_2.png": "black",
        " teddy_3.png": "teddy",
    }
    lines = (bears / "cleaned.csv").read_text("utf-8-sig").splitlines()
    assert not [line for line in lines if line[0] in "=@ "]
    with pytest.raises(WhatsitError, match="There is no class"):
        decide(reviewer, "relabel", "black_2.png", label="polar")


def test_file_whose_name_is_no_text_can_not_be_in_a_table(tmp_path: Path) -> None:
    bears = fill(tmp_path / "bears", (os.fsdecode(b"black_\xe9_1.png"), "black_2.png", "grizzly_1.png"))
    reviewer = Decisions(Catalog.from_pattern(bears, "([a-z]+)_", to_train=False))
    with pytest.raises(WhatsitError, match=r"cleaned\.csv can't be written: a file has a name"):
        decide(reviewer, "remove", "black_2.png")
    assert reviewer.known() == {}


def test_full_disk_leaves_the_table_as_it_was(bears: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reviewer = opened(table(bears))
    decide(reviewer, "remove", "black/1.png")
    before, known = contents(bears), reviewer.known()

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ProjectError, match=r"cleaned\.csv can't be created.*No space left on device"):
        decide(reviewer, "remove", "black/2.png")
    assert contents(bears) == before
    assert reviewer.known() == known


# The manifest


def collected(images: Path) -> Path:
    """A manifest as if everything in the folder had been collected."""
    manifest = Manifest(images / "manifest.csv")
    for number, (name, data) in enumerate(sorted(contents(images).items())):
        label = name.partition("/")[0]
        if name.count("/") != 1 or label == "manifest.csv":
            continue
        url = f"http://127.0.0.1:1/{number}"
        manifest.add(label, [Found(url, license="by", author=f"A{number}")], label, number)
        assert isinstance(data, bytes)
        manifest.note(manifest.rows[label][url], "kept", file=name, sha256=sha256(data))
    manifest.tidy()
    return images


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def rows(images: Path) -> dict[str, Row]:
    """The rows of the manifest by author."""
    return {row.author: row for row in Manifest(images / "manifest.csv")}


def test_manifest_follows_pictures_so_that_license_and_author_stay_with_them(bears: Path) -> None:
    before = contents(collected(bears))
    found = {row.file: author for author, row in rows(bears).items()}
    reviewer = opened(bears)
    decide(reviewer, "relabel", "black/1.png", label="grizzly")
    decide(reviewer, "remove", "grizzly/1.png")
    moved, removed = rows(bears)[found["black/1.png"]], rows(bears)[found["grizzly/1.png"]]
    assert (moved.status, moved.file, moved.label) == ("kept", "grizzly/1-2.png", "black")
    assert (removed.status, removed.file, removed.error) == (
        "removed",
        "grizzly/1.png",
        "it was removed in a review",
    )
    undo_all(bears)
    assert contents(bears) == before


def test_manifest_that_is_being_collected_into_follows_later(bears: Path) -> None:
    from filelock import FileLock

    before = contents(collected(bears))
    reviewer = opened(bears)
    with FileLock(bears / ".whatsit" / LOCK):
        decide(reviewer, "relabel", "black/1.png", label="grizzly")
        decide(reviewer, "relabel", "teddy/1.png", label="grizzly")
    assert contents(bears)["manifest.csv"] == before["manifest.csv"]
    with FileLock(bears / ".whatsit" / LOCK):
        reviewer.undo()
    decide(reviewer, "keep", "black/2.png")
    assert {row.file for row in rows(bears).values()} == places(bears) - {"manifest.csv", "black/young/1.png"}
    undo_all(bears)
    assert contents(bears) == before


def test_manifest_that_can_not_be_read_stops_no_decision(
    bears: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bears / "manifest.csv").write_text("my own table\n")
    reviewer = opened(bears)
    decide(reviewer, "remove", "black/1.png")
    assert "the manifest does not show yet what was moved" in capsys.readouterr().err
    assert (bears / "manifest.csv").read_text() == "my own table\n"
    reviewer.undo()
    assert places(bears) == {*NAMES, "manifest.csv"}


# Kills


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@dataclass
class Folder:
    """What holds of a folder whatever was decided, and wherever a reviewer was killed."""

    images: Path
    pictures: Counter[bytes]
    original: dict[str, bytes | str]

    @property
    def sidecar(self) -> Path:
        return self.images / ".whatsit"

    def check(self) -> None:
        project = Project(self.images)
        assert not project.journal.is_torn()
        here, trash = contents(self.images), contents(self.sidecar / "trash")
        assert (
            Counter(data for data in [*here.values(), *trash.values()] if data in self.pictures)
            == self.pictures
        )
        for one in latest(project):
            if one.place is None:
                assert str(one.path) not in here or sha256(here[str(one.path)]) != one.content  # type: ignore[arg-type]
            else:
                assert sha256(here[str(one.place)]) == one.content  # type: ignore[arg-type]

    def check_undone(self) -> None:
        undo_all(self.images)
        assert contents(self.images) == self.original
        assert Project(self.images).decided.holding() == []


def latest(project: Project) -> list[Decision]:
    """The last decision of each picture, which all have contents of their own."""
    return list({one.content: one for one in project.decided.holding()}.values())


def begun(images: Path, has_table: bool) -> Folder:
    fill(images)
    if has_table:
        table(images, "path,label", *(f"{name},{name.split('/')[0]}" for name in NAMES))
    else:
        collected(images)
    return Folder(images, Counter(map(drawn, NAMES)), contents(images))


@st.composite
def steps(draw: st.DrawFn, folder: Folder) -> Step:
    """Something to decide about the pictures that are there now, or to undo."""
    there = sorted(name for name in contents(folder.images) if name.endswith(".png"))
    if not there or draw(st.integers(0, 3)) == 0:
        return "take back", [draw(st.sampled_from([1, 2, 3]))]
    names = draw(st.lists(st.sampled_from(there), unique=True, min_size=1, max_size=3))
    choice = draw(st.sampled_from(["keep", "remove", "relabel", "relabel", "unsure"]))
    return "decide", [choice, draw(st.sampled_from(["black", "grizzly", "teddy"])), *names]


@campaign(400)
@given(data=st.data())
def test_whatever_was_decided_and_killed_undoing_it_all_brings_back_every_byte(
    killer: Killer, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        folder = begun(Path(place, "bears"), data.draw(st.booleans()))
        for _ in range(data.draw(st.integers(1, 6))):
            for label in ("black", "grizzly", "teddy"):
                (folder.images / label).mkdir(exist_ok=True)
            before = data.draw(st.just(NEVER) | st.integers(5, 80))
            killer(folder.images, folder.sidecar, data.draw(steps(folder)), before)
            folder.check()
        folder.check_undone()


@pytest.mark.parametrize("has_table", [False, True], ids=["folders", "table"])
@pytest.mark.parametrize("last", ["decide", "take back"])
def test_kill_at_any_moment_loses_neither_a_picture_nor_a_decision(
    place: Path, killer: Killer, has_table: bool, last: str
) -> None:
    folder = begun(place / "bears", has_table)
    decide(opened(table_or(folder.images)), "keep", "black/2.png")
    step: Step = ("decide", ["relabel", "grizzly", "black/1.png", "teddy/1.png"])
    if last == "take back":
        assert not killer(folder.images, folder.sidecar, step, NEVER)
        step = ("take back", [1])
    kept = place / "kept"
    shutil.copytree(folder.images, kept)
    number, killed = 1, True
    while killed:
        killed = killer(folder.images, folder.sidecar, step, number)
        folder.check()
        folder.check_undone()
        shutil.rmtree(folder.images)
        shutil.copytree(kept, folder.images)
        number += EACH


def table_or(images: Path) -> Path:
    file = images / "table.csv"
    return file if file.exists() else images
