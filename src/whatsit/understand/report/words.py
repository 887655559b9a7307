"""Everything a report says, in English and in simplified Chinese: words.toml."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from whatsit.errors import WhatsitError

Language = Literal["en", "zh"]


@cache
def _phrases() -> dict[str, dict[str, str]]:
    return tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))


class Words:
    """What is said in one language: `words("key", name=value)`. Raises WhatsitError for another language."""

    def __init__(self, lang: str) -> None:
        if lang not in get_args(Language):
            raise WhatsitError(f"There is no report in {lang!r}.", "Take en or zh.")
        self._lang = lang

    def __call__(self, key: str, **values: object) -> str:
        return _phrases()[key][self._lang].format(**values)

    def split(self, name: str) -> str:
        """What pictures these are."""
        key = f"split_{name}"
        return self(key) if key in _phrases() else name

    def known(self, value: str) -> str:
        """A value, or what it is called if it is the name of a phrase."""
        return self(value) if value in _phrases() else value

    def finding(self, sign: str, text: str) -> str:
        """What the doctor found: in English its own `text`, else what it comes to."""
        return _phrases().get(sign, {}).get(self._lang, text)
