"""A whole page from a template: everything in one file, or linked to the files of a server."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from whatsit.config import Language
from whatsit.i18n import language, say, speaking
from whatsit.text import printable
from whatsit.web.assets import asset

NOTHING = "'none'"
COMMON = ("tokens.css", "base.css", "components.css")


def render(
    template: str,
    lang: Language | None = None,
    inline: bool = True,
    assets: Sequence[str] = (),
    **values: Any,
) -> str:
    """A page of a template and the files of the kit that it needs besides the common ones.

    With `inline` all of it is one file that needs no network; otherwise it links to `static/NAME`, as
    `static_files` names them. No style and no script but these is allowed to it. In a template,
    `say("code", name=value)` is a message in the language of the page.
    """
    lang = lang or language()
    with speaking(lang):
        return (
            _environment()
            .get_template(template)
            .render(
                lang={"en": "en", "zh": "zh-CN"}[lang],
                kit=Kit(inline, (*COMMON, *assets)),
                say=say,
                **values,
            )
        )


class Kit:
    """What the head and the end of a page are made of."""

    def __init__(self, inline: bool, names: Sequence[str]) -> None:
        self.inline = inline
        self.styles = [asset(name) for name in names if name.endswith(".css")]
        self.scripts = [asset(name) for name in names if name.endswith(".js")]

    @property
    def policy(self) -> str:
        """The content security policy of the page, for its head or a server's answer."""
        own = [] if self.inline else ["'self'"]
        styles, scripts = (
            [one.csp for one in files] if self.inline else own for files in (self.styles, self.scripts)
        )
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

    def head(self) -> Markup:
        """The style sheets."""
        if self.inline:
            return Markup("\n".join(f"<style>{one.text}</style>" for one in self.styles))
        return Markup("\n".join(f'<link rel="stylesheet" href="static/{one.served}">' for one in self.styles))

    def end(self) -> Markup:
        """The scripts."""
        if self.inline:
            return Markup("\n".join(f"<script>{one.text}</script>" for one in self.scripts))
        return Markup("\n".join(f'<script src="static/{one.served}" defer></script>' for one in self.scripts))


def percent(share: float, digits: int = 0) -> str:
    """A share in percent."""
    return f"{share:.{digits}%}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("whatsit.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, printable=printable)
    return environment
