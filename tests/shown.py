"""How an object shows itself in a console."""

import re


def assert_short(one: object, holds: str) -> None:
    text = repr(one)
    assert holds in text
    assert len(text) <= 200
    assert text.count("\n") <= 4
    assert not re.search("array|tensor|0x[0-9a-f]+|PosixPath|object at", text)
