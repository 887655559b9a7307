"""Corrections of visitors: kept apart, encoded anew, bounded."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import rendered
from tests.serving.conftest import encoded
from tests.serving.served import Served
from whatsit.errors import WhatsitError
from whatsit.serving.inbox import Inbox
from whatsit.serving.limits import Limits
from whatsit.serving.problems import ProblemError

Serve = Callable[..., Served]


def test_correction_is_kept_under_its_class_without_what_the_file_says_of_its_place(
    serve: Serve, tmp_path: Path
) -> None:
    data = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "at home"  # orientation, description
    rendered(3).save(data, "JPEG", exif=exif, comment=b"at home")
    served = serve(inbox=tmp_path / "inbox")
    answer = served.send_form("/inbox", data.getvalue(), fields={"label": "bee"})
    assert (answer.status, answer.body) == (204, b"")
    (kept,) = (tmp_path / "inbox").rglob("*.*")
    assert kept.parent.name == "bee"
    with Image.open(kept) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (120, 160), {})
    assert b"at home" not in kept.read_bytes()
    assert len(kept.stem) == 32
    assert served.send_form("/inbox", data.getvalue(), fields={"label": "bee"}).status == 204
    assert len(list((tmp_path / "inbox").rglob("*.jpg"))) == 1


@pytest.mark.parametrize("label", ["bear", "", "../bee", "bee/../ant", "bee\x00", "BEE"])
def test_only_known_classes_are_kept(serve: Serve, tmp_path: Path, picture: bytes, label: str) -> None:
    answer = serve(inbox=tmp_path).send_form("/inbox", picture, fields={"label": label})
    assert (answer.status, answer.json["code"]) == (400, "unknown_class")
    assert list(tmp_path.rglob("*")) == []


def test_what_is_not_a_picture_is_not_kept(serve: Serve, tmp_path: Path, picture: bytes) -> None:
    served = serve(inbox=tmp_path)
    assert served.send_form("/inbox", b"#!/bin/sh", fields={"label": "bee"}).status == 400
    assert served.send_form("/inbox", fields={"label": "bee"}).status == 400
    assert served.send_form("/inbox", picture, picture, fields={"label": "bee"}).status == 400
    assert list(tmp_path.rglob("*")) == []


def test_other_sites_can_not_fill_the_inbox(serve: Serve, tmp_path: Path, picture: bytes) -> None:
    answer = serve(inbox=tmp_path).send_form(
        "/inbox", picture, fields={"label": "bee"}, Origin="https://evil.example"
    )
    assert answer.status == 403
    assert list(tmp_path.rglob("*")) == []


def test_inbox_is_bounded_in_pictures_and_in_time(serve: Serve, tmp_path: Path) -> None:
    limits = Limits(corrections_per_minute=5, inbox_pictures=3)
    served = serve(inbox=tmp_path, limits=limits)
    answers = [
        served.send_form("/inbox", encoded(rendered(n)), fields={"label": "cat"}).status for n in range(5)
    ]
    assert answers == [204, 204, 204, 507, 507]
    assert len(list(tmp_path.rglob("*.jpg"))) == 3
    again = serve(inbox=tmp_path, limits=Limits(inbox_bytes=10))  # what is there counts
    assert again.send_form("/inbox", encoded(rendered(9)), fields={"label": "cat"}).status == 507
    hasty = serve(inbox=tmp_path, limits=Limits(corrections_per_minute=2))
    assert [
        hasty.send_form("/inbox", encoded(rendered(n)), fields={"label": "cat"}).status for n in range(3)
    ] == [204, 204, 429]


def test_inbox_that_was_emptied_has_room_again(serve: Serve, tmp_path: Path) -> None:
    served = [serve(inbox=tmp_path, limits=Limits(inbox_pictures=1)) for _ in range(2)]
    for answer in (204, 507):  # two servers may share a folder
        one = served.pop(0)
        assert one.send_form("/inbox", encoded(rendered(answer)), fields={"label": "cat"}).status == answer
    (kept,) = tmp_path.rglob("*.jpg")
    kept.unlink()
    assert one.send_form("/inbox", encoded(rendered(1)), fields={"label": "cat"}).status == 204


def test_correction_with_too_many_pixels_is_refused(serve: Serve, tmp_path: Path) -> None:
    large = encoded(Image.new("L", (5000, 4000)), "PNG")
    answer = serve(inbox=tmp_path).send_form("/inbox", large, fields={"label": "cat"})
    assert (answer.status, answer.json["code"]) == (413, "many_pixels")
    assert list(tmp_path.iterdir()) == []


def test_inbox_that_can_not_be_written_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:  # root may write anywhere, so a read-only folder would not show it
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(WhatsitError, match="can't be used as an inbox: Permission denied"):
        Inbox(tmp_path, ["bee"], Limits())


def test_failure_to_keep_a_correction_is_logged(
    serve: Serve, tmp_path: Path, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(inbox=tmp_path)
    (tmp_path / "bee").write_bytes(b"no folder")
    assert served.send_form("/inbox", picture, fields={"label": "bee"}).status == 507
    assert "a correction was not kept" in caplog.text


def test_many_clients_do_not_reset_the_count_of_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("whatsit.serving.inbox.MOST_CLIENTS", 2)
    inbox = Inbox(tmp_path, ["bee"], Limits(corrections_per_minute=1))
    inbox.require_turn("bee", "first")
    inbox.require_turn("bee", "second")
    with pytest.raises(ProblemError):
        inbox.require_turn("bee", "first")
    inbox.require_turn("bee", "third")  # in the place of the second, who was seen longest ago
    with pytest.raises(ProblemError):
        inbox.require_turn("bee", "first")


@pytest.mark.parametrize("label", ["..", "a/b", "", "a\nb", "/etc"])
def test_class_that_can_not_be_a_folder_is_refused_at_the_start(tmp_path: Path, label: str) -> None:
    with pytest.raises(WhatsitError, match="can't be the name of a folder"):
        Inbox(tmp_path, ["bee", label], Limits())
