"""Everything a report says, in English and in simplified Chinese: words.toml."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple, get_args

from whatsit.config import Language
from whatsit.errors import WhatsitError


@cache
def _phrases() -> dict[str, dict[str, str]]:
    return tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))


class Phrase(NamedTuple):
    """A key of words.toml with its values, for whoever knows the language."""

    key: str
    values: Mapping[str, object]


class Words:
    """What is said in one language: `words("key", name=value)`. Raises WhatsitError for another language."""

    def __init__(self, lang: str) -> None:
        if lang not in get_args(Language):
            raise WhatsitError(f"There is no report in {lang!r}.", "Take en or zh.")
        self._lang = lang

    def __call__(self, key: str, **values: object) -> str:
        return _phrases()[key][self._lang].format(**values)

    def of(self, phrase: str | Phrase) -> str:
        """A phrase in this language; other text as it is."""
        return phrase if isinstance(phrase, str) else self(phrase.key, **phrase.values)

    def join(self, sentences: Sequence[str]) -> str:
        """One after the other."""
        return (" " if self._lang == "en" else "").join(sentences)

    def split(self, name: str) -> str:
        """What pictures these are."""
        key = f"split_{name}"
        return self(key) if key in _phrases() else name

    def what(self, name: str) -> str:
        """What became of them in the training; nothing where nobody knows."""
        key = f"what_{name}"
        return self(key) if key in _phrases() else ""

    def finding(self, sign: str, text: str, label: str = "") -> str:
        """What the doctor found, perhaps of one class: in English its own `text`, else what it comes to."""
        phrase = _phrases().get(sign, {}).get(self._lang)
        return phrase.format(label=label) if phrase else text
