"""The sidecar: one writer at a time, every format read, and never another folder's pictures."""

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from filelock import FileLock

from tests.conftest import Run
from tests.killed import perform
from whatsit.cli.env import env
from whatsit.errors import ProjectError, ReadOnlyProjectError
from whatsit.project import Database, Project, size_of
from whatsit.project import database as database_module
from whatsit.project import project as project_module
from whatsit.project.database import MIGRATIONS, newest

NEWEST = newest()
WRITE = (
    "import os, sys\n"
    "from pathlib import Path\n"
    "from whatsit.project import Project\n"
    "project = Project(sys.argv[1])\n"
)
HOLD = WRITE + "with project.lock():\n print('held', flush=True)\n sys.stdin.read()\n"
MOVE = (
    WRITE
    + """
link = os.link
def dawdle(*words, **options):
    link(*words, **options)
    print('moved', flush=True)
    sys.stdin.read()
os.link = dawdle
with project.lock():
    black, grizzly = Path(sys.argv[1], 'black', '1.jpg'), Path(sys.argv[1], 'grizzly', '9.jpg')
    project.journal.begin().move([(black, grizzly, 'looks like one')])
"""
)


@pytest.fixture
def bears(tmp_path: Path) -> Path:
    images = tmp_path / "bears"
    for name in ("black/1.jpg", "black/2.jpg", "grizzly/1.jpg"):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        (images / name).write_text(name * 1000)
    return images


@contextmanager
def another_process(code: str, images: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that said its word and goes on once its input ends."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code, str(images)], **pipes) as child:  # type: ignore[call-overload]
        try:
            assert child.stdout.readline() in ("held\n", "moved\n")
            yield child
        finally:
            child.kill()


def write(project: Project, name: str, value: str) -> None:
    with project.database.write() as database:
        database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def facts(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return dict(connection.execute("SELECT name, value FROM facts WHERE name != 'images'").fetchall())


@pytest.mark.parametrize("how", ["ends", "crashes"])
def test_second_writer_says_that_it_waits_and_goes_on_when_the_first(
    bears: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    project = Project(bears)
    waits, got_it = threading.Event(), threading.Event()
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        waits.set()

    def second() -> None:
        with project.lock():
            got_it.set()

    monkeypatch.setattr(project_module, "warn", say)
    with another_process(HOLD, bears) as first:
        thread = threading.Thread(target=second, daemon=True)
        thread.start()
        assert waits.wait(60)
        assert not got_it.is_set()
        if how == "ends":
            first.stdin.close()
        else:
            first.kill()
        assert got_it.wait(60)
        thread.join()
    assert list(map(str, said)) == [f"another Whatsit is writing to {project.folder}; waiting for it."]


def test_readers_need_not_wait_for_a_writer(bears: Path, whatsit: Run) -> None:
    project = Project(bears)
    perform(project, ("trash", ["black/1.jpg"]))
    with another_process(HOLD, bears):
        assert len(Project.existing(bears).journal.trashed()) == 1
        listed = whatsit("trash", bears, timeout=120)
        assert "black/1.jpg is not a bear" in listed.stdout
        assert "waiting" not in listed.stderr


def test_readers_see_what_was_finished_while_something_is_written(bears: Path) -> None:
    project = Project(bears)
    write(project, "color", "brown")
    with suppress(KeyError), project.database.write() as database:
        database.execute("UPDATE facts SET value = 'pink'")
        assert facts(Database(project.database.path)) == {"color": "brown"}
        raise KeyError
    assert facts(project.database) == {"color": "brown"}


def test_locking_again_in_the_same_process_is_no_waiting_and_no_crash(
    bears: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(bears)
    black, grizzly = bears / "black" / "1.jpg", bears / "grizzly" / "9.jpg"
    with project.lock():
        moves = project.journal.plan(1, [(black, grizzly, "looks like one")])
        with project.lock():
            assert project.journal.is_torn()  # it is not repaired: this is at work
        project.journal.make(moves)
    with project.lock():
        assert len(project.journal.undo()) == 1
    assert capsys.readouterr().err == ""


def test_project_opened_while_another_process_moves_pictures_leaves_that_alone(bears: Path) -> None:
    with another_process(MOVE, bears) as mover:
        reader = Project(bears)
        assert reader.journal.is_torn()
        mover.stdin.close()
        mover.wait()
    assert not reader.journal.is_torn()
    assert mover.returncode == 0
    assert not (bears / "black" / "1.jpg").exists()
    with reader.lock():
        (move,) = reader.journal.undo()
    assert (str(move.reason), move.start) == ("looks like one", bears / "black" / "1.jpg")


@pytest.mark.parametrize("fault", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError()])
def test_network_drive_that_knows_no_locks_is_said(
    bears: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise fault

    project = Project(bears)
    monkeypatch.setattr(FileLock, "acquire", refuse)
    with pytest.raises(ProjectError, match=r"can't be locked .* --project FOLDER"), project.lock():
        pass


def test_many_processes_may_open_a_new_project_at_once(bears: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        projects = list(pool.map(Project, [bears] * 16))
    assert {project.folder for project in projects} == {bears / ".whatsit"}
    for number, project in enumerate(projects):
        write(project, str(number), "opened")
    assert len(facts(projects[0].database)) == 16


def set_format(path: Path, number: int) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {number}")


def format_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        (number,) = database.execute("PRAGMA user_version").fetchone()
    return int(number)


@pytest.mark.parametrize("older", range(len(MIGRATIONS) + 1))
def test_project_of_every_older_format_is_brought_up_to_date(
    bears: Path, monkeypatch: pytest.MonkeyPatch, older: int
) -> None:
    """Format 0 is an empty file: a crash right after it came into being."""
    path = bears / ".whatsit" / "project.sqlite"
    path.parent.mkdir()
    path.touch()
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "MIGRATIONS", MIGRATIONS[:older])
        database = Database(path)
        if older:
            with database.write() as connection:
                connection.execute("INSERT INTO facts VALUES ('color', 'brown')")
    monkeypatch.setattr(
        database_module, "MIGRATIONS", (*MIGRATIONS, ("ALTER TABLE moves ADD COLUMN mood TEXT",))
    )
    project = Project(bears)
    assert format_of(path) == NEWEST + 1
    assert facts(project.database) == ({"color": "brown"} if older else {})
    with project.database.read() as connection:
        connection.execute("SELECT mood FROM moves")


def test_migration_that_fails_changes_nothing(bears: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(bears)
    before = project.database.path.read_bytes()
    broken = ("CREATE TABLE moods (mood TEXT)", "DROP TABLE facts", "CREATE NONSENSE")
    monkeypatch.setattr(database_module, "MIGRATIONS", (*MIGRATIONS, broken))
    with pytest.raises(ProjectError, match="can't be used"):
        Project(bears)
    assert project.database.path.read_bytes() == before


@pytest.mark.parametrize("words", [["trash", "--empty"], ["undo"], ["show"]])
def test_project_of_a_newer_whatsit_is_refused_and_left_as_it_is(
    bears: Path, command: Run, words: list[str]
) -> None:
    path = Project(bears).database.path
    set_format(path, NEWEST + 1)
    before = path.read_bytes()
    refused = command(*words, bears)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"whatsit: {path} was written by a newer Whatsit (format {NEWEST + 1}; "
        f"this one reads formats up to {NEWEST}). Update Whatsit.\n"
    )
    assert path.read_bytes() == before


def test_damaged_database_is_said_and_left_as_it_is(bears: Path, command: Run) -> None:
    path = Project(bears).database.path
    path.write_bytes(b"I am no database, and long enough to be read. " * 99)
    before = path.read_bytes()
    refused = command("undo", bears)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"whatsit: {path} can't be used (file is not a database).")
    assert "If the file is damaged, move it away" in refused.stderr
    assert path.read_bytes() == before


def test_database_whose_tables_have_no_legible_names_is_said(bears: Path) -> None:
    path = Project(bears).database.path
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE facts", b"CREATE TABLE f\x81cts"))
    with pytest.raises(ProjectError, match="can't be used"):
        Project(bears).journal.undo()


def test_database_that_lost_its_end_is_said(bears: Path) -> None:
    project = Project(bears)
    perform(project, ("trash", ["black/1.jpg"]))
    data = project.database.path.read_bytes()
    for size in range(4096, len(data), 4096):
        project.database.path.write_bytes(data[:size])
        with pytest.raises(ProjectError, match="can't be used"):
            Project(bears).journal.undo()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_full_disk_moves_no_picture_that_could_not_be_undone(bears: Path, tmp_path: Path) -> None:
    code = WRITE + (
        "import resource\n"
        "from whatsit.errors import ProjectError\n"
        "size = project.database.path.stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "pictures = sorted(project.images.glob('many/*'))\n"
        "try:\n"
        "    with project.lock():\n"
        "        project.journal.begin().trash((picture, 'blurred ' * 9) for picture in pictures)\n"
        "except ProjectError as error:\n"
        "    print(error)\n"
    )
    (bears / "many").mkdir()
    for number in range(999):
        (bears / "many" / f"{number}.jpg").touch()
    result = subprocess.run([sys.executable, "-c", code, bears], capture_output=True, text=True)
    assert "Free some space" in result.stdout, result.stderr
    assert len(list((bears / "many").iterdir())) == 999
    assert not (bears / ".whatsit" / "trash").exists()
    assert Project(bears).journal.undo() == []


def test_project_folder_of_other_pictures_is_refused(bears: Path, tmp_path: Path, command: Run) -> None:
    shutil.copytree(bears, tmp_path / "cats")
    perform(Project(bears, tmp_path / "kept"), ("trash", ["black/1.jpg"]))
    for images in ("cats", "no such folder"):
        refused = command("undo", images, "--project", "kept")
        assert refused.returncode == 2
        assert f"belongs to the pictures in {bears}." in refused.stderr
    assert (tmp_path / "cats/black/1.jpg").exists()
    assert len(Project(bears, tmp_path / "kept").journal.trashed()) == 1


def test_project_folder_knows_its_pictures_by_another_name(bears: Path, tmp_path: Path) -> None:
    perform(Project(bears, tmp_path / "kept"), ("trash", ["black/1.jpg"]))
    (tmp_path / "link").symlink_to("bears")
    for name in (tmp_path / "link", tmp_path / "kept" / ".." / "bears"):
        perform(Project(name, tmp_path / "kept"), ("undo", ()))
        assert (bears / "black/1.jpg").exists()
        perform(Project(name, tmp_path / "kept"), ("trash", ["black/1.jpg"]))


def test_folders_with_names_that_are_no_text_have_projects_too(bears: Path) -> None:
    odd = bears.rename(bears.with_name(os.fsdecode(b"caf\xe9")))
    perform(Project(odd), ("trash", ["black/1.jpg"]))
    with Project(odd).lock():
        (move,) = Project(odd).journal.undo()
    assert move.start == odd / "black" / "1.jpg"
    assert move.start.exists()


def test_image_folder_that_may_not_be_written_is_said(bears: Path, as_owner: Run, tmp_path: Path) -> None:
    perform(Project(bears), ("trash", ["black/1.jpg"]))
    (bears / ".whatsit").chmod(0o555)
    refused = as_owner("undo", bears)
    (bears / ".whatsit").chmod(0o755)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"whatsit: The project folder {bears}/.whatsit can't be written: "
        "you have no permission to write there. Choose another one with --project FOLDER.\n"
    )
    (bears / ".whatsit").chmod(0)
    refused = as_owner("undo", bears)
    (bears / ".whatsit").chmod(0o755)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("mode", [0, 0o111, 0o311])
def test_sidecar_that_may_not_be_read_is_not_written_either(
    bears: Path, owners_python: list[str], mode: int
) -> None:
    Project(bears)
    code = WRITE.replace(
        "project = Project", "from whatsit.errors import ReadOnlyProjectError\ntry:\n Project"
    )
    (bears / ".whatsit").chmod(mode)
    code += "except ReadOnlyProjectError:\n print(Project.passing(sys.argv[1]).is_lasting)\n"
    reported = subprocess.run([*owners_python, "-c", code, bears], capture_output=True, text=True)
    (bears / ".whatsit").chmod(0o755)
    assert reported.stdout == "False\n", reported.stderr


def test_class_folder_that_may_not_be_written_keeps_its_picture_out_of_reach(
    bears: Path, as_owner: Run
) -> None:
    perform(Project(bears), ("trash", ["black/1.jpg", "grizzly/1.jpg"]))
    (bears / "black").chmod(0o555)
    refused = as_owner("undo", bears)
    assert refused.returncode == 2
    assert f"can't be moved to {bears}/black/1.jpg: Permission denied." in refused.stderr
    assert (bears / "grizzly/1.jpg").exists()
    assert len(Project(bears).journal.trashed()) == 1
    (bears / "black").chmod(0o755)
    assert as_owner("undo", bears).returncode == 0
    assert (bears / "black/1.jpg").exists()


def test_project_folder_that_is_a_file_is_said(bears: Path) -> None:
    (bears / ".whatsit").write_text("mine")
    with pytest.raises(ReadOnlyProjectError, match="File exists"):
        Project(bears)


def test_folder_that_is_no_project_does_not_become_one_by_looking(bears: Path, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    with pytest.raises(ProjectError, match="There is no project at"):
        Project.existing(bears, tmp_path / "desk")
    assert not list((tmp_path / "desk").iterdir())


def test_passing_project_begins_with_what_was_known_and_leaves_no_trace(bears: Path) -> None:
    lasting = Project(bears)
    write(lasting, "color", "brown")
    perform(lasting, ("trash", ["black/1.jpg"]))
    before = lasting.database.path.read_bytes()
    passing = Project.passing(bears)
    folder = passing.folder
    assert lasting.is_lasting
    assert not passing.is_lasting
    assert facts(passing.database) == {"color": "brown"}
    write(passing, "color", "pink")
    assert passing.new_run().is_relative_to(folder)
    assert lasting.database.path.read_bytes() == before
    del passing
    assert not folder.exists()


def test_passing_project_without_a_lasting_one_makes_none(bears: Path) -> None:
    passing = Project.passing(bears)
    write(passing, "color", "pink")
    assert not (bears / ".whatsit").exists()


def test_passing_project_may_begin_while_another_process_writes(bears: Path) -> None:
    lasting = Project(bears)
    write(lasting, "color", "brown")
    with lasting.database.write() as database:
        database.execute("UPDATE facts SET value = 'pink'")
        before = Project.passing(bears)
    after = Project.passing(bears)
    assert facts(before.database) == {"color": "brown"}
    assert facts(after.database) == {"color": "pink"}


def test_passing_project_does_not_meddle_with_moves_that_are_being_made(bears: Path) -> None:
    with another_process(MOVE, bears) as mover:
        passing = Project.passing(bears)
        with passing.lock():
            pass
        assert (bears / "black" / "1.jpg").exists()  # linked to its new label, but not yet gone from here
        mover.stdin.close()
        mover.wait()
    assert mover.returncode == 0
    assert not (bears / "black" / "1.jpg").exists()


@pytest.mark.parametrize("damage", ["newer", "damaged"])
def test_passing_project_names_the_file_that_it_can_not_begin_with(bears: Path, damage: str) -> None:
    path = Project(bears).database.path
    if damage == "newer":
        set_format(path, NEWEST + 1)
    else:
        path.write_bytes(b"I am no database, and long enough to be read. " * 99)
    with pytest.raises(ProjectError) as refused:
        Project.passing(bears)
    assert refused.value.what.startswith(str(path))


def test_passing_project_begins_with_what_may_only_be_read(bears: Path, owners_python: list[str]) -> None:
    code = (
        "import sys\n"
        "from whatsit.errors import ReadOnlyProjectError\n"
        "from whatsit.project import Project\n"
        "try:\n"
        "    Project(sys.argv[1])\n"
        "except ReadOnlyProjectError:\n"
        "    project = Project.passing(sys.argv[1])\n"
        "    with project.database.read() as database:\n"
        "        print(*database.execute('SELECT value FROM facts WHERE name = ?', ('color',)).fetchone())\n"
    )
    path = Project(bears).database.path
    write(Project(bears), "color", "brown")
    path.chmod(0o444)
    path.parent.chmod(0o555)
    reported = subprocess.run([*owners_python, "-c", code, bears], capture_output=True, text=True)
    path.parent.chmod(0o755)
    assert reported.stdout == "brown\n", reported.stderr


def test_runs_are_numbered_and_no_number_is_given_twice(bears: Path) -> None:
    project = Project(bears)
    assert project.new_run().name == "0001"
    (project.folder / "runs" / "0007").mkdir()
    (project.folder / "runs" / "best").mkdir()
    (project.folder / "runs" / "²").mkdir()
    assert project.new_run().name == "0008"
    (project.folder / "runs" / "9999").mkdir()
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: project.new_run().name, range(40)))
    assert sorted(names) == [str(number) for number in range(10_000, 10_040)]


def test_run_that_finds_no_place_is_said(bears: Path) -> None:
    project = Project(bears)
    (project.folder / "runs").write_text("mine")
    with pytest.raises(ProjectError, match=r"No run can be created in .*runs: File exists"):
        project.new_run()


def test_whatsit_env_tells_how_much_the_project_takes(
    bears: Path, command: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reported(folder: Path, project: Path | None = None) -> str:
        env(folder, project, json=True)
        return str(json.loads(capsys.readouterr().out)["project"])

    assert reported(bears) == "none here"
    project = Project(bears)
    (bears / "black/2.jpg").write_bytes(bytes(7_000_000))
    perform(project, ("trash", ["black/1.jpg", "black/2.jpg"]))
    assert 7_000_000 < size_of(project.folder) < 7_500_000
    size = f"{size_of(project.folder) / 1e6:.1f} MB"
    assert reported(bears) == f"{bears}/.whatsit ({size})"
    assert reported(bears.parent, project.folder) == f"{project.folder} ({size})"
    monkeypatch.chdir(bears)
    assert reported(Path()) == f".whatsit ({size})"
    line = next(line for line in command("env", bears).stdout.splitlines() if line.startswith("project"))
    assert line.split(maxsplit=1)[1] == f"{bears}/.whatsit ({size})"


def test_size_of_a_folder_counts_links_once_and_survives_what_vanishes(
    bears: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [path for path in bears.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    (bears / "loop").symlink_to(".")
    assert size_of(bears) == size
    lstat: Callable[..., os.stat_result] = os.lstat

    def vanish(path: str) -> os.stat_result:
        if path == str(files[0]):
            raise FileNotFoundError(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", vanish)
    assert size_of(bears) == size - files[0].stat().st_size
    assert size_of(bears / "nothing") == 0
