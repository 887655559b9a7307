"""A folder from a stranger touches nothing outside itself."""

from pathlib import Path

import pytest

from whatsit.errors import UntrustedError
from whatsit.project.paths import inside, not_a_link, plain_name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "../x", "a\0b"])
def test_only_a_plain_name_is_a_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(UntrustedError, match=r"can't be trusted.*Set it aside"):
        plain_name(name, tmp_path / "record")


def test_names_of_all_alphabets_are_plain(tmp_path: Path) -> None:
    assert plain_name("熊 1..jpg", tmp_path) == "熊 1..jpg"


@pytest.mark.parametrize("path", ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "a/\0/b"])
def test_paths_that_lead_out_are_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(UntrustedError, match="leads out of"):
        inside(tmp_path, path, tmp_path / "record")


def test_no_path_crosses_a_link_but_may_end_in_one(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    with pytest.raises(UntrustedError, match="symbolic link"):
        inside(folder, "link/picture.jpg", folder / "record")
    assert inside(folder, "link", folder / "record") == folder / "link"
    assert inside(folder, "a/./b.jpg", folder / "record") == folder / "a" / "b.jpg"
    with pytest.raises(UntrustedError):
        not_a_link(folder / "link", folder)
