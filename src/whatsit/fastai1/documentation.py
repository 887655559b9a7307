"""What a name of the lesson means: `doc(create_cnn)`."""

import inspect
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from html import escape
from typing import Any

from whatsit import fastai1
from whatsit.errors import WhatsitError
from whatsit.extras import MissingError
from whatsit.fastai1 import not_there, widgets
from whatsit.fastai1.examples import NAMES, example_of
from whatsit.i18n import Message, say
from whatsit.notebooks import is_notebook
from whatsit.text import brief, printable, shortened
from whatsit.wide import wrapped

# What explains an object of a class that has no page of its own.
OF_KIND = {
    "Architecture": "models",
    "Dataset": "ImageDataBunch.train_ds",
    "Indices": "ClassificationInterpretation.top_losses",
    "Labels": "ImageDataBunch.y",
    "Pictures": "ImageDataBunch.x",
}
WIDTH = 100  # cells of a paragraph
LONGEST = 40  # characters of an argument's usual value


@dataclass(frozen=True)
class Page:
    """What a reader should know of a name; `signature`, `example` and `source` are "" where there is none."""

    name: str
    signature: str
    about: str
    example: str
    source: str

    def __repr__(self) -> str:
        return brief(self, f"{self.name}{self.signature}")

    def __str__(self) -> str:
        example = "\n".join(f"    {line}" for line in self.example.splitlines())
        parts = (self.name + self.signature, "\n".join(wrapped(self.about, WIDTH)), example, self.source)
        return "\n\n".join(filter(None, parts))

    def _repr_html_(self) -> str:
        example = f"<pre><code>{escape(self.example)}</code></pre>" if self.example else ""
        source = f"<p><small>{escape(self.source)}</small></p>" if self.source else ""
        head = f"<p><code><b>{escape(self.name)}</b>{escape(self.signature)}</code></p>"
        return f"<div>{head}<p>{escape(self.about)}</p>{example}{source}</div>"


def doc(thing: object) -> None:
    """Show what a thing of the lesson, or its name, means: signature, explanation, example and source."""
    for page in find(thing) if isinstance(thing, str) else [page_of(thing)]:
        if is_notebook():
            from IPython.display import display

            display(page)
        else:
            print(page)


def find(name: str) -> list[Page]:
    """The pages of a name, as `fit_one_cycle` or `learn.fit_one_cycle`: several where classes share it.

    Raises WhatsitError for a name that the lesson does not have.
    """
    found = [one for one in NAMES if one.lower() == name.lower()]
    if not found:
        last = name.lower().rpartition(".")[2]
        found = [one for one in NAMES if one.lower().rpartition(".")[2] == last]
    if not found:
        last = name.rpartition(".")[2]
        if (
            why := not_there.of_name(last)
            or not_there.of_method(last, "Learner")
            or not_there.of_argument(last)
        ):
            raise WhatsitError(Message("doc_page.not_there", name=printable(name), reason=why))
        every = [*NAMES, *(one.rpartition(".")[2] for one in NAMES)]
        for near in get_close_matches(name, every, 1):
            raise WhatsitError(Message("doc_page.near", name=printable(name), near=near))
        raise WhatsitError(Message("doc_page.unknown", name=printable(name)))
    return [_of_lesson(one) for one in found]


def page_of(thing: object) -> Page:
    """The page of a thing: a name's own, of an object its class's, and of others what they say themselves."""
    for own in (_plain(thing), type(thing)):
        for name in NAMES:
            if (one := _plain(thing_of(name))) is own and one is not None:
                return _of_lesson(name)
    kind = type(thing)
    if kind.__module__.startswith(f"{fastai1.__name__}.") and kind.__name__ in OF_KIND:
        return _of_lesson(OF_KIND[kind.__name__])
    plain = _plain(thing)
    usual = getattr(plain, "__name__", type(thing).__qualname__)
    called: str = getattr(plain, "__qualname__", usual)
    words = (inspect.getdoc(plain) or say("doc_page.nothing")).partition("\n\n")[0]
    return Page(called, _signature(plain, called), " ".join(words.split()), "", _source(plain))


def thing_of(name: str) -> Any:
    """What a name of the lesson stands for, a property itself and not its value; None where it is missing."""
    first, *inside = name.split(".")
    try:
        found = getattr(widgets if first in widgets.__all__ else fastai1, first, None)
    except MissingError:
        return None
    for part in inside:
        found = inspect.getattr_static(found, part, None)
    return found


def summaries() -> Iterator[tuple[str, str]]:
    """Every name, with the first sentence about it."""
    for name in NAMES:
        about = say(f"doc.{name}")
        end = min(place for mark in (". ", "。") if (place := f"{about} ".find(mark)) >= 0)
        yield name, about[: end + 1]


def _of_lesson(name: str) -> Page:
    one = thing_of(name)
    thing = _plain(one)
    signature = "" if isinstance(one, property | cached_property) else _signature(thing, name)
    owner = thing_of(name.rpartition(".")[0]) if thing is None else thing  # of what an object gives itself
    return Page(name, signature, say(f"doc.{name}"), example_of(name), _source(owner))


def _plain(thing: Any) -> Any:
    """The function inside of a method or a property."""
    if isinstance(thing, property):
        return thing.fget
    if isinstance(thing, cached_property):
        return thing.func
    return getattr(thing, "__func__", thing)


class _Usual:
    """The usual value of an argument, in few words."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        value = self._value
        if isinstance(value, slice) and value.step is None:
            return f"slice({value.start}, {value.stop})"
        return shortened(getattr(value, "__name__", repr(value)), LONGEST)


def _signature(thing: Any, name: str) -> str:
    """The arguments with their usual values; "" of what can't be called."""
    try:
        given = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return ""
    if "." in name and given and given[0].name in ("self", "cls"):
        del given[0]
    empty = inspect.Parameter.empty
    shown = [
        one.replace(annotation=empty, default=empty if one.default is empty else _Usual(one.default))
        for each in given
        for one in _named(each)
    ]
    return str(inspect.Signature(shown))


def _named(given: inspect.Parameter) -> list[inspect.Parameter]:
    """An argument, or those that `**settings` stands for."""
    if given.name != "settings" or given.kind is not given.VAR_KEYWORD:
        return [given]
    from whatsit.fastai1.settings import Settings  # it needs torch, and other pages do not

    return [one.replace(kind=one.KEYWORD_ONLY) for one in inspect.signature(Settings).parameters.values()]


def _source(thing: Any) -> str:
    """The file and line of the code."""
    with suppress(TypeError, OSError):
        has_code = inspect.isclass(thing) or inspect.isroutine(thing) or inspect.ismodule(thing)
        one = inspect.unwrap(thing) if has_code else type(thing)
        file = inspect.getsourcefile(one)
        if file:
            return say("doc_page.source", file=file, line=max(1, inspect.getsourcelines(one)[1]))
    return ""
