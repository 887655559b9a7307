"""What goes wrong around Whatsit: Ctrl-C, full disks, missing permissions, odd folders of pictures."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import PEAK, Run
from whatsit.project.shards import open_shard

INTERRUPT_AT = """
import os, signal, sys
from whatsit.cli import main
from whatsit.events import Progress, emitting
def stop(event):
    if isinstance(event, Progress) and (event.task, event.done) == ({title!r}, {done}):
        os.kill(os.getpid(), signal.SIGINT)
with emitting(stop):
    main()
"""


def python(code: str, *words: object, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, **options)  # type: ignore[call-overload, no-any-return]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As if the disk were full wherever a file would get larger."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("cache")
def test_ctrl_c_while_looking_keeps_what_was_seen(digits: Path, tmp_path: Path, command: Run) -> None:
    code = INTERRUPT_AT.format(title="features", done=30)
    stopped = python(code, "train", digits, "--size", 64, "--out", "d.whatsit", cwd=tmp_path)
    assert stopped.returncode == 130
    assert "stopped" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not (tmp_path / "d.whatsit").exists()
    files = (digits / ".whatsit").glob("features/*/*/*.features")
    assert 29 <= sum(len(open_shard(file) or []) for file in files) < 60  # type: ignore[arg-type]
    assert command("train", digits, "--size", 64, "--epochs", 1).returncode == 0


@pytest.mark.usefixtures("cache")
def test_ctrl_c_while_the_head_learns_ends_quietly(digits: Path, tmp_path: Path) -> None:
    words = ["train", str(digits), "-v", "--size", "64", "--epochs", "1000000"]
    command = [sys.executable, "-m", "whatsit", *words]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
    with subprocess.Popen(command, **options) as child:  # type: ignore[call-overload]
        assert child.stdout is not None
        assert child.stderr is not None
        header, _first = child.stdout.readline(), child.stdout.readline()
        child.send_signal(2)
        child.stdout.read()
        said = child.stderr.read()
    assert header.startswith("epoch")
    assert "stopped" in said, child.returncode
    assert child.returncode == 130
    assert "Traceback" not in said
    assert not list(tmp_path.glob("*.whatsit"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_full_disk_leaves_the_old_bundle_and_no_rubbish(command: Run, digits: Path, tmp_path: Path) -> None:
    words = ("train", digits, "--size", 64, "--epochs")
    assert command(*words, 1).returncode == 0
    before = (tmp_path / "digits.whatsit").read_bytes()
    with files_of_at_most(1 << 20):
        result = command(*words, 2)
    assert result.returncode == 2
    assert "digits.whatsit can't be written" in result.stderr
    assert (tmp_path / "digits.whatsit").read_bytes() == before
    files = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert files == ["digits-report.html", "digits.whatsit"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_disk_that_fills_while_looking_is_said(command: Run, digits: Path) -> None:
    words = ("train", digits, "--size", 64, "--epochs", 1)
    assert command(*words, "--project", "elsewhere").returncode == 0
    with files_of_at_most(60000):
        result = command(*words, "--out", "d.whatsit")
    assert result.returncode == 2
    assert "can't be written: File too large" in result.stderr
    assert "delete the stored features: they only save time" in result.stderr
    assert "Traceback" not in result.stderr


def test_file_instead_of_the_feature_store_is_said(command: Run, digits: Path) -> None:
    (digits / ".whatsit").mkdir()
    (digits / ".whatsit" / "features").write_text("I am no folder.")
    result = command("train", digits)
    assert result.returncode == 2
    assert "delete it" in result.stderr


def test_folder_that_cannot_be_written_works_with_project(
    as_owner: Run, digits: Path, tmp_path: Path
) -> None:
    digits.chmod(0o555)
    refused = as_owner("train", digits)
    assert refused.returncode == 2
    assert "--project FOLDER" in refused.stderr
    result = as_owner("train", digits, "--size", 64, "--epochs", 1, "--project", tmp_path / "project")
    assert result.returncode == 0, result.stderr
    assert not (digits / ".whatsit").exists()
    digits.chmod(0o755)


def test_picture_that_may_not_be_read_is_named_and_left_alone(as_owner: Run, digits: Path) -> None:
    secret = sorted((digits / "0").iterdir())[0]
    secret.chmod(0)
    result = as_owner("show", digits)
    assert result.returncode == 0
    assert "59 pictures" in result.stdout
    assert f"{secret.name}: the file can't be read: its permissions forbid it" in result.stdout


def test_class_folder_that_may_not_be_listed_is_said(as_owner: Run, digits: Path) -> None:
    (digits / "7").chmod(0)
    result = as_owner("show", digits)
    (digits / "7").chmod(0o755)
    assert result.returncode == 2
    assert str(digits / "7") in result.stderr
    assert "Traceback" not in result.stderr


STRANGE = ("with space", "quo\"te's", "new\nline", "bear 🐻", "熊", "-dash", "a%sb{}")


def test_strange_names_survive_the_whole_road(
    command: Run, whatsit: Run, digits: Path, tmp_path: Path
) -> None:
    root = tmp_path / "strange names 📷"
    for label, name in zip("017", STRANGE, strict=False):
        (digits / label).rename((root if root.exists() else (root.mkdir() or root)) / name)
    for number, name in enumerate(STRANGE):
        source = sorted((root / STRANGE[number % 3]).iterdir())[number]
        source.rename(source.with_name(f"{name}.png"))
    odd = os.fsencode(root / STRANGE[0]) + b"/caf\xe9.png"
    Path(os.fsdecode(odd)).write_bytes(sorted((root / STRANGE[0]).iterdir())[-1].read_bytes() + b"x")
    assert command("show", root, "--save", "show.png").returncode == 0
    assert command("train", root, "--size", 64, "--epochs", 2, "--out", "s.whatsit").returncode == 0
    assert command("evaluate", "s.whatsit", root).returncode == 0
    answered = command("predict", "s.whatsit", root)
    assert answered.returncode == 0, answered.stderr
    assert len(answered.stdout.splitlines()) == 61
    answers = json.loads(command("predict", "s.whatsit", root, "--json").stdout)["predictions"]
    assert all(Path(answer["path"]).exists() for answer in answers)
    latin = whatsit("predict", "s.whatsit", root, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert latin.returncode == 0, latin.stderr


@pytest.mark.parametrize(
    ("fill", "sentence"),
    [
        ({}, "no sub-folders with pictures"),
        ({"a/notes.txt": b"x", "b/more.txt": b"y"}, "no sub-folders with pictures"),
        ({"a/1.png": 1, "a/2.png": 2, "a/3.png": 3}, "only one class"),
        ({"a/1.png": 1, "b/2.png": 2}, "There are no validation pictures: every class has only one picture"),
        (
            {f"{n % 2}/{n}.jpg": f"<html>{n}".encode() for n in range(4)},
            " is a usable picture (4 files, such as ",
        ),
        ({"a/1.png": 1, "a/2.png": 2, "b/3.jpg": b"<html>"}, "only one class"),
    ],
)
def test_folders_that_cannot_be_learnt_from_are_refused(
    command: Run, tmp_path: Path, fill: dict[str, bytes | int], sentence: str
) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    for name, content in fill.items():
        (root / name).parent.mkdir(exist_ok=True)
        if isinstance(content, int):
            buffer = io.BytesIO()
            Image.new("RGB", (40, 40), (content, 0, 0)).save(buffer, "PNG")
            content = buffer.getvalue()
        (root / name).write_bytes(content)
    result = command("train", root)
    assert result.returncode == 2, result.stderr
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_limit_on_pixels_can_be_set_and_a_wrong_one_is_said(whatsit: Run, digits: Path) -> None:
    words = ["train", digits, "--epochs", 1]
    strict = whatsit(*words, env={**os.environ, "WHATSIT_MAX_PIXELS": "100"})
    assert strict.returncode == 2
    assert "more than 100 pixels" in strict.stderr
    wrong = whatsit(*words, env={**os.environ, "WHATSIT_MAX_PIXELS": "many"})
    assert wrong.returncode == 2
    assert "WHATSIT_MAX_PIXELS must be a number" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def twelve_megapixels(folder: Path, count: int) -> None:
    """Pictures of a phone's size, each with bytes of its own behind the picture."""
    for label, color in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        (folder / label).mkdir(parents=True)
        buffer = io.BytesIO()
        gradient = Image.linear_gradient("L").resize((4000, 3000))
        Image.composite(Image.new("RGB", gradient.size, color), gradient.convert("RGB"), gradient).save(
            buffer, "JPEG", quality=80
        )
        for number in range(count // 2):
            (folder / label / f"{number}.jpg").write_bytes(buffer.getvalue() + str(number).encode())


MEASURED = f"""{PEAK}
from whatsit.cli import main
try:
    main()
finally:
    import sys; print(peak(), file=sys.stderr)
"""


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(("count", "most"), [(50, 2000), pytest.param(5000, 3000, marks=pytest.mark.soak)])
def test_many_phone_photos_fit_into_memory(tmp_path: Path, count: int, most: int) -> None:
    """All 50 of them, decoded, would take 1,800 MB on top of what Whatsit takes."""
    twelve_megapixels(tmp_path / "photos", count)
    result = python(MEASURED, "train", tmp_path / "photos", "--size", 64, "--epochs", 1, cwd=tmp_path)
    megabytes = int(result.stderr.splitlines()[-1])
    assert result.returncode == 0, result.stderr
    assert megabytes < most
