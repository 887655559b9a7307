"""Reasons are put into the sentences around them, in the language of the reader."""

import json
from pathlib import Path

import numpy as np
import pytest

from whatsit import trial
from whatsit.bundle import Bundle
from whatsit.checks import described, path_of, require_place
from whatsit.commands import installing
from whatsit.errors import BundleError, CatalogError, ImageError, NetworkError, WhatsitError
from whatsit.extras import missing
from whatsit.fetch import parse
from whatsit.i18n import Message, speaking
from whatsit.images import open_image
from whatsit.model import naming


@pytest.mark.parametrize(
    ("given", "english", "chinese"),
    [
        (None, "None", "None"),
        ("x" * 99, f"'{'x' * 56}...", f"'{'x' * 56}..."),
        (np.zeros(3), "a NumPy array", "NumPy 数组"),
        ({}, "a dict", "dict 对象"),
        (ImageError("x"), "an ImageError", "ImageError 对象"),
    ],
)
def test_what_was_given_by_mistake_is_described(given: object, english: str, chinese: str) -> None:
    assert str(described(given)) == english
    with speaking("zh"):
        assert str(described(given)) == chinese


def test_nouns_of_a_check_are_messages_or_text() -> None:
    for name in ("The bundle", Message("checks.the_bundle")):
        with pytest.raises(CatalogError) as refused:
            path_of(3, name, CatalogError, "x")
        assert str(refused.value) == 'The bundle must be a path, not 3. Give a path such as "x".'
    with speaking("zh"):
        assert str(refused.value) == '模型包必须是路径，不能是 3。请提供路径，例如 "x"。'
    with pytest.raises(WhatsitError, match=r"^The table can't be written to \."):
        require_place("table", Path())
    error = missing(Message("model.figures"), "matplotlib")
    assert str(error) == (
        f"Drawing figures needs matplotlib, which is not installed. Install it: {installing('plot')}."
    )


def test_picture_is_named_before_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as refused:
        naming(open_image)(tmp_path / "x.jpg")
    assert str(refused.value) == f"{tmp_path}/x.jpg: there is no such file"
    with speaking("zh"):
        assert str(refused.value) == f"{tmp_path}/x.jpg：文件不存在"
        with pytest.raises(WhatsitError, match=r"^这不是网址"):
            parse("bear.jpg")


def test_bundle_is_named_before_the_reason(tmp_path: Path) -> None:
    (tmp_path / "b.whatsit").write_bytes(b"PK")
    with pytest.raises(BundleError) as refused:
        Bundle.read(tmp_path / "b.whatsit")
    what = "is damaged or not a Whatsit bundle (it is not a zip file). Export or copy it again."
    assert str(refused.value) == f"{tmp_path}/b.whatsit {what}"
    with speaking("zh"):
        assert "Whatsit 模型包（它不是 zip 文件）。请重新导出" in str(refused.value)


def test_child_that_tries_a_network_answers_with_a_message() -> None:
    error = NetworkError(Message("network.slow", seconds=60))
    printed = f"loading\n{json.dumps(error.message.to_dict())}\n".encode()
    assert trial._refusal(printed) == error.message
    for odd in (b"", b"Killed\n", b"[1]\n", b"\xff\n"):
        assert trial._refusal(odd) == Message("network.crash")
