"""A folder from a stranger touches nothing outside itself."""

from pathlib import Path

import pytest

from whatsit.errors import UntrustedError
from whatsit.i18n import Message, speaking
from whatsit.project.paths import inside, not_a_link, plain_name, untrusted
from whatsit.project.records import message_of, recorded_message


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


def test_reason_may_be_a_message_that_is_read_in_either_language() -> None:
    error = untrusted(Path("x/record.json"), Message("untrusted.link", path="x"))
    assert str(error) == (
        "x/record.json can't be trusted: x is a symbolic link. "
        "Set it aside: rename it to record.json-set-aside."
    )
    with speaking("zh"):
        assert (
            str(error) == "x/record.json 不可信：x 是符号链接。请把它改名为 record.json-set-aside，放到一边。"
        )
    assert "can't be trusted: why." in str(untrusted(Path("record.json"), "why"))


def test_messages_are_recorded_by_code_and_values_and_read_again() -> None:
    message = Message("untrusted.record", record="a\udce9", reason=Message("untrusted.contents"), aside="b")
    assert message_of(recorded_message(message)) == message
    assert recorded_message(message).isascii()
    assert message_of(recorded_message("a text")) == Message("plain.text", text="a text")


@pytest.mark.parametrize(
    "recorded",
    [
        "",
        "of an older version",
        "[1]",
        '"text"',
        '{"code": "plain.text"}',
        '{"code": "plain.text", "values": [1]}',
        f'{{"code": "plain.text", "values": {{"text": 1{"0" * 400}}}}}',
        '{"code": "plain.text", "values": {"text": ' + "[" * 100 + "]" * 100 + "}}",
        "[" * 100_000,
    ],
)
def test_what_is_no_recorded_message_is_a_text(recorded: str) -> None:
    assert message_of(recorded) == Message("plain.text", text=recorded)
    assert str(message_of(recorded)) == recorded
