"""The course page: served to a browser on this computer, or written as a folder that needs no server."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whatsit.config import Language
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, language, speaking
from whatsit.outputs import is_ours, require_output
from whatsit.project import write_whole
from whatsit.serving import local
from whatsit.serving.door import Door, Rules
from whatsit.serving.language import language_for
from whatsit.serving.local import Ready
from whatsit.serving.problems import ProblemError
from whatsit.serving.refusals import refusal
from whatsit.serving.root import Root
from whatsit.teach.rows import Course
from whatsit.web import render, served

SCRIPTS = (
    "components.js",
    "charts.js",
    "teach_numbers.js",
    "teach_pictures.js",
    "teach_surface.js",
    "teach_plot.js",
    "teach_address.js",
    "teach_controls.js",
    "teach.js",
)
STEPS = tuple(f"teach_{number}.js" for number in range(1, 8))
ASSETS = ("teach.css", "teach_figures.css", *SCRIPTS, *STEPS)
MESSAGES = ("teach_", "doctor.line_")


def page(course: Course, other: str, inline: bool, key: str | None = None) -> str:
    """The page in the language of this block: one file, or linked to a server's.

    `other` is the address of the page in the other language; `key` is what a link to a server must have.
    """
    return render(
        "teach.html",
        inline=inline,
        assets=ASSETS,
        messages=MESSAGES,
        course=course,
        switch=other,
        key=key,
    )


def create_app(course: Course, rules: Rules) -> Starlette:
    """An ASGI application with the page."""

    async def show_page(request: Request) -> Response:
        lang = language_for(request)
        with speaking(lang):
            return served.page(page(course, f"./?lang={_other(lang)}", inline=False, key=rules.key))

    return Starlette(
        routes=[Route("/", show_page), served.static_route()],
        middleware=[Middleware(Root), Middleware(Door, rules=rules)],
        exception_handlers={404: _not_found},
    )


def show(
    begin: Callable[[], Course], ready: Callable[[Course, Ready], None], port: int = 0, root_path: str = ""
) -> None:
    """Serve the page on this computer until SIGINT or SIGTERM, as `serving.local.show` does."""
    local.show(begin, create_app, ready, port, root_path)


def require_folder(out: Path) -> None:
    """Raise WhatsitError, before anything is done, where the page can't be written into a folder.

    One that is not there yet is made; files in it that Whatsit did not write are not replaced.
    """
    if out.exists() and not out.is_dir():
        raise WhatsitError(Message("teach.not_folder", out=out))
    if not out.exists():
        if not out.absolute().parent.is_dir():
            raise WhatsitError(Message("teach.no_place", out=out))
        return
    for name in _names():
        if not is_ours("course", out / name):
            raise WhatsitError(Message("teach.not_ours", page=out / name))
        require_output("course", out / name)


def write(course: Course, out: Path) -> Path:
    """Write the page, a file for each language, that of this block as index.html. Raises WhatsitError."""
    require_folder(out)
    out.mkdir(exist_ok=True)
    names = _names()
    for name, lang in names.items():
        (other,) = (one for one in names if one != name)
        with speaking(lang):
            write_whole(out / name, page(course, other, inline=True).encode())
    return out / next(iter(names))


def _names() -> dict[str, Language]:
    """The files of a folder, the one in the language of this block first."""
    lang = language()
    return {"index.html": lang, f"index.{_other(lang)}.html": _other(lang)}


def _other(lang: Language) -> Language:
    other: Language = next(one for one in get_args(Language) if one != lang)
    return other


async def _not_found(request: Request, error: Exception) -> Response:
    return refusal(request, ProblemError(404, Message("teach.nothing_here")))
