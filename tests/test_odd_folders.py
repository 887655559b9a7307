"""Long names, deep folders, impossible dates: what an odd folder of pictures costs is one picture at most."""

import os
import subprocess
import tempfile
from array import array
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import whatsit as wi
from tests.conftest import Run, campaign, rendered
from tests.listening import on_progress
from tests.pictures import contents, put
from tests.site import jpeg
from whatsit.catalog.entries import files_below
from whatsit.catalog.fingerprint import stat_key
from whatsit.errors import CatalogError
from whatsit.predicting import _explained, _pictures_in
from whatsit.project import short_name, size_of, write_whole

LONG = {"ascii": "x" * 250, "two bytes": "ü" * 125, "three": "熊" * 83, "four": "🐻" * 62 + "ab"}


@pytest.mark.parametrize("name", [one + "c" * (255 - len(one.encode())) for one in LONG.values()], ids=LONG)
def test_file_of_the_longest_name_is_written(tmp_path: Path, name: str) -> None:
    assert len(name.encode()) == 255
    write_whole(tmp_path / name, b"whole")
    assert contents(tmp_path) == {name: b"whole"}


STEMS = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=300)
    | st.binary(min_size=1, max_size=300).map(os.fsdecode)  # file names need not be text
)


@campaign(2000)
@given(STEMS, st.integers(1, 10**6))
def test_names_are_cut_between_characters(stem: str, number: int) -> None:
    name = short_name(stem, f"-{number}.jpg")
    encoded = os.fsencode(name)
    assert len(encoded) <= 255
    assert stem.startswith(name.removesuffix(f"-{number}.jpg"))
    assert len(encoded) > 250 or name == f"{stem}-{number}.jpg"


@pytest.mark.parametrize("stem", LONG.values(), ids=LONG)
def test_long_names_hold_up_no_repair(tmp_path: Path, stem: str) -> None:
    """Wrong extensions whose right ones are longer or taken, and pictures that are written anew."""
    bears = tmp_path / "bears"
    put(bears / "b" / "short.png", jpeg(1))
    put(bears / "b" / stem, jpeg(2))  # gets an extension
    put(bears / "b" / f"{stem}.png", jpeg(3))  # whose right name is taken then, and 256 bytes long with -2
    put(bears / "b" / f"{stem}.gif", jpeg(4))
    rendered(9).convert("CMYK").save(put(bears / "b" / f"{stem}.jpg", b""))
    before = contents(bears)
    done = wi.verify_images(bears, delete=True, fix=True)
    after = contents(bears)
    assert (len(done.fixed), done.left_alone) == (5, [])
    assert len(after) == 5
    assert {jpeg(n) for n in (1, 2, 3, 4)} < set(after.values())
    assert all(name.endswith(".jpg") and len(Path(name).name.encode()) <= 255 for name in after)
    assert wi.verify_images(bears).odd == {}
    undo(bears)
    assert contents(bears) == before


def undo(images: Path) -> None:
    from whatsit.project import Project

    project = Project(images)
    with project.lock():
        project.journal.undo()


def test_long_names_hold_up_no_heat_map(tmp_path: Path) -> None:
    class Explained:
        def explain(self, *_: object) -> "Explained":
            return self

        def write(self, path: Path) -> None:
            write_whole(path, b"map")

    for stem in LONG.values():
        for suffix in (".jpg", ".png", ".webp"):
            _explained(Explained(), b"", "bear", tmp_path, f"/a/{stem}{suffix}")  # type: ignore[arg-type]
    assert len(contents(tmp_path)) == 3 * len(LONG)


FAR = (2**63, 2**64 - 1, 10**22, -(2**63) - 1, -(10**22), 9_223_372_036_854_775_807, 0, -1)


@pytest.mark.parametrize("moment", FAR)
def test_every_moment_has_a_place_in_the_index(moment: int) -> None:
    status = os.stat_result((0,) * 10, {"st_mtime_ns": moment, "st_ctime_ns": moment})
    key = array("q", stat_key(status))
    assert key[0] == key[1] == min(max(moment, -(2**63)), 2**63 - 1)


def test_pictures_from_the_far_future_and_past_are_read_once_and_moved_like_others(
    digits: Path, command: Run, tmp_path: Path
) -> None:
    paths = sorted(digits.rglob("*.png"))
    for path, year in zip(paths, (2**33, 2**34 - 1, -(2**31), -(2**33), 2**62, -(2**62)), strict=False):
        with suppress(OSError, OverflowError):
            os.utime(path, ns=(year * 10**9, year * 10**9))
    if max(path.stat().st_mtime_ns for path in paths) < 2**63:
        pytest.skip("the disk here knows no moment after 2262")
    paths[0].write_bytes(b"<html>")
    os.utime(paths[0], ns=(2**33 * 10**9, 2**33 * 10**9))
    for words in (["show", "--by-time"], ["verify"], ["undo"]):
        result = command(words[0], digits, *words[1:])
        assert result.returncode == 0, result.stderr
    for options in ({}, {"by_time": True}):
        catalog = wi.Catalog.from_folder(digits, **options)  # type: ignore[arg-type]
        assert len(catalog) == 59
    read: list[str] = []
    with on_progress(lambda title, *_: read.append(title)):
        wi.Catalog.from_folder(digits)
    assert "reading" not in read


def misnamed(folder: Path, name: bytes = b"caf\xe9") -> Path:
    """A folder whose name is not UTF-8."""
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    path.mkdir(parents=True)
    return path


def test_class_whose_name_is_no_text_is_refused_at_once(digits: Path, command: Run) -> None:
    odd = misnamed(digits)
    for path in sorted((digits / "7").iterdir()):
        path.rename(odd / path.name)
    result = command("train", digits)
    assert result.returncode == 2
    assert r"class caf\udce9 is not UTF-8" in result.stderr
    assert "Rename" in result.stderr
    assert "epoch" not in result.stdout


def test_names_that_are_no_text_are_refused_wherever_a_label_comes_from(tmp_path: Path) -> None:
    odd = misnamed(tmp_path / "p")
    rendered(1).save(odd / "1.png")
    with pytest.raises(CatalogError, match="UTF-8"):
        wi.Catalog.from_folder(tmp_path / "p")
    with pytest.raises(CatalogError, match="UTF-8"):
        wi.Catalog.from_pattern(tmp_path / "p", r"([^/]+)/\d+\.png$")


def test_folders_and_files_below_a_class_may_be_called_anything(tmp_path: Path) -> None:
    for n in range(3):
        rendered(n).save(misnamed(tmp_path / "p" / "bear", b"\xff%d" % n) / f"{n}.png")
    assert len(wi.Catalog.from_folder(tmp_path / "p", to_train=False, recursive=True)) == 3


def deep(root: Path, name: str, data: bytes, levels: int = 1500) -> None:
    """A file in a folder in a folder ..., which only one who changes into them can make."""
    root.mkdir(parents=True)
    here = os.getcwd()
    os.chdir(root)
    try:
        for _ in range(levels):
            os.mkdir(name)
            os.chdir(name)
        Path("deep.png").write_bytes(data)
    finally:
        os.chdir(here)


def test_folders_1500_deep_are_folders_like_others(tmp_path: Path, command: Run) -> None:
    root = Path(tempfile.mkdtemp(dir="/tmp"))  # a short path: the system takes 4,096 bytes in all
    try:
        deep(root / "bear", "d", b"<html>")
        deep(root / "cat", "d", jpeg(1))
        for words, reported in (
            (["show", root], "1 picture"),
            (["verify", root, "--fix"], "moved to the trash"),
            (["trash", root], "deep.png"),
        ):
            result = command(*words)
            assert result.returncode == 0, result.stderr[-300:]
            assert reported in result.stdout
        removed(root / "bear")
        assert command("undo", root).returncode == 0
        assert len([name for name in files_below(root) if name.endswith("deep.png")]) == 2
        assert size_of(root) > len(jpeg(1))
        assert len(list(_pictures_in(str(root)))) == 2
    finally:
        removed(root)


@pytest.mark.parametrize("words", [["show"], ["verify", "--fix"]])
def test_path_that_is_too_long_for_the_system_is_one_sentence(
    tmp_path: Path, command: Run, words: list[str]
) -> None:
    try:
        deep(tmp_path / "p" / "bear", "d" * 100, jpeg(1), 60)
        result = command(words[0], tmp_path / "p", *words[1:])
        assert result.returncode == 2
        assert f"The folders below {tmp_path / 'p' / 'bear'} are nested too deep" in result.stderr
        assert len(result.stderr) < 500
    finally:
        removed(tmp_path / "p")


def removed(folder: Path) -> None:
    """As shutil.rmtree, which fails where folders are nested deep."""
    subprocess.run(["rm", "-rf", folder], check=True)
