"""Long names, deep folders, impossible dates: what an odd folder of pictures costs is one picture at most."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import whatsit as wi
from tests.conftest import campaign, rendered
from tests.site import jpeg
from tests.test_journal import contents
from whatsit.project import short_name, write_whole

LONG = {"ascii": "x" * 250, "two bytes": "ü" * 125, "three": "熊" * 83, "four": "🐻" * 62 + "ab"}


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", [one + "c" * (255 - len(one.encode())) for one in LONG.values()], ids=LONG)
def test_file_of_the_longest_name_is_written(tmp_path: Path, name: str) -> None:
    assert len(name.encode()) == 255
    write_whole(tmp_path / name, b"whole")
    assert contents(tmp_path) == {name: b"whole"}


@campaign(2000)
@given(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=300), st.integers(1, 10**6))
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
    from whatsit.cli.predict import _explained

    class Explained:
        def explain(self, *_: object) -> "Explained":
            return self

        def write(self, path: Path) -> None:
            write_whole(path, b"map")

    for stem in LONG.values():
        for suffix in (".jpg", ".png", ".webp"):
            _explained(Explained(), b"", "bear", tmp_path, f"/a/{stem}{suffix}")  # type: ignore[arg-type]
    assert len(contents(tmp_path)) == 3 * len(LONG)
