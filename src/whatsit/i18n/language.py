"""Which language a user reads: the one that was asked for, or English."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import get_args

from whatsit.config import Language

VARIABLE = "WHATSIT_LANG"
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set decides, as in POSIX
_default: list[Language] = []
_current: ContextVar[Language | None] = ContextVar("whatsit_language", default=None)


def language() -> Language:
    """The language of messages here: of this block, of this process, of WHATSIT_LANG, or English."""
    here = _current.get()
    if here is not None:
        return here
    return _default[0] if _default else _of(os.environ.get(VARIABLE, "")) or "en"


def speak(lang: Language) -> None:
    """Take a language for the whole process."""
    _default[:] = [lang]


@contextmanager
def speaking(lang: Language) -> Iterator[None]:
    """Take a language for this block, in this thread or coroutine."""
    token = _current.set(lang)
    try:
        yield
    finally:
        _current.reset(token)


def chosen(words: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language of a command: of its option --lang, of WHATSIT_LANG, or of the locale."""
    for place, word in enumerate(words):
        if word == "--":
            break
        if word == "--lang" and place + 1 < len(words):
            return _of(words[place + 1]) or "en"
        if word.startswith("--lang="):
            return _of(word.removeprefix("--lang=")) or "en"
    if environment.get(VARIABLE):
        return _of(environment[VARIABLE]) or "en"
    return _of(next((environment[name] for name in LOCALE if environment.get(name)), "")) or "en"


def _of(name: str) -> Language | None:
    """The language that a name such as "zh", "zh_CN.UTF-8" or "en-GB" begins with, if it is one of ours."""
    short = name[:2].lower()
    return next((lang for lang in get_args(Language) if lang == short and not name[2:3].isalpha()), None)
