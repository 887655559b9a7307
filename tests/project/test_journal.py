"""Pictures that were moved, trashed or added come back whole, whatever happened in between."""

import errno
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import WHOLE, Run, campaign
from tests.killed import NEVER, Killer, Step, another_disk, perform
from tests.pictures import contents
from whatsit.errors import ProjectError, ReadOnlyProjectError
from whatsit.project import Journal, Project

NAMES = (
    "black/1.jpg",
    "black/2.jpg",
    "black/same.jpg",
    "grizzly/1.jpg",
    "grizzly/same.jpg",
    "teddy/deep/er/熊 🐻\n.jpg",
    os.fsdecode(b"teddy/caf\xe9.jpg"),
    "teddy/empty.jpg",
)
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # what is killed needs no real disk


def fill(images: Path) -> Path:
    """Files with bytes of their own, but for two that are the same, and two links, one to nowhere."""
    for name in NAMES:
        path = images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = b"" if "empty" in name else b"same" if "same" in name else os.fsencode(name)
        path.write_bytes(content * 100)
    (images / "teddy" / "link.jpg").symlink_to(os.path.join("..", "black", "1.jpg"))
    (images / "teddy" / "nowhere.jpg").symlink_to("nowhere")
    return images


@pytest.fixture
def bears(tmp_path: Path) -> Path:
    return fill(tmp_path / "bears")


def everything(images: Path, folder: Path) -> Counter[bytes | str]:
    """How often there is what, in the image folder and the trash together."""
    return Counter([*contents(images).values(), *contents(folder / "trash").values()])


def all_there_is(project: Project) -> Counter[bytes | str]:
    return everything(project.images, project.folder)


def empty_folders(folder: Path) -> list[Path]:
    """What a kill may leave in the trash."""
    return [path for path in (folder / "trash").glob("*") if path.is_dir() and not any(path.iterdir())]


def added(*steps: Step) -> list[bytes]:
    """What the steps added, each once."""
    names = [name for verb, files in steps if verb == "create" for name in files]
    names += [os.path.basename(to) for verb, files in steps if verb == "replace" for _, to in files]
    return [os.fsencode(name) * 3 for name in names]


def undo_all(project: Project) -> None:
    while True:
        with project.lock():
            if not project.journal.undo():
                return


def trash(project: Project, *names: str) -> None:
    perform(project, ("trash", names))


def relabel(project: Project, *ways: tuple[str, str]) -> None:
    perform(project, ("move", ways))


def last_undone(project: Project) -> list[str]:
    with project.lock():
        return [str(move.start.relative_to(project.images)) for move in project.journal.undo()]


def states(project: Project) -> list[str]:
    with project.database.read() as database:
        return [state for (state,) in database.execute("SELECT state FROM moves ORDER BY id")]


def test_trashed_pictures_come_back_to_the_same_bytes_at_the_same_paths(bears: Path) -> None:
    before = contents(bears)
    project = Project(bears)
    trash(project, *before)
    assert contents(bears) == {}
    assert all_there_is(project) == Counter(before.values())
    assert last_undone(project) == list(reversed(before))
    assert contents(bears) == before
    assert not list((bears / ".whatsit" / "trash").iterdir())


def test_relabeled_and_added_pictures_are_taken_back_action_by_action(bears: Path) -> None:
    before = contents(bears)
    project = Project(bears)
    relabel(project, ("black/1.jpg", "grizzly/from black.jpg"), ("black/2.jpg", "new label/2.jpg"))
    perform(project, ("create", ["black/1.jpg"]))
    assert (bears / "black/1.jpg").read_bytes() == b"black/1.jpg" * 3
    relabel(project, ("new label/2.jpg", "polar/2.jpg"))
    assert last_undone(project) == ["new label/2.jpg"]
    perform(project, ("undo", ()))
    assert not (bears / "black/1.jpg").exists()
    assert last_undone(project) == ["black/2.jpg", "black/1.jpg"]
    assert contents(bears) == before
    assert last_undone(project) == []


def test_added_picture_that_was_undone_lies_in_the_trash(bears: Path) -> None:
    project = Project(bears)
    perform(project, ("create", ["black/new.jpg"]))
    perform(project, ("undo", ()))
    (move,) = project.journal.trashed()
    assert move.target == bears / "black/new.jpg"
    assert move.in_trash.read_bytes() == b"black/new.jpg" * 3


def test_trash_tells_when_and_why_even_where_the_reason_is_no_text(bears: Path) -> None:
    project = Project(bears)
    odd = os.fsdecode(b"teddy/caf\xe9.jpg")
    trash(project, odd)
    (move,) = Project(bears).journal.trashed()
    assert (move.source, str(move.reason), move.state) == (bears / odd, f"{odd} is not a bear", "made")
    assert move.at[:2] == "20"


def test_file_in_the_way_of_an_undo_is_left_alone_and_the_next_undo_goes_on(bears: Path) -> None:
    before = contents(bears)
    project = Project(bears)
    trash(project, "black/1.jpg", "black/2.jpg", "grizzly/1.jpg")
    (bears / "black/2.jpg").write_text("mine")
    with pytest.raises(ProjectError, match=r"black/2\.jpg already exists, so .*2\.jpg can\'t be moved there"):
        last_undone(project)
    assert (bears / "black/2.jpg").read_text() == "mine"
    assert (bears / "grizzly/1.jpg").exists()
    (bears / "black/2.jpg").unlink()
    assert last_undone(project) == ["black/2.jpg", "black/1.jpg"]
    assert contents(bears) == before


def test_picture_that_is_gone_does_not_stand_in_the_way_of_undoing_the_rest(
    bears: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(bears)
    project = Project(bears)
    trash(project, "grizzly/1.jpg")
    relabel(project, ("black/1.jpg", "grizzly/1.jpg"), ("black/2.jpg", "grizzly/2.jpg"))
    (bears / "grizzly/2.jpg").rename(bears / "elsewhere.jpg")
    assert last_undone(project) == ["black/1.jpg"]
    assert "2.jpg no longer exists, so it can't be moved back" in capsys.readouterr().err
    assert last_undone(project) == ["grizzly/1.jpg"]
    assert last_undone(project) == []
    (bears / "elsewhere.jpg").rename(bears / "grizzly/2.jpg")
    assert last_undone(project) == ["black/2.jpg"]
    assert contents(bears) == before


@pytest.mark.parametrize(
    ("ways", "sentence"),
    [
        ([("black/1.jpg", "a.jpg"), ("black/none.jpg", "b.jpg")], "none.jpg no longer exists"),
        ([("black/1.jpg", "a.jpg"), ("black/2.jpg", "grizzly/1.jpg")], "1.jpg already exists"),
        ([("black/1.jpg", "a.jpg"), ("black/2.jpg", "teddy/nowhere.jpg")], "nowhere.jpg already exists"),
        ([("black/same.jpg", "a.jpg"), ("grizzly/same.jpg", "a.jpg")], "a.jpg is given twice"),
        ([("black/1.jpg", "a.jpg"), ("black/1.jpg", "b.jpg")], "1.jpg is given twice"),
    ],
)
def test_what_cannot_be_moved_as_a_whole_is_not_begun(
    bears: Path, ways: list[tuple[str, str]], sentence: str
) -> None:
    before = contents(bears)
    project = Project(bears)
    with pytest.raises(ProjectError, match=rf"{sentence}.*Nothing was moved"):
        relabel(project, *ways)
    assert contents(bears) == before
    assert states(project) == []


def no_hard_links(*_: object, **__: object) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("has_links", [True, False])
def test_file_that_came_in_the_way_meanwhile_is_never_overwritten(
    bears: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    project = Project(bears)
    link = os.link

    def be_overtaken(here: Path, there: Path, **options: bool) -> None:
        if there == bears / "grizzly/2.jpg":
            there.write_text("mine")
        (link if has_links else no_hard_links)(here, there, **options)

    monkeypatch.setattr(os, "link", be_overtaken)
    ways = [("black/1.jpg", "grizzly/3.jpg"), ("black/2.jpg", "grizzly/2.jpg"), ("teddy/empty.jpg", "4.jpg")]
    with pytest.raises(
        ProjectError, match=r"grizzly/2\.jpg already exists, so .*black/2\.jpg can\'t be moved"
    ):
        relabel(project, *ways)
    assert (bears / "grizzly/2.jpg").read_text() == "mine"
    assert (bears / "black/2.jpg").exists()
    assert (bears / "teddy/empty.jpg").exists()
    assert states(project) == ["made", "cancelled", "cancelled"]
    assert last_undone(project) == ["black/1.jpg"]


def test_new_file_that_is_overtaken_leaves_nothing_in_the_trash(
    bears: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(bears)
    make = Journal.make

    def be_overtaken(journal: Journal, moves: object) -> None:
        (bears / "black/new.jpg").write_text("mine")
        make(journal, moves)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "make", be_overtaken)
    with pytest.raises(ProjectError, match=r"new\.jpg already exists, so .*new\.jpg can\'t be moved there"):
        perform(project, ("create", ["black/new.jpg"]))
    assert (bears / "black/new.jpg").read_text() == "mine"
    assert not contents(project.folder / "trash")
    assert project.journal.trashed() == []


def test_disks_without_hard_links_are_no_obstacle(bears: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(bears)
    monkeypatch.setattr(os, "link", no_hard_links)
    project = Project(bears)
    trash(project, *before)
    assert contents(bears) == {}
    undo_all(project)
    assert contents(bears) == before


def test_trash_on_another_disk_brings_pictures_back_with_their_times(bears: Path, tmp_path: Path) -> None:
    before = contents(bears)
    stamp = (bears / "black/1.jpg").stat().st_mtime_ns - 10**12
    os.utime(bears / "black/1.jpg", ns=(stamp, stamp))
    project = Project(bears, tmp_path / "elsewhere")
    with another_disk(project.folder):
        trash(project, *before)
        assert all_there_is(project) == Counter(before.values())
        undo_all(project)
    assert contents(bears) == before
    assert (bears / "black/1.jpg").stat().st_mtime_ns == stamp
    assert not contents(project.folder / "trash")


def test_trash_on_a_disk_that_really_is_another(bears: Path) -> None:
    if MEMORY is None or Path(MEMORY).stat().st_dev == bears.stat().st_dev:
        pytest.skip("there is no other disk here")
    before = contents(bears)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        project = Project(bears, folder)
        trash(project, *before)
        assert contents(bears) == {}
        assert Counter(contents(Path(folder, "trash")).values()) == Counter(before.values())
        undo_all(project)
    assert contents(bears) == before


def test_full_disk_while_copying_to_the_trash_leaves_the_picture_and_no_rubbish(
    bears: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_half(here: Path, there: Path, **_: object) -> None:
        there.write_bytes(here.read_bytes()[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    before = contents(bears)
    project = Project(bears)
    monkeypatch.setattr(shutil, "copyfile", copy_half)
    with (
        another_disk(project.folder),
        pytest.raises(ProjectError, match=r"black/1\.jpg can't be moved .*: No space left"),
    ):
        trash(project, "black/1.jpg", "black/2.jpg")
    assert contents(bears) == before
    assert not contents(project.folder / "trash")
    assert states(project) == ["cancelled", "cancelled"]


@pytest.mark.parametrize("is_another", [True, False])
def test_picture_whose_folder_is_read_only_is_not_doubled(
    bears: Path, monkeypatch: pytest.MonkeyPatch, is_another: bool
) -> None:
    before = contents(bears)
    project = Project(bears)
    unlink = os.unlink

    def refuse(path: Path, **options: int) -> None:
        if Path(path).parent.name == "black":
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", refuse)
    with (
        another_disk(project.folder if is_another else None),
        pytest.raises(ProjectError, match=r"black/1\.jpg can't be moved .*: Permission denied"),
    ):
        trash(project, "black/1.jpg")
    assert contents(bears) == before
    assert not contents(project.folder / "trash")


def test_new_file_that_does_not_fit_on_the_disk_leaves_nothing(
    bears: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    project = Project(bears)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ProjectError, match=r"new\.jpg can't be written: No space left"):
        perform(project, ("create", ["black/new.jpg"]))
    assert not contents(project.folder / "trash")
    assert not (bears / "black/new.jpg").exists()
    assert states(project) == ["cancelled"]


@pytest.mark.parametrize("is_over", [True, False], ids=["after a move", "before a move"])
def test_ctrl_c_between_moves_is_healed_by_the_next_writer(
    bears: Path, monkeypatch: pytest.MonkeyPatch, is_over: bool
) -> None:
    before = contents(bears)
    project = Project(bears)
    link = os.link

    def interrupted(here: Path, there: Path, **options: bool) -> None:
        if here.name == "2.jpg" and not is_over:
            raise KeyboardInterrupt
        link(here, there, **options)
        if here.name == "2.jpg":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trash(project, "black/1.jpg", "black/2.jpg", "grizzly/1.jpg")
    with project.lock():
        assert not project.journal.is_torn()
        assert len(project.journal.trashed()) == (2 if is_over else 1)
        assert all_there_is(project) == Counter(before.values())
    undo_all(project)
    assert contents(bears) == before


def plan(project: Project, source: str, target: str | None) -> Path:
    """A move that was written down when the process was killed; returns where the file was to go."""
    to = None if target is None else project.images / target
    (move,) = project.journal.plan(1, [(project.images / source, to, "why")])
    move.end.parent.mkdir(parents=True, exist_ok=True)
    return move.end


@pytest.mark.parametrize("target", ["grizzly/2.jpg", None])
def test_file_put_where_a_picture_was_that_had_been_moved_before_the_crash(
    bears: Path, target: str | None
) -> None:
    project = Project(bears)
    end = plan(project, "black/2.jpg", target)
    (bears / "black/2.jpg").rename(end)
    (bears / "black/2.jpg").write_text("mine")
    Project(bears)
    assert (bears / "black/2.jpg").read_text() == "mine"
    assert end.read_bytes() == b"black/2.jpg" * 100
    if target is None:  # only in the trash is it sure whose file that is
        assert [move.in_trash for move in project.journal.trashed()] == [end]
        with pytest.raises(
            ProjectError, match=r"black/2\.jpg already exists, so .*2\.jpg can\'t be moved there"
        ):
            last_undone(project)
    else:
        assert last_undone(project) == []


def test_file_put_where_a_picture_was_to_go_before_the_crash_is_not_taken_for_it(bears: Path) -> None:
    project = Project(bears)
    plan(project, "black/2.jpg", "grizzly/2.jpg").write_text("mine")
    Project(bears)
    assert last_undone(project) == []
    assert (bears / "black/2.jpg").read_bytes() == b"black/2.jpg" * 100
    assert (bears / "grizzly/2.jpg").read_text() == "mine"


@pytest.mark.parametrize("target", ["grizzly/2.jpg", None])
def test_file_put_in_the_way_of_an_undo_that_was_killed_is_not_taken_for_it(
    bears: Path, target: str | None
) -> None:
    project = Project(bears)
    end = plan(project, "black/2.jpg", target)
    (bears / "black/2.jpg").rename(end)
    with project.database.write() as database:
        database.execute("UPDATE moves SET state = 'undoing'")
    (bears / "black/2.jpg").write_text("mine")
    Project(bears)
    with pytest.raises(ProjectError, match=r"black/2\.jpg already exists, so .*2\.jpg can\'t be moved there"):
        last_undone(project)
    (bears / "black/2.jpg").unlink()
    assert last_undone(project) == ["black/2.jpg"]


def test_picture_on_a_disk_that_is_away_is_asked_after_again(bears: Path) -> None:
    project = Project(bears)
    end = plan(project, "black/2.jpg", None)
    (bears / "black/2.jpg").rename(bears.parent / "away.jpg")
    with project.lock():
        assert project.journal.is_torn()
        assert project.journal.undo() == []
    (bears.parent / "away.jpg").rename(end)
    assert [move.in_trash for move in Project(bears).journal.trashed()] == [end]


def test_emptying_the_trash_deletes_what_lies_in_it_and_nothing_else(bears: Path) -> None:
    before = contents(bears)
    project = Project(bears)
    relabel(project, ("grizzly/1.jpg", "black/3.jpg"))
    trash(project, "black/1.jpg", "teddy/link.jpg")
    perform(project, ("create", ["black/new.jpg"]))
    perform(project, ("undo", ()))
    with project.lock():
        assert project.journal.empty() == 3
        assert project.journal.trashed() == []
        assert project.journal.empty() == 0
    assert not list((project.folder / "trash").iterdir())
    assert last_undone(project) == ["grizzly/1.jpg"]
    assert last_undone(project) == []
    for name in ("black/1.jpg", "teddy/link.jpg"):
        del before[name]
    assert contents(bears) == before


def test_trash_that_cannot_be_emptied_is_said_and_the_rest_can_still_be_undone(
    bears: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(bears)
    trash(project, "black/1.jpg", "black/2.jpg", "grizzly/1.jpg")
    rmtree = shutil.rmtree

    def refuse(path: Path) -> None:
        if (path / "2.jpg").exists():
            raise PermissionError(errno.EACCES, "Permission denied")
        rmtree(path)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(ProjectError, match=r"2\.jpg can't be deleted: Permission denied"), project.lock():
            project.journal.empty()
    assert [move.in_trash.name for move in project.journal.trashed()] == ["2.jpg", "1.jpg"]
    assert last_undone(project) == ["grizzly/1.jpg", "black/2.jpg"]


def test_trash_of_a_lost_database_is_not_mixed_up_with_the_new_one(bears: Path) -> None:
    project = Project(bears)
    trash(project, "black/1.jpg", "black/2.jpg")
    (project.folder / "project.sqlite").rename(bears.parent / "lost.sqlite")
    project = Project(bears)
    trash(project, "grizzly/1.jpg")
    with project.lock():
        assert project.journal.empty() == 1
    assert set(contents(project.folder / "trash")) == {"000001/1.jpg", "000002/2.jpg"}


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_image_folder_that_was_moved_keeps_its_journal(
    bears: Path, tmp_path: Path, is_elsewhere: bool
) -> None:
    before = contents(bears)
    elsewhere = tmp_path / "project" if is_elsewhere else None
    trash(Project(bears, elsewhere), "black/1.jpg")
    relabel(Project(bears, elsewhere), ("black/2.jpg", "grizzly/2.jpg"))
    moved = bears.rename(tmp_path / os.fsdecode(b"caf\xe9"))
    undo_all(Project(moved, elsewhere))
    assert contents(moved) == before
    assert not bears.exists()


@pytest.mark.parametrize("verb", ["trash", "move"])
def test_picture_outside_the_image_folder_is_not_moved(bears: Path, tmp_path: Path, verb: str) -> None:
    outside = tmp_path / "outside.jpg"
    outside.write_text("outside")
    before = contents(bears)
    project = Project(bears)
    names = (str(outside), os.path.join("..", "outside.jpg"), os.path.join("black", "..", "black", "2.jpg"))
    for name in names:
        step = (
            ("trash", ["black/1.jpg", name]) if verb == "trash" else ("move", [("black/1.jpg", name + "x")])
        )
        with pytest.raises(ProjectError, match=r"is not in the image folder .*Nothing was moved"):
            perform(project, step)
    assert outside.read_text() == "outside"
    assert contents(bears) == before
    assert states(project) == []


def test_picture_behind_a_link_is_not_moved(bears: Path, tmp_path: Path) -> None:
    (bears / "black").rename(tmp_path / "elsewhere")
    (bears / "black").symlink_to(tmp_path / "elsewhere")
    before = contents(bears.parent)
    project = Project(bears)
    for step in (
        ("trash", ["grizzly/1.jpg", "black/1.jpg"]),
        ("move", [("grizzly/1.jpg", "black/3.jpg")]),
        ("create", ["black/3.jpg"]),
        ("replace", [("black/1.jpg", "black/1.jpg")]),
    ):
        with pytest.raises(ProjectError, match=r"is behind a symbolic link.*Nothing was moved"):
            perform(project, step)
    assert contents(bears.parent) == before
    assert states(project) == []


def test_file_and_its_folder_are_not_moved_at_once(bears: Path) -> None:
    (bears / "loose").write_text("loose")
    before = contents(bears)
    with pytest.raises(
        ProjectError, match=r"is given, and so is a folder that contains it.*Nothing was moved"
    ):
        relabel(Project(bears), ("loose", "black/loose"), ("black/1.jpg", "loose/1.jpg"))
    assert contents(bears) == before


def test_nothing_is_trashed_where_nothing_lasts(bears: Path) -> None:
    with pytest.raises(ReadOnlyProjectError, match="no project folder, so the move could not be undone"):
        trash(Project.passing(bears), "black/1.jpg")
    assert (bears / "black/1.jpg").exists()


def test_process_that_waited_for_a_killed_one_heals_what_that_left(bears: Path, killer: Killer) -> None:
    trash(Project(bears), "grizzly/1.jpg")
    waiting = Project(bears)
    step: Step = ("trash", ["black/1.jpg", "black/2.jpg"])
    for number in range(1, 100):
        assert killer(bears, waiting.folder, step, number)
        if waiting.journal.is_torn():
            break
    with waiting.lock():
        assert not waiting.journal.is_torn()


EACH = 1 if WHOLE else 15  # of how many moments one is tried
CLOSELY = 1 if WHOLE else 4  # where few moments matter
OPEN: Step = ("open", [])
UNDO: Step = ("undo", [])
MOVE: Step = ("move", [("black/1.jpg", "teddy/1.jpg"), ("grizzly/same.jpg", "polar/same.jpg")])
TRASH: Step = ("trash", ["black/1.jpg", "grizzly/same.jpg", "teddy/nowhere.jpg"])
REPLACE: Step = ("replace", [("black/1.jpg", "black/1.jpg"), ("grizzly/same.jpg", "grizzly/same.png")])
BEGINNING: tuple[Step, ...] = (
    ("move", [("black/2.jpg", "grizzly/2.jpg")]),
    ("trash", ["teddy/link.jpg", "black/same.jpg"]),
    ("create", ["black/new.jpg"]),
)
KILLED: dict[str, tuple[tuple[Step, ...], Step]] = {
    "opening for the first time": ((), OPEN),
    "trashing": (BEGINNING, TRASH),
    "relabeling": (BEGINNING, MOVE),
    "adding": (BEGINNING, ("create", ["black/another.jpg", "polar/bear.jpg"])),
    "replacing": (BEGINNING, REPLACE),
    "undoing what was replaced": ((*BEGINNING, REPLACE), UNDO),
    "undoing what was trashed": ((*BEGINNING, TRASH), UNDO),
    "undoing what was relabeled": ((*BEGINNING, MOVE), UNDO),
    "undoing what was added": (BEGINNING, UNDO),
}
DISKS: dict[str, Callable[[Path, Path], Path | None]] = {
    "one disk": lambda images, folder: None,
    "trash on another disk": lambda images, folder: folder,
    "a class on another disk": lambda images, folder: images / "grizzly",
}


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


def kill_everywhere(
    killer: Killer, project: Project, last: Step, disk: Path | None, each: int = CLOSELY, number: int = 1
) -> Iterator[str]:
    """Kill `last` at moment `number` and those after it, each time from the same beginning, until it ends."""
    here = project.folder.parent
    begun = here.rename(here.with_name("begun"))
    killed = True
    while killed:
        shutil.copytree(begun, here, symlinks=True)
        killed = killer(project.images, project.folder, last, number, disk)
        yield f"killed at {number}"
        shutil.rmtree(here)
        number += each


@pytest.mark.parametrize("disks", DISKS)
@pytest.mark.parametrize("what", KILLED)
def test_kill_at_any_moment_loses_nothing_and_is_healed_by_opening_the_project(
    place: Path, killer: Killer, what: str, disks: str
) -> None:
    images, folder = fill(place / "here" / "bears"), place / "here" / "project"
    history, last = KILLED[what]
    disk = DISKS[disks](images, folder)
    original = contents(images)
    pictures = Counter(original.values())
    with another_disk(disk):
        project = Project(images, folder)
        for step in history:
            perform(project, step)
    if not history:
        shutil.rmtree(folder)
    again = 0
    moment = 1 + list(DISKS).index(disks) * EACH // len(DISKS)  # each disk has moments of its own
    for number, when in enumerate(kill_everywhere(killer, project, last, disk, EACH, moment)):
        assert everything(images, folder) >= pictures, when
        again += killer(images, folder, OPEN, 1 + 7 * number % 30, disk)  # killed again while it heals
        assert everything(images, folder) >= pictures, when
        with another_disk(disk):
            opened = Project(images, folder)
            assert not opened.journal.is_torn(), when
            assert everything(images, folder) - Counter(added(*history, last)) == pictures, when
            listed = {move.in_trash for move in opened.journal.trashed()}
            assert listed == {folder / "trash" / name for name in contents(folder / "trash")}, when
            assert not empty_folders(folder), when
            undo_all(opened)
        assert contents(images) == original, when
    assert again


def test_kill_while_replacing_leaves_the_old_file_or_the_new_one_at_every_place(
    place: Path, killer: Killer
) -> None:
    project = Project(fill(place / "here" / "bears"), place / "here" / "project")
    images = project.images
    count = len(contents(images))
    replaced = set()
    for when in kill_everywhere(killer, project, REPLACE, None):
        Project(images, project.folder)
        assert len(contents(images)) == count, when
        first = (images / "black/1.jpg").read_bytes()
        assert first in (b"black/1.jpg" * 100, b"1.jpg" * 3), when
        replaced.add(first)
    assert len(replaced) == 2


def test_kill_while_undoing_a_replacement_that_looks_the_same_leaves_no_place_empty(
    place: Path, killer: Killer
) -> None:
    project = Project(fill(place / "here" / "bears"), place / "here" / "project")
    images, same = project.images, ("black/1.jpg", "black/1.jpg")
    original = contents(images)
    perform(project, ("replace", [same]))
    perform(project, ("replace", [same, ("black/2.jpg", "black/2.jpg")]))
    for disk in (None, images / "black"):
        for when in kill_everywhere(killer, project, UNDO, disk):
            with another_disk(disk):
                undo_all(Project(images, project.folder))
            assert contents(images) == original, when
        (place / "begun").rename(place / "here")


@pytest.mark.parametrize(
    ("history", "each"),
    [(BEGINNING[:2], 1), ((*BEGINNING, TRASH, UNDO, UNDO), CLOSELY)],
    ids=["few", "many"],
)
def test_kill_while_the_trash_is_emptied_touches_nothing_else(
    place: Path, killer: Killer, history: tuple[Step, ...], each: int
) -> None:
    project = Project(fill(place / "here" / "bears"), place / "here" / "project")
    images, trash = project.images, project.folder / "trash"
    for step in history:
        perform(project, step)
    in_folder, in_trash = contents(images), contents(trash)
    kept_some = 0
    for when in kill_everywhere(killer, project, ("empty", []), None, each):
        killer(images, project.folder, OPEN, 20, None)
        opened = Project(images, project.folder)
        kept = contents(trash)
        kept_some += 0 < len(kept) < len(in_trash)
        assert contents(images) == in_folder, when
        assert kept.items() <= in_trash.items(), when
        assert {move.in_trash for move in opened.journal.trashed()} == {trash / name for name in kept}, when
        assert not empty_folders(project.folder), when
        perform(opened, ("empty", []))
        assert not contents(trash), when
        undo_all(opened)
        assert contents(images).keys() == in_folder.keys() - {"grizzly/2.jpg"} | {"black/2.jpg"}, when
    assert kept_some


@st.composite
def steps(draw: st.DrawFn, images: Path, number: int) -> Step:
    """Something to do with the files that are there now; what is new gets a name by the step's number."""
    there = sorted(contents(images))
    some = draw(st.lists(st.sampled_from(there), unique=True, max_size=4)) if there else []
    verb = draw(st.sampled_from(["trash", "move", "create", "replace", "undo"]))
    labels = [draw(st.sampled_from(["black", "grizzly", "new"])) for _ in some]
    if verb == "trash":
        return "trash", some
    if verb == "move":
        vacant = [name for name in NAMES if not os.path.lexists(images / name)]
        targets = [f"{label}/{number}-{n}.jpg" for n, label in enumerate(labels)]
        if vacant and some and draw(st.booleans()):
            targets[0] = vacant[0]
        return "move", list(zip(some, targets, strict=True))
    if verb == "replace":
        return "replace", [(name, name) for name in some]
    if verb == "create":
        return "create", [f"{label}/new {number}-{n}.jpg" for n, label in enumerate(labels)]
    return "undo", []


@campaign(1000)
@given(data=st.data())
def test_whatever_was_done_and_killed_undoing_it_all_brings_back_every_byte(
    killer: Killer, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        images, folder = fill(Path(place, "bears")), Path(place, "project")
        disk = DISKS[data.draw(st.sampled_from(sorted(DISKS)))](images, folder)
        original = contents(images)
        pictures = Counter(original.values())
        done: list[Step] = []
        for number in range(data.draw(st.integers(1, 8))):
            done.append(data.draw(steps(images, number)))
            before = data.draw(st.just(NEVER) | st.integers(10, 45))
            killer(images, folder, done[-1], before, disk)
            assert everything(images, folder) >= pictures
            with another_disk(disk):
                project = Project(images, folder)
            assert len(contents(folder / "trash")) == len(project.journal.trashed())
            assert not empty_folders(folder)
            assert everything(images, folder) - Counter(added(*done)) == pictures
        with another_disk(disk):
            undo_all(Project(images, folder))
        assert contents(images) == original


def test_whatsit_trash_lists_what_lies_there_and_undo_brings_it_back(bears: Path, command: Run) -> None:
    before = contents(bears)
    project = Project(bears)
    odd = os.fsdecode(b"teddy/caf\xe9.jpg")
    trash(project, "black/1.jpg", odd, "teddy/deep/er/熊 🐻\n.jpg")
    listed = command("trash", bears)
    assert listed.returncode == 0, listed.stderr
    assert f"{bears}/black/1.jpg: black/1.jpg is not a bear" in listed.stdout
    assert "caf\\udce9.jpg is not a bear" in listed.stdout
    assert listed.stdout.splitlines()[-2] == "3 files, 0.0 MB"
    assert " undo " in listed.stdout.splitlines()[-1]
    assert listed.stdout.endswith(" brings back the pictures that were moved last\n")
    document = json.loads(command("trash", bears, "--json").stdout)
    assert [file["path"] for file in document["files"]][:2] == [str(bears / "black/1.jpg"), str(bears / odd)]
    assert document["files"][0]["reason"]["text"] == "black/1.jpg is not a bear"
    assert document["bytes"] == sum(len(data) for data in contents(project.folder / "trash").values())
    assert document["emptied"] is False

    undone = command("undo", bears)
    assert undone.returncode == 0, undone.stderr
    assert undone.stdout.startswith("undone: 3 files back to where they were before 20")
    assert f"{bears}/black/1.jpg (black/1.jpg is not a bear)" in undone.stdout
    assert contents(bears) == before
    assert command("undo", bears).stdout == "nothing to undo\n"
    assert json.loads(command("undo", bears, "--json").stdout) == {"restored": [], "decisions": 0}
    assert command("trash", bears).stdout == "0 files, 0.0 MB\n"


def test_whatsit_undo_tells_what_came_back_as_json(bears: Path, command: Run, tmp_path: Path) -> None:
    relabel(Project(bears, tmp_path / "elsewhere"), ("black/1.jpg", "teddy/1.jpg"))
    undone = command("undo", bears, "--project", "elsewhere", "--json")
    assert json.loads(undone.stdout) == {"restored": [str(bears / "black/1.jpg")], "decisions": 0}
    assert not (bears / ".whatsit").exists()


def test_whatsit_trash_empty_deletes_for_good(bears: Path, command: Run) -> None:
    trash(Project(bears), "black/1.jpg")
    emptied = command("trash", bears, "--empty")
    assert (emptied.returncode, emptied.stdout) == (0, "1 file, 0.0 MB, deleted for good\n")
    assert not contents(bears / ".whatsit" / "trash")
    document = json.loads(command("trash", bears, "--empty", "--json").stdout)
    assert document == {"files": [], "bytes": 0, "emptied": True}
    assert command("undo", bears).stdout == "nothing to undo\n"


def test_whatsit_undo_with_a_file_in_the_way_says_which(bears: Path, command: Run) -> None:
    trash(Project(bears), "black/1.jpg")
    (bears / "black/1.jpg").write_text("mine")
    refused = command("undo", bears)
    assert refused.returncode == 2
    assert (
        f"{bears}/black/1.jpg already exists, so {bears}/.whatsit/trash/000001/1.jpg can't be moved there"
        in refused.stderr
    )
    assert "Traceback" not in refused.stderr
    assert (bears / "black/1.jpg").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["trash", "bears"], "There is nothing in the trash of bears."),
        (["trash", "--empty"], "There is nothing in the trash of /"),
        (["undo", "bears", "--json", "--project", "bears"], "There is no project at "),
    ],
)
def test_where_there_is_no_project_it_is_said_and_none_is_made(
    bears: Path, command: Run, words: list[str], sentence: str
) -> None:
    before = contents(bears.parent)
    refused = command(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"whatsit: {sentence}")
    assert len(refused.stderr.splitlines()) == 1
    assert contents(bears.parent) == before
    assert not (bears / ".whatsit").exists()
