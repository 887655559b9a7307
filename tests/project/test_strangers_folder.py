"""A folder from a stranger, with a hostile `.whatsit/`: it is refused, and nothing outside changes."""

import os
from pathlib import Path

import pytest

from tests.stranger import Neighbors, Row, move, neighbors, refused, run, snapshot, write_moves
from whatsit.errors import UntrustedError
from whatsit.events import warn
from whatsit.project import Project

OPENING = (["show"], ["trash"], ["trash", "--empty"], ["undo"], ["runs"])


@pytest.fixture
def received(digits: Path) -> Neighbors:
    Project(digits)
    return neighbors(digits)


UP = b"../../../../victim/"
HOSTILE: dict[str, list[Row]] = {
    "a name that leads to a folder": [move(name=UP + b"zz")],
    "a name that is a way down": [move(name=b"a/b")],
    "no name": [move(name=b"")],
    "the name of a folder": [move(name=b"..")],
    "a target outside": [move(1, source=b"0/new.pth", target=b"../victim/new.pth"), move(2)],
    "two targets outside": [
        move(1, target=b"../victim/evil.pth", name=b"evil.pth"),
        move(2, target=b"0/../../victim/evil.pth", name=b"evil.pth"),
    ],
    "an absolute target": [move(target=b"/tmp/evil.pth")],
    "an absolute source": [move(source=b"/etc/passwd", name=b"passwd")],
    "a source outside": [move(source=b"../victim/zz", name=b"zz")],
    "a source in the sidecar": [move(source=b".whatsit/project.sqlite", name=b"project.sqlite")],
    "a target in the sidecar": [move(source=b"0/x", target=b".WhatsIt/runs/x")],
    "neither source nor target": [move()],
    "a number below one": [move(-1, source=b"0/x")],
    "a number that is too large": [move(2**62, source=b"0/x")],
    "a nul in a path": [move(source=b"0/\0")],
    "text instead of bytes": [move(source="0/x")],
    "a number instead of a name": [move(source=b"0/x", name=1)],
    "no action": [move(source=b"0/x", action=None)],
    "an action in words": [move(source=b"0/x", action="first")],
    "no reason": [move(source=b"0/x", reason=None)],
    "no time": [move(source=b"0/x", at=None)],
    "a time that writes to the terminal": [move(source=b"0/x", at="\x1b[2J")],
}


@pytest.mark.parametrize("state", ["planned", "undoing"])
@pytest.mark.parametrize("rows", HOSTILE.values(), ids=HOSTILE)
def test_moves_that_lead_out_are_refused_before_anything_is_moved(
    received: Neighbors, rows: list[Row], state: str
) -> None:
    picture = min((received.images / "0").iterdir())
    rows = [*rows, move(99, source=b"0/" + os.fsencode(picture.name))]  # harmless, but not made either
    write_moves(received.sidecar, *((*row[:7], state) for row in rows))
    (received.sidecar / "trash" / "000001").mkdir(parents=True)
    refused(received, "trash")


@pytest.mark.parametrize("words", OPENING, ids=" ".join)
def test_no_command_deletes_for_a_planned_move(received: Neighbors, words: list[str]) -> None:
    (received.sidecar / "trash" / "000001").mkdir(parents=True)
    write_moves(received.sidecar, *HOSTILE["a name that leads to a folder"])
    refused(received, *words)


@pytest.mark.parametrize("words", [["trash"], ["trash", "--empty"], ["undo"]], ids=" ".join)
def test_made_moves_that_lead_out_are_neither_undone_nor_emptied(
    received: Neighbors, words: list[str]
) -> None:
    (received.sidecar / "trash" / "000001").mkdir(parents=True)
    write_moves(received.sidecar, move(state="made", source=b"../victim/new", name=UP + b"zz"))
    refused(received, *words)


@pytest.mark.parametrize("state", ["planned", "undoing", "made", "emptying"])
@pytest.mark.parametrize("link", ["black", "black/deep", "trash", "trash/000001"])
def test_no_move_crosses_a_link(received: Neighbors, state: str, link: str) -> None:
    target = received.sidecar / link if link.startswith("trash") else received.images / link
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(received.victim)
    place = received.images / "0" / "here.jpg"
    place.write_text("here")
    write_moves(
        received.sidecar,
        move(1, state, b"0/here.jpg", None, b"photo.jpg"),
        move(2, state, b"0/here.jpg", b"black/deep/photo.jpg", b"photo.jpg"),
        move(3, state, None, b"black/deep/photo.jpg", b"photo.jpg"),
    )
    outside = snapshot(received.victim)
    for words in OPENING:
        error = run(words[0], received.images, *words[1:])
        assert error is None or isinstance(error, UntrustedError), error
    assert snapshot(received.victim) == outside
    assert place.read_text() == "here"


def test_link_that_a_move_would_put_in_the_way_of_the_next_is_seen(received: Neighbors) -> None:
    (received.images / "evil").symlink_to(received.victim)
    (received.images / "new.pth").write_text("evil")
    write_moves(
        received.sidecar,
        move(1, "planned", b"evil", b"black/sub", b"evil"),
        move(2, "planned", b"new.pth", b"black/sub/new.pth", b"new.pth"),
    )
    refused(received, "show")


@pytest.mark.parametrize(
    "name",
    [
        *("trash", "runs", "checkpoints", "incoming", "lock", "collecting.lock", "pictures.png"),
        *("project.sqlite", "features", "project.sqlite-journal", "project.sqlite-wal"),
    ],
)
def test_nothing_in_a_sidecar_may_be_a_link(received: Neighbors, name: str) -> None:
    (received.sidecar / name).unlink(missing_ok=True)
    (received.sidecar / name).symlink_to(received.victim / ("zz" if "." in name or name == "lock" else ""))
    refused(received, "show")
    refused(received, "undo") if name != "project.sqlite" else None


def test_sidecar_that_is_a_link_is_not_followed(received: Neighbors) -> None:
    received.sidecar.rename(received.victim / "sidecar")
    received.sidecar.symlink_to(received.victim / "sidecar")
    for words in OPENING:
        refused(received, *words)


def test_sidecar_inside_the_image_folder_by_another_name_is_no_place_for_pictures(
    received: Neighbors,
) -> None:
    """Or a picture could be put where the next move deletes it."""
    kept = received.images / "kept"
    received.sidecar.rename(kept)
    write_moves(
        kept,
        move(1, "planned", b"0", b"kept/trash/000002/0", b"0"),
        move(2, "planned", None, b"1/new.jpg", b"new.jpg"),
    )
    before = snapshot(received.images / "0")
    error = run("show", received.images, "--project", kept)
    assert isinstance(error, UntrustedError)
    assert snapshot(received.images / "0") == before


def test_what_is_said_of_a_stranger_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    warn("it is \x1b[2J here")
    assert capsys.readouterr().err == "whatsit: it is \\x1b[2J here\n"
