"""Verifying after a kill, beside others, behind links: it locks, repairs the journal, and only then looks."""

import os
import threading
from pathlib import Path

import pytest

import whatsit as wi
from tests.conftest import Run, rendered
from tests.listening import on_progress
from tests.pictures import contents, on_its_side, put
from tests.site import jpeg
from whatsit.project import Project, project


@pytest.fixture
def bears(tmp_path: Path) -> Path:
    folder = tmp_path / "bears"
    for n in range(3):
        put(folder / "black" / f"{n}.jpg", jpeg(n))
        put(folder / "teddy" / f"{n}.jpg", jpeg(10 + n))
    put(folder / "black" / "html.jpg", b"<html>")
    put(folder / "black" / "print.jpg", rendered(20).convert("CMYK"))
    put(folder / "teddy" / "really.png", jpeg(21))
    return folder


def test_after_a_kill_in_the_middle_of_a_move_verify_goes_on(bears: Path) -> None:
    """Killed when the files were linked at their new places and not yet gone from their old ones."""
    owner = Project(bears)
    with owner.lock():
        (moved,) = owner.journal.plan(1, [(bears / "black" / "html.jpg", None, "it is a web page")])
        (renamed,) = owner.journal.plan(
            2, [(bears / "teddy" / "really.png", bears / "teddy" / "really.jpg", "wrong extension")]
        )
        for move in (moved, renamed):
            move.end.parent.mkdir(parents=True, exist_ok=True)
            os.link(move.start, move.end)
    done = wi.verify_images(bears, delete=True, fix=True)
    assert (done.unreadable, [one.path.name for one in done.fixed]) == ([], ["print.jpg"])
    assert sorted(contents(bears)) == [
        *("black/0.jpg", "black/1.jpg", "black/2.jpg", "black/print.jpg"),
        *("teddy/0.jpg", "teddy/1.jpg", "teddy/2.jpg", "teddy/really.jpg"),
    ]


def test_who_waited_for_another_looks_at_what_that_one_left(
    bears: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = Project(bears)
    is_waiting, outcome = threading.Event(), []
    monkeypatch.setattr(project, "warn", lambda _: is_waiting.set())
    other = threading.Thread(target=lambda: outcome.append(wi.verify_images(bears, delete=True, fix=True)))
    with owner.lock():
        other.start()
        assert is_waiting.wait(30)
        owner.journal.begin().trash([(bears / "black" / "html.jpg", "by hand")])
    other.join(30)
    (done,) = outcome
    assert (done.unreadable, len(done.fixed)) == ([], 2)


def test_who_begins_beside_another_looks_again(bears: Path) -> None:
    """Neither finds a project when it begins, and the second is done before the first has looked."""
    second: list[object] = []

    def look(title: str, count: int, total: int) -> None:
        if count == total and not second:
            second.append(None)
            second[0] = wi.verify_images(bears, delete=True, fix=True)

    with on_progress(look):
        first = wi.verify_images(bears, delete=True, fix=True)
    assert len(second[0].fixed) == 2  # type: ignore[attr-defined]
    assert (first.unreadable, first.fixed, first.odd) == ([], [], {})


def test_picture_that_vanishes_meanwhile_holds_up_no_other(bears: Path) -> None:
    def vanish(title: str, count: int, total: int) -> None:
        if title == "checking" and count == total:
            (bears / "black" / "html.jpg").unlink(missing_ok=True)
            (bears / "black" / "print.jpg").unlink(missing_ok=True)

    with on_progress(vanish):
        done = wi.verify_images(bears, delete=True, fix=True)
    assert [one.path.name for one in done.fixed] == ["really.png"]
    assert [str(reason).endswith("it no longer exists") for _, reason in done.left_alone] == [True, True]
    assert (bears / "teddy" / "really.jpg").exists()


def test_folder_that_may_not_be_written_holds_up_no_other(bears: Path, as_owner: Run) -> None:
    put(bears / "teddy" / "cut.jpg", b"no picture")
    (bears / "black").chmod(0o555)
    result = as_owner("verify", bears, "--fix")
    (bears / "black").chmod(0o755)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("it can't be moved: you have no permission to change its folder") == 2
    kept = contents(bears)
    assert {"black/html.jpg", "black/print.jpg", "teddy/really.jpg"} < set(kept)
    assert "teddy/cut.jpg" not in kept


def test_pictures_behind_links_are_told_and_stay(bears: Path, tmp_path: Path, command: Run) -> None:
    victim = tmp_path / "victim"
    put(victim / "html.jpg", b"<html>")
    put(victim / "deep" / "print.jpg", rendered(30).convert("CMYK"))
    put(victim / "side.jpg", rendered(31), exif=on_its_side(rendered(31)))
    put(victim / "really.png", jpeg(32))
    (bears / "linked").symlink_to(victim)
    (bears / "black" / "more").symlink_to(victim / "deep")
    before = contents(victim)
    done = wi.verify_images(bears, delete=True, fix=True, max_size=128)
    reasons = {done.name(path): str(reason) for path, reason in done.left_alone}
    for name in ("html.jpg", "side.jpg", "really.png"):
        assert reasons[f"linked/{name}"].endswith("it is behind the symbolic link linked, so it stays there")
    assert [path.name for path, _ in done.unreadable] == ["html.jpg"]
    assert contents(victim) == before
    reported = command("verify", bears / "linked")
    assert "behind the symbolic link" in reported.stdout
    assert contents(victim) == before


def test_folder_that_is_reached_by_a_link_is_verified(bears: Path, tmp_path: Path) -> None:
    (tmp_path / "short").symlink_to(bears)
    done = wi.verify_images(tmp_path / "short", delete=True, fix=True)
    assert (len(done.unreadable), len(done.fixed), done.left_alone) == (1, 2, [])


def test_link_to_a_picture_is_moved_and_not_the_picture(bears: Path, tmp_path: Path) -> None:
    put(tmp_path / "victim.jpg", b"<html>")
    (bears / "black" / "link.jpg").symlink_to(tmp_path / "victim.jpg")
    done = wi.verify_images(bears, delete=True)
    assert [path.name for path, _ in done.unreadable] == ["html.jpg", "link.jpg"]
    assert (tmp_path / "victim.jpg").read_bytes() == b"<html>"


@pytest.mark.parametrize("words", [["--dry-run", "--fix"], []])
def test_read_only_folder_is_looked_at(bears: Path, as_owner: Run, words: list[str]) -> None:
    """Also with a sidecar; without --dry-run only as long as nothing is to be moved."""
    if not words:
        wi.verify_images(bears, delete=True)
    before = contents(bears.parent)
    folders = [path for path in (bears, *bears.rglob("*")) if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    result = as_owner("verify", bears, *words)
    for folder in folders:
        folder.chmod(0o755)
    assert result.returncode == 0, result.stderr
    assert "pictures," in result.stdout
    assert contents(bears.parent) == before
    assert (bears / ".whatsit").exists() == (not words)


def test_folder_of_fine_pictures_gets_no_sidecar(tmp_path: Path) -> None:
    put(tmp_path / "b" / "1.jpg", jpeg(1))
    wi.verify_images(tmp_path, delete=True, fix=True)
    assert not (tmp_path / ".whatsit").exists()
