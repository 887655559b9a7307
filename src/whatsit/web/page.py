"""A whole page from a template: everything in one file, or linked to the files of a server."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from whatsit.config import Language
from whatsit.i18n import codes, language, say, speaking
from whatsit.text import printable
from whatsit.web.assets import asset
from whatsit.web.rich import plain, rich

NOTHING = "'none'"
COMMON = ("tokens.css", "base.css", "components.css")
OWN = ("web.",)  # the messages of the kit's own scripts


def render(
    template: str,
    lang: Language | None = None,
    inline: bool = True,
    assets: Sequence[str] = (),
    messages: Sequence[str] = (),
    static: str = "static/",
    **values: Any,
) -> str:
    """A page of a template and the files of the kit that it needs besides the common ones.

    With `inline` all of it is one file that needs no network, with its own policy. Otherwise it links to
    files under `static`, as `static_files` names them: best a relative address, which is right behind every
    proxy; `served.page` sends it with its policy. No other style and no other script is allowed to it.

    In a template, `say("code", name=value)` is a message in the language of the page. In a script,
    `whatsit.say` knows the messages whose codes begin as one of `messages`, and the kit's own.
    """
    lang = lang or language()
    with speaking(lang):
        return (
            _environment()
            .get_template(template)
            .render(
                lang={"en": "en", "zh": "zh-CN"}[lang],
                kit=Kit(inline, (*COMMON, *assets), _messages(lang, tuple(messages)), static),
                **values,
            )
        )


class Kit:
    """What the head and the end of a page are made of."""

    def __init__(self, inline: bool, names: Sequence[str], messages: Mapping[str, Any], static: str) -> None:
        self.inline = inline
        self._messages, self._static = messages, static
        self._styles = [asset(name) for name in names if name.endswith(".css")]
        scripts = [asset(name) for name in names if name.endswith(".js")]
        self._scripts = [asset("i18n.js"), *scripts] if scripts else []

    @property
    def policy(self) -> str:
        """The content security policy of a page in one file."""
        return policy([one.csp for one in self._styles], [one.csp for one in self._scripts])

    def head(self) -> Markup:
        """The style sheets."""
        if self.inline:
            return _lines(f"<style>{one.text}</style>" for one in self._styles)
        return _lines(f'<link rel="stylesheet" href="{self._at(one.served)}">' for one in self._styles)

    def end(self) -> Markup:
        """The scripts, and the messages that they show."""
        if not self._scripts:
            return Markup()
        messages = for_script("messages", self._messages)
        if self.inline:
            return _lines([messages, *(f"<script>{one.text}</script>" for one in self._scripts)])
        linked = (f'<script src="{self._at(one.served)}" defer></script>' for one in self._scripts)
        return _lines([messages, *linked])

    def _at(self, name: str) -> str:
        return str(escape(self._static + name))


def policy(styles: Sequence[str], scripts: Sequence[str], own: Sequence[str] = ()) -> str:
    """A content security policy: sources of styles and scripts, and what else the page may reach."""
    directives = {
        "default-src": [],
        "img-src": ["data:", *own, *(["blob:"] if own else [])],
        "style-src": styles,
        "script-src": scripts,
        "connect-src": own,
        "form-action": own,
        "base-uri": [],
    }
    return "; ".join(f"{name} {' '.join(sources) or NOTHING}" for name, sources in directives.items())


def for_script(name: str, data: Any) -> Markup:
    """Data for a script, which finds it as the text of the element of this id."""
    text = htmlsafe_json_dumps(data, ensure_ascii=False)  # nothing in it can end the element
    return Markup(f'<script type="application/json" id="{name}">{text}</script>')


def percent(share: float, digits: int = 0) -> str:
    """A share in percent."""
    return f"{share:.{digits}%}"


def _lines(parts: Iterable[str]) -> Markup:
    return Markup("\n".join(parts))


@cache
def _messages(lang: Language, prefixes: tuple[str, ...]) -> Mapping[str, Any]:
    found = {code: entry for code, entry in codes(lang).items() if code.startswith((*OWN, *prefixes))}
    return {"lang": lang, "messages": found}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("whatsit.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, printable=printable, rich=rich, plain=plain)
    environment.globals.update(say=say, for_script=for_script)
    return environment
