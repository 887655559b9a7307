"""What a report says: the catalogs `report`, `report_model` and `report_training`, in one language."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args

from whatsit.config import Language
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, codes

CATALOGS = ("report.", "report_model.", "report_training.")
RESIZES = {"crop": "resize_crop", "pad": "resize_pad", "squash": "resize_squash"}  # pictures to squares
SPLITS = {
    "train": "split_train",
    "valid": "split_valid",
    "test": "split_test",
    "all": "split_all",
    "new": "split_new",
}
USES = {
    "train": "what_train",
    "valid": "what_valid",
    "test": "what_test",
    "all": "what_all",
    "new": "what_new",
}


@cache
def _codes() -> Mapping[str, str]:
    """The code of each key: it is named without its catalog, as no two of these have the same."""
    return {code.partition(".")[2]: code for code in codes("en") if code.startswith(CATALOGS)}


class Phrase(Message):
    """A message of a report by its `key` and values, for whoever knows the language."""

    def __init__(self, key: str, values: Mapping[str, object]) -> None:
        super().__init__(_codes()[key], **values)


def listed_versions(versions: Mapping[str, str]) -> Message:
    """Of the packages; the backbone has a row of its own."""
    return Message("plain.text", text=[f"{name} {n}" for name, n in versions.items() if name != "backbone"])


class Words:
    """A report's sentences in one language: `words("key", name=value)`. Raises WhatsitError for another."""

    def __init__(self, lang: str) -> None:
        known: dict[str, Language] = {one: one for one in get_args(Language)}
        if lang not in known:
            raise WhatsitError(Message("report.no_language", lang=lang))
        self.lang = known[lang]

    def __call__(self, key: str, **values: object) -> str:
        return Phrase(key, values).text(self.lang)

    def of(self, phrase: str | Message) -> str:
        """A message in this language; other text as it is."""
        return phrase if isinstance(phrase, str) else phrase.text(self.lang)

    def join(self, sentences: Sequence[str]) -> str:
        """One after the other."""
        return (" " if self.lang == "en" else "").join(sentences)

    def unbroken(self, text: str) -> str:
        """With a Chinese number and its measure word on one line."""
        return re.sub(r"(?<=\d) (?=[\u4e00-\u9fff])", "\N{NO-BREAK SPACE}", text)

    def listed(self, parts: Sequence[str]) -> str:
        """One after the other, as in a list."""
        return (", " if self.lang == "en" else "、").join(parts)

    def split(self, name: str) -> str:
        """Which pictures these are."""
        return self(SPLITS[name]) if name in SPLITS else name

    def what(self, name: str) -> str:
        """What the training used them for; "" where nobody knows."""
        return self(USES[name]) if name in USES else ""

    def message(self, record: Mapping[str, Any]) -> str:
        """A message of a catalog, by its code and values, in this language."""
        return Message.from_dict(record).text(self.lang)
