"""Collecting into, and verifying, a folder that somebody sent touches nothing outside it."""

import csv
import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Run, campaign, rendered
from tests.gathering import gather, manifest, pictures
from tests.pictures import contents
from tests.site import Site, jpeg, respond
from whatsit.collection import collect_lists
from whatsit.collection.manifest import COLUMNS, Manifest
from whatsit.collection.provider import Found
from whatsit.errors import CollectError, UntrustedError

REFUSED = r"can't be trusted.*Set it aside: rename it to"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder beside the one that was received, which nobody may touch."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "x").write_bytes(b"precious")
    rendered(77).save(folder / "y.png")
    return folder


@pytest.fixture
def received(tmp_path: Path) -> Path:
    folder = tmp_path / "received"
    (folder / "bear").mkdir(parents=True)
    (folder / ".whatsit" / "incoming").mkdir(parents=True)
    rendered(78).save(folder / "bear" / "mine.png")
    return folder


def write(path: Path, *rows: dict[str, str]) -> None:
    """A manifest of these rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    url = {"url": "http://127.0.0.1:1/x", "number": "0", "class": "bear", "status": "new"}
    writer.writerows({**url, **row} for row in rows)
    path.write_text(text.getvalue(), encoding="utf-8")


PLACES = [
    *(
        "../victim/x",
        "bear/../../victim/x",
        "/etc/hostname",
        "bear",
        "bear/",
        "bear/..",
        "x",
        "..",
        "a/b.jpg",
    ),
    *(
        "bear/a/b.jpg",
        "bear/.hidden",
        ".whatsit/project.sqlite",
        "bear//etc/hostname",
        "./bear/x",
        "bear\\/x",
    ),
]


@pytest.mark.parametrize("place", PLACES)
def test_manifest_names_no_file_outside_its_classes(
    received: Path, victim: Path, tmp_path: Path, place: str
) -> None:
    data = b"a part that arrived"
    (received / ".whatsit" / "incoming" / "0.part").write_bytes(data)
    before = contents(victim)
    for sha256 in ("", hashlib.sha256(data).hexdigest()):
        write(received / "manifest.csv", {"file": place, "sha256": sha256})
        with pytest.raises(UntrustedError, match=REFUSED):
            gather(received, ["http://127.0.0.1:1/y"])
    assert contents(victim) == before
    assert list(pictures(received / "bear")) == ["mine.png"]
    assert not (received / ".whatsit" / "trash").exists()


@pytest.mark.parametrize("status", ["kept", "removed"])
def test_manifest_of_a_reviewed_folder_names_pictures_of_any_class_and_nothing_else(
    received: Path, status: str
) -> None:
    path = received / "manifest.csv"
    for place in ("teddy/1.jpg", "train/bear/young/1.jpg"):
        write(path, {"file": place, "status": status})
        assert [row.file for row in Manifest(path)] == [place]
    for place in ("../victim/x", "bear/../../victim/x", "/etc/hostname", ".whatsit/x", "bear/.hidden", ".."):
        write(path, {"file": place, "status": status})
        with pytest.raises(UntrustedError, match=REFUSED):
            Manifest(path)


@pytest.mark.parametrize("label", ["..", "../x", ".", "", ".whatsit", "/tmp", "a/b", "@eaDir", "a\0b"])
def test_manifest_names_no_class_that_is_none(received: Path, label: str) -> None:
    write(received / "manifest.csv", {"class": label, "file": f"{label}/1.jpg"})
    with pytest.raises((UntrustedError, CollectError), match=rf"{REFUSED}|not a valid Whatsit manifest"):
        gather(received, ["http://127.0.0.1:1/y"])


@pytest.mark.parametrize("number", ["-1", "9" * 300, "1" + "0" * 12])
def test_manifest_numbers_pictures_sensibly(received: Path, number: str) -> None:
    write(received / "manifest.csv", {"number": number, "status": "waiting"})
    with pytest.raises(CollectError, match="not a valid Whatsit manifest"):
        gather(received, ["http://127.0.0.1:1/y"])


@campaign(2000)
@given(st.lists(st.sampled_from(["..", ".", "/", "bear", "x.jpg", "~", ".whatsit", "\\", "C:"]), max_size=6))
def test_whatever_a_manifest_names_lies_in_its_class(parts: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "manifest.csv"), {"file": "".join(parts)})
        try:
            (row,) = Manifest(Path(folder, "manifest.csv"))
        except UntrustedError:
            return
        assert not row.file or Path(os.path.normpath(Path(folder, row.file))).parent == Path(folder, "bear")


@pytest.mark.parametrize("what", ["incoming", "collecting.lock"])
@pytest.mark.parametrize("target", ["", "x", "nowhere"])
def test_link_in_the_sidecar_is_refused(received: Path, victim: Path, what: str, target: str) -> None:
    place = received / ".whatsit" / what
    if place.exists():
        place.rmdir()
    place.symlink_to(victim / target)
    before = contents(victim)
    with pytest.raises(UntrustedError, match=REFUSED):
        gather(received, ["http://127.0.0.1:1/y"])
    assert contents(victim) == before


def test_manifest_that_is_a_link_is_refused(received: Path, victim: Path, site: Site) -> None:
    site.pages["/1"] = respond(jpeg(1))
    Manifest(victim / "manifest.csv").add("bear", [Found(site.url("/1"))], "", 0)
    before = contents(victim)
    for target in ("manifest.csv", "nowhere", "x"):
        (received / "manifest.csv").symlink_to(victim / target)
        with pytest.raises(UntrustedError, match=REFUSED):
            gather(received, [site.url("/1")])
        (received / "manifest.csv").unlink()
    assert contents(victim) == before
    assert not site.requests


def test_what_is_no_file_is_neither_waited_for_nor_read_for_ever(
    received: Path, site: Site, tmp_path: Path
) -> None:
    site.pages["/1"] = respond(jpeg(1))
    os.mkfifo(received / "bear" / "1.jpg")
    (received / "bear" / "2.jpg").symlink_to("/dev/zero")
    (received / "bear" / "3.jpg").mkdir()
    os.mkfifo(received / ".whatsit" / "incoming" / "1.part")
    (received / ".whatsit" / "incoming" / "2.part").symlink_to("/dev/zero")
    write(
        received / "manifest.csv",
        *({"url": f"{site.url('/gone')}{n}", "number": f"{n}", "file": f"bear/{n}.jpg"} for n in (1, 2, 3)),
    )
    assert gather(received, [site.url("/1")]).classes["bear"].kept == 1
    assert not list((received / ".whatsit" / "incoming").iterdir())


def test_manifest_that_is_a_pipe_is_said(received: Path) -> None:
    os.mkfifo(received / "manifest.csv")
    with pytest.raises(CollectError, match="is not a file"):
        gather(received, ["http://127.0.0.1:1/y"])


def test_folder_among_what_arrives_is_left(received: Path) -> None:
    (received / ".whatsit" / "incoming" / "mine").mkdir()
    with pytest.raises(UntrustedError, match=REFUSED):
        gather(received, ["http://127.0.0.1:1/y"])
    assert (received / ".whatsit" / "incoming" / "mine").exists()


def test_nothing_is_collected_into_a_class_that_is_a_link(
    received: Path, victim: Path, site: Site, command: Run, tmp_path: Path
) -> None:
    site.pages["/1"] = respond(jpeg(1))
    (received / "linked").symlink_to(victim)
    before = contents(victim)
    with pytest.raises(CollectError, match=r"is a symbolic link.*Put a folder in its place"):
        collect_lists({"linked": [Found(site.url("/1"))]}, received, allow_private=True)
    (tmp_path / "urls_linked.txt").write_text(site.url("/1"))
    result = command("collect", "--urls", "urls_linked.txt", "--into", received, "--allow-private")
    assert result.returncode == 2
    assert "is a symbolic link" in result.stderr
    assert contents(victim) == before
    assert not site.requests
    assert gather(received, [site.url("/1")]).classes["bear"].kept == 1


def test_row_of_a_class_that_is_a_link_moves_nothing(received: Path, victim: Path, site: Site) -> None:
    (received / "linked").symlink_to(victim)
    data = b"a part that arrived"
    (received / ".whatsit" / "incoming" / "0.part").write_bytes(data)
    before = contents(victim)
    for name in ("x", "new.pth"):
        sha256 = hashlib.sha256(data).hexdigest()
        write(received / "manifest.csv", {"class": "linked", "file": f"linked/{name}", "sha256": sha256})
        with pytest.raises(UntrustedError, match="symbolic link"):
            gather(received, [site.url("/1")])
    assert contents(victim) == before


def test_numbers_of_the_users_own_files_may_be_huge(received: Path, site: Site) -> None:
    site.pages["/1"] = respond(jpeg(1))
    rendered(79).save(received / "bear" / f"{'9' * 250}.png")
    gather(received, [site.url("/1")])
    assert manifest(received)[site.url("/1")]["file"] == "bear/00000000.jpg"
