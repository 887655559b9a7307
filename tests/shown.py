"""How an object shows itself in a console, and a page to its reader."""

import re


def assert_short(one: object, holds: str) -> None:
    text = repr(one)
    assert holds in text
    assert len(text) <= 200
    assert text.count("\n") <= 4
    assert not re.search("array|tensor|0x[0-9a-f]+|PosixPath|object at", text)


def shown(page: str) -> str:
    """The text of a page without its tags, which may stand inside of a sentence, and with plain spaces."""
    return re.sub("<[^>]+>", "", page).replace("\N{NO-BREAK SPACE}", " ")
