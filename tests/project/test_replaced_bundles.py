"""A bundle that a training replaces goes to the trash, and nothing else deletes it."""

import json
import os
import shutil
from pathlib import Path

import pytest

import whatsit as wi
from tests.conftest import Run
from whatsit.errors import UntrustedError
from whatsit.project import empty_replaced, keeping, list_replaced


def test_replaced_bundle_goes_to_the_trash_and_is_deleted_only_with_it(
    command: Run, digits: Path, tmp_path: Path
) -> None:
    def export(epochs: int) -> bytes:
        learner = wi.Learner(wi.Catalog.from_folder(digits), size=64)
        learner.fit_one_cycle(epochs)
        learner.export(tmp_path / "digits.whatsit")
        return (tmp_path / "digits.whatsit").read_bytes()

    old = export(3)
    assert export(3) == old
    assert not list_replaced(digits / ".whatsit"), "the same bundle replaces nothing"
    assert export(4) != old
    assert export(3) == old
    export(4)  # the old content is there already
    reported = json.loads(command("trash", digits, "--json").stdout)
    assert len(reported["files"]) == 2
    assert reported["files"][0]["path"] == str(tmp_path / "digits.whatsit")
    assert reported["files"][0]["reason"]["text"] == "replaced by a newer bundle"
    assert Path(reported["files"][0]["kept"]).read_bytes() == old
    assert reported["bytes"] > 2 * len(old) - 10_000
    assert (
        "digits.whatsit: replaced by a newer bundle; to get the old one back, copy it from "
        in command("trash", digits).stdout
    )
    assert "nothing to undo" in command("undo", digits).stdout, "that is for pictures"
    assert "2 files" in command("trash", digits, "--empty").stdout
    assert not list_replaced(digits / ".whatsit")
    assert (tmp_path / "digits.whatsit").exists()


def test_old_file_stays_where_writing_fails_or_it_is_on_another_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, sidecar = tmp_path / "x.whatsit", tmp_path / "sidecar"
    bundle.write_bytes(b"old")
    with pytest.raises(KeyError), keeping(sidecar, bundle):
        raise KeyError
    assert not list_replaced(sidecar)

    def other_disk(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", other_disk)
    with keeping(sidecar, bundle):
        bundle.write_bytes(b"new")
    (found,) = list_replaced(sidecar)
    assert found.kept.read_bytes() == b"old"
    assert found.bytes == 3


def test_link_into_somebodys_files_is_neither_followed_nor_emptied(tmp_path: Path) -> None:
    mine = tmp_path / "mine" / ("a" * 64)
    mine.mkdir(parents=True)
    (mine / "precious").write_text("x")
    sidecar = tmp_path / "sidecar"
    sidecar.mkdir()
    (sidecar / "replaced").symlink_to(tmp_path / "mine")
    with pytest.raises(UntrustedError, match="symbolic link"):
        empty_replaced(sidecar)
    (sidecar / "replaced").unlink()
    (sidecar / "replaced").mkdir()
    (sidecar / "replaced" / ("a" * 64)).symlink_to(mine)
    with pytest.raises(UntrustedError, match="symbolic link"):
        empty_replaced(sidecar)
    assert (mine / "precious").exists()


def test_what_a_stranger_wrote_about_a_bundle_does_not_reach_the_terminal(
    command: Run, digits: Path, tmp_path: Path
) -> None:
    sidecar = wi.Catalog.from_folder(digits).project.folder
    bundle = tmp_path / "x.whatsit"
    bundle.write_bytes(b"old")
    with keeping(sidecar, bundle):
        bundle.write_bytes(b"new")
    (about,) = (sidecar / "replaced").glob("*/.about.json")
    about.write_text(json.dumps({"path": "\x1b[2Jx", "at": "\x1b[2J\x1b[H"}))
    (about.parent / "another").write_bytes(b"y")
    shown = command("trash", digits)
    assert shown.returncode == 0
    assert "\x1b" not in shown.stdout
    assert command("trash", digits, "--empty").returncode == 0
    assert not about.parent.exists()


def test_folder_of_the_same_name_does_not_take_the_place_of_anothers_bundle(
    command: Run, digits: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "a" / "bears", tmp_path / "b" / "bears"
    shutil.copytree(digits, first)
    shutil.copytree(digits, second)
    shutil.move(second / "7", second / "seven")
    quick = ("--epochs", 1, "--size", 64)
    assert command("train", first, *quick).returncode == 0
    bundle = (tmp_path / "bears.whatsit").read_bytes()
    refused = command("train", second, *quick)
    assert refused.returncode == 2
    assert "bears.whatsit was not trained on the pictures in" in refused.stderr
    assert "--out" in refused.stderr
    assert (tmp_path / "bears.whatsit").read_bytes() == bundle
    shutil.rmtree(first / ".whatsit")  # its own, although nothing says so any more
    assert command("train", first, *quick).returncode == 0
