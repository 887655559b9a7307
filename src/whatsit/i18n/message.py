"""A sentence that is put into words where it is read."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from whatsit.config import Language
from whatsit.i18n.language import language
from whatsit.text import learning_rate, of_any_size

HERE = Path(__file__).parent
WHAT, NEXT = "what", "next"  # the parts of a message that advises
RATE = "rate"  # how `{lr:rate}` is written: as everywhere
SIZE = "size"  # and `{loss:size}`, which may be huge


@dataclass(frozen=True, init=False)
class Message:
    """A sentence by its `code`, "namespace.name" in the catalogs, and the `values` in it.

    Values become plain JSON: paths become text, and messages, also those of errors, are put into words with
    the sentence around them. A catalog has for each code a text, or a table of `what` is the matter and
    what to do `next`. In a text, `{count:picture|pictures}` gives "1 picture" and "2 pictures",
    `{count:|is|are}` one of the two words, `{reason:next}` of a message inside also what to do,
    `{lr:rate}` a learning rate, and `{loss:size}` a number of any size.
    """

    code: str
    values: Mapping[str, Any]

    def __init__(self, code: str, /, **values: object) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "values", {name: _plain(value) for name, value in values.items()})

    @classmethod
    def of(cls, sentence: "Message | str") -> "Message":
        """A message as it is, and any other text as a message of its own."""
        return cls("plain.text", text=sentence) if isinstance(sentence, str) else sentence

    def __hash__(self) -> int:
        return hash((self.code, repr(self.values)))

    def __str__(self) -> str:
        return self.text()

    def text(self, lang: Language | None = None) -> str:
        """The whole of it in a language, by default the one of this block."""
        lang = lang or language()
        return ("" if lang == "zh" else " ").join(filter(None, (self.what(lang), self.next_step(lang))))

    def what(self, lang: Language | None = None) -> str:
        """What is the matter."""
        return self._put(lang or language(), WHAT)

    def next_step(self, lang: Language | None = None) -> str:
        """What to do; "" where it advises nothing."""
        return self._put(lang or language(), NEXT)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the code, the values, and the sentence in English."""
        return {"code": self.code, "values": dict(self.values), "text": self.text("en")}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Message":
        """The reverse. Raises ValueError for anything else."""
        try:
            return cls(str(record["code"]), **{str(name): one for name, one in record["values"].items()})
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError("this is not a message") from error

    def _put(self, lang: Language, part: str) -> str:
        namespace, _, name = self.code.partition(".")
        entry = _catalog(lang, namespace).get(name)
        template = entry if isinstance(entry, str) and part == WHAT else ""
        if isinstance(entry, dict):
            template = str(entry.get(part, ""))
        if entry is None and part == WHAT:  # recorded by another version
            return self.code
        try:
            return _Wording(lang).vformat(template, (), self.values)
        except (LookupError, ValueError, TypeError, AttributeError):
            return self.code


class Advising:
    """What carries a `message` that says what is wrong and what to do."""

    message: Message

    @property
    def what(self) -> str:
        """What is wrong, in the user's language."""
        return self.message.what()

    @property
    def next_step(self) -> str:
        """What to do, in the user's language; perhaps nothing."""
        return self.message.next_step()


class _Wording(Formatter):
    """Puts values into a sentence: messages in its language, words that fit a number."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang

    def format_field(self, value: Any, spec: str) -> str:
        if isinstance(value, Mapping):
            inner = Message.from_dict(value)
            return inner.text(self._lang) if spec == NEXT else inner.what(self._lang)
        if isinstance(value, list):
            between = "、" if self._lang == "zh" else ", "
            return between.join(self.format_field(one, spec) for one in value)
        if "|" in spec:
            *before, one, many = spec.split("|")
            word = one if value == 1 else many
            return word if before else f"{value:,} {word}"
        if spec == SIZE:
            return of_any_size(value)
        return learning_rate(value) if spec == RATE else format(value, spec)


def say(code: str, /, **values: object) -> str:
    """A message in the language of this block."""
    return Message(code, **values).text()


def codes(lang: Language) -> dict[str, str | dict[str, str]]:
    """Every code of a language, with its text or its parts."""
    names = sorted(one.stem for one in (HERE / lang).glob("*.toml"))
    return {f"{name}.{key}": entry for name in names for key, entry in _catalog(lang, name).items()}


@cache
def _catalog(lang: str, namespace: str) -> dict[str, Any]:
    if not namespace.isidentifier():
        return {}
    try:
        text = (HERE / lang / f"{namespace}.toml").read_text(encoding="utf-8")
    except OSError:
        return {}
    return tomllib.loads(text)


def _plain(value: object) -> Any:
    if isinstance(value, Message):
        return {"code": value.code, "values": dict(value.values)}
    if isinstance(inner := getattr(value, "message", None), Message):  # an error's
        return _plain(inner)
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value.item() if hasattr(value, "item") else str(value)
