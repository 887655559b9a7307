"""Everything a report says, in English and in simplified Chinese: words.toml."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, cast, get_args

from whatsit.config import Language
from whatsit.errors import WhatsitError
from whatsit.i18n import Message


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
        self._lang = cast(Language, lang)

    def __call__(self, key: str, **values: object) -> str:
        return _phrases()[key][self._lang].format(**values)

    def of(self, phrase: str | Phrase | Message) -> str:
        """A phrase in this language; other text as it is."""
        if isinstance(phrase, Message):
            return phrase.text(self._lang)
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

    def message(self, record: Mapping[str, Any]) -> str:
        """A message of a catalog, by its code and values, in this language."""
        return Message.from_dict(record).text(self._lang)
