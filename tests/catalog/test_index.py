"""What is remembered of the pictures: read once, safe from kills, shared by processes, small in memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import WHOLE, Run, rendered
from tests.listening import on_progress
from whatsit import Catalog
from whatsit.catalog import near_duplicates
from whatsit.errors import ReadOnlyProjectError, WhatsitError

OPEN = """
import json, sys
from whatsit import Catalog
catalog = Catalog.from_folder(sys.argv[1])
print(json.dumps([[str(item.path), item.label, item.split] for item in catalog]))
"""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of 15 pictures, every third a near-copy of the one before, and a file that is none."""
    root = tmp_path / "pictures"
    for label in range(2):
        (root / str(label)).mkdir(parents=True)
        for n in range(15):
            image = rendered(100 * label + n - (n % 3 == 2), (40, 30))
            image.resize((60, 45) if n % 3 == 2 else (40, 30)).save(root / str(label) / f"{n:02}.png")
    (root / "0" / "page.jpg").write_text("<html>")
    return root


def rows(catalog: Catalog) -> list[list[str]]:
    return [[str(item.path), item.label, item.split] for item in catalog]


def read(root: Path, **options: object) -> tuple[Catalog, int]:
    """The catalog, and how many files had to be read for it."""
    seen: list[str] = []
    with on_progress(lambda title, done, total: seen.append(title)):
        catalog = Catalog.from_folder(root, **options)  # type: ignore[arg-type]
    return catalog, seen.count("reading")


def test_only_what_is_new_or_changed_is_read(pictures: Path) -> None:
    first, count = read(pictures)
    assert count == 31
    again, count = read(pictures)
    assert count == 0
    assert rows(again) == rows(first)
    assert again.unreadable == first.unreadable
    (pictures / "0" / "00.png").touch()
    rendered(500).save(pictures / "1" / "new.png")
    (pictures / "1" / "00.png").unlink()
    assert read(pictures)[1] == 2
    last, count = read(pictures)
    assert count == 0
    with last.project.database.read() as database:
        assert database.execute("SELECT count(*) FROM files").fetchone() == (
            31,
        )  # one came, one is forgotten


def test_another_pillow_judges_unreadable_files_anew(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(pictures)
    monkeypatch.setattr("whatsit.catalog.index.JUDGE", "Pillow 99")
    catalog, count = read(pictures)
    assert count == 1
    assert [path.name for path, _ in catalog.unreadable] == ["page.jpg"]


def test_reasons_are_kept_by_code_and_those_of_older_versions_as_they_are(pictures: Path) -> None:
    catalog, _ = read(pictures)
    with catalog.project.database.write() as database:
        (kept,) = database.execute("SELECT error FROM files WHERE error IS NOT NULL").fetchone()
        assert json.loads(kept).keys() == {"code", "values"}
        database.execute("UPDATE files SET error = 'it is a web page' WHERE error IS NOT NULL")
    again, count = read(pictures)
    assert (count, [str(reason) for _, reason in again.unreadable]) == (0, ["it is a web page"])


def test_image_folder_that_moves_takes_what_is_known_along(pictures: Path, tmp_path: Path) -> None:
    before, _ = read(pictures, seed=7)
    pictures.rename(tmp_path / "elsewhere")
    after, count = read(tmp_path / "elsewhere", seed=7)
    assert count == 0
    assert [row[1:] for row in rows(after)] == [row[1:] for row in rows(before)]


def test_pictures_can_be_known_somewhere_else(pictures: Path, tmp_path: Path) -> None:
    first, _ = read(pictures, project=tmp_path / "project")
    assert not (pictures / ".whatsit").exists()
    again, count = read(pictures, project=tmp_path / "project")
    assert count == 0
    assert rows(again) == rows(first)


def test_folder_that_cannot_be_written_is_read_all_the_same(as_owner: Run, pictures: Path) -> None:
    pictures.chmod(0o555)
    shown = as_owner("show", pictures, "--json")
    trained = as_owner("train", pictures)
    pictures.chmod(0o755)
    report = json.loads(shown.stdout)
    assert report["images"] == 30
    assert any("--project FOLDER" in warning["text"] for warning in report["warnings"])
    assert trained.returncode == 2
    assert "--project FOLDER" in trained.stderr
    assert "Traceback" not in trained.stderr


def test_project_folder_that_is_a_file_is_said(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReadOnlyProjectError, match="--project FOLDER"):
        Catalog.from_folder(pictures, project=tmp_path / "file")


def test_damaged_index_is_said_and_the_pictures_are_safe(pictures: Path) -> None:
    read(pictures)
    (pictures / ".whatsit" / "project.sqlite").write_bytes(b"no database at all, but long enough " * 99)
    with pytest.raises(WhatsitError, match="can't be used"):
        Catalog.from_folder(pictures)
    assert len(list(pictures.glob("*/*.png"))) == 30


KILLED = """
import os, signal, sqlite3, sys
from whatsit.catalog import Catalog, index
index.SAVE_EVERY, index.READ_TOGETHER = 4, 1
left = int(sys.argv[2])
def touch(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def hook(event, arguments):
    if event == "open" and str(arguments[0]).endswith((".png", ".jpg")):
        touch()
def connect(*words, **options):
    connection = connect_quietly(*words, **options)
    connection.set_trace_callback(touch)
    return connection
connect_quietly, sqlite3.connect = sqlite3.connect, connect
sys.addaudithook(hook)
Catalog.from_folder(sys.argv[1])
print(left)
"""


def test_kill_at_any_point_changes_nothing(pictures: Path, tmp_path: Path) -> None:
    expected = [row[1:] for row in rows(read(pictures, project=tmp_path / "whole")[0])]

    def run(kill: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", KILLED, str(pictures), str(kill)]
        return subprocess.run(command, capture_output=True, text=True)

    steps = 10**6 - int(run(10**6).stdout)
    assert steps > 60
    for kill in range(1, steps + 1, 1 if WHOLE else steps // 5):
        for file in (pictures / ".whatsit").glob("*"):
            file.unlink()
        assert run(kill).returncode == -9
        known, _ = read(pictures)
        assert [row[1:] for row in rows(known)] == expected
        assert read(pictures)[1] == 0


def test_kill_in_the_middle_keeps_what_was_read(pictures: Path) -> None:
    only_reading = KILLED.replace("connection.set_trace_callback(touch)", "pass")
    command = [sys.executable, "-c", only_reading, str(pictures), "25"]
    assert subprocess.run(command, capture_output=True).returncode == -9
    assert read(pictures)[1] < 25


def test_processes_at_once_make_the_same_split(pictures: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(pictures)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [json.loads(child.communicate()[0]) for child in children]
    assert answers[0] == answers[1] == answers[2] == rows(read(pictures)[0])


def test_reader_does_not_wait_for_a_writer(pictures: Path) -> None:
    first, _ = read(pictures)
    with first.project.lock():
        command = [sys.executable, "-c", OPEN, str(pictures)]
        other = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(other.stdout) == rows(first)
    assert "waiting" not in other.stderr


PEAK = """
import re, sys
from pathlib import Path
from whatsit import Catalog
assert len(Catalog.from_folder(sys.argv[1], to_train=False)) == 3
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux reports a process's peak")
def test_memory_does_not_grow_with_the_size_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for n in range(3):
        path = tmp_path / "a" / f"{n}.png"
        rendered(n).save(path)
    os.truncate(path, 400 << 20)  # much behind the picture that no decoder looks at
    command = [sys.executable, "-c", PEAK, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(result.stdout) < 250


def test_split_and_copies_of_many_pictures_are_found_in_their_index(pictures: Path) -> None:
    catalog, _ = read(pictures)
    leaders = near_duplicates(catalog.rows["hash"])
    splits = {
        (leader, split)
        for leader, split in zip(leaders.tolist(), catalog.rows["split"].tolist(), strict=True)
    }
    assert len(np.unique(leaders)) == 20
    assert len(splits) == 20
