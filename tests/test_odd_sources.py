"""What is named as a picture and is something else: it is refused at once; nothing waits or fills memory."""

import io
import os
import socket
import sys
from pathlib import Path

import pytest

from tests.conftest import Run
from whatsit import predicting
from whatsit.catalog.fingerprint import fingerprint
from whatsit.errors import ImageError, WhatsitError
from whatsit.images import WHOLE, is_picture, open_image
from whatsit.preprocess import Preprocess

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")


@pytest.fixture(params=["pipe", "socket", "link to a pipe", "link to a device"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path, target = tmp_path / "picture.jpg", tmp_path / "target"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        socket.socket(socket.AF_UNIX).bind(os.path.relpath(path))
    elif request.param == "link to a pipe":
        os.mkfifo(target)
        path.symlink_to(target)
    else:
        path.symlink_to("/dev/zero")
    return path


def test_pipes_sockets_and_devices_are_no_pictures(odd: Path) -> None:
    for opening in (open_image, fingerprint, Preprocess().load):
        with pytest.raises(ImageError, match="not a file but a pipe, a socket or a device"):
            opening(odd)
    assert not is_picture(odd)


def test_verify_goes_on_after_an_endless_file(photo: Path, whatsit: Run) -> None:
    folder = photo.parent / "folder"
    folder.mkdir()
    photo.rename(folder / "photo.jpg")
    (folder / "zero.jpg").symlink_to("/dev/zero")
    verified = whatsit("verify", folder, timeout=120)
    assert "2 pictures, 1 of them fine" in verified.stdout, verified.stderr


def on_stdin(monkeypatch: pytest.MonkeyPatch, stream: object) -> bytes:
    monkeypatch.setattr(sys, "stdin", stream)
    return predicting._on_stdin()


def test_endless_stdin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/zero") as endless, pytest.raises(WhatsitError, match="larger than 64 MiB"):
        on_stdin(monkeypatch, endless)


def test_stdin_is_read_to_its_end_or_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_stdin(monkeypatch, io.TextIOWrapper(io.BytesIO(bytes(WHOLE)))) == bytes(WHOLE)
    with pytest.raises(WhatsitError, match="no stdin"):
        on_stdin(monkeypatch, None)
