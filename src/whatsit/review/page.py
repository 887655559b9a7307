"""The page of a review on this computer: one reviewer's browser, who has the link, talks to one session."""

import getpass
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whatsit.commands import quoted
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, language, speaking
from whatsit.review import front
from whatsit.review.pictures import LARGE
from whatsit.review.session import Session
from whatsit.serving.bodies import Bodies
from whatsit.serving.door import Door, Rules
from whatsit.serving.language import language_for
from whatsit.serving.limits import Limits
from whatsit.serving.problems import ProblemError
from whatsit.serving.refusals import refusal
from whatsit.serving.root import Root
from whatsit.serving.server import Server
from whatsit.serving.starting import listen_on, usable_path
from whatsit.web import served

HOST = "127.0.0.1"
FOREVER = "private, max-age=31536000, immutable"  # another picture has another address


def create_app(session: Session, rules: Rules) -> Starlette:
    """An ASGI application with the page of a session, and what the page asks for."""
    bodies = Bodies(Limits())

    async def page(request: Request) -> Response:
        with speaking(language_for(request)):
            return served.page(front.page("review_http.js", inline=False, switch=True))

    async def ask(request: Request) -> Response:
        async with bodies.read(request) as body:
            try:
                values = json.loads(body.pictures[0])
            except (ValueError, RecursionError):
                values = None
        if not isinstance(values, dict):
            raise ProblemError(400, Message("review.unclear"))
        return JSONResponse(await run_in_threadpool(answer, request, values))

    def answer(request: Request, values: dict[str, Any]) -> dict[str, Any]:
        with speaking(language_for(request)):
            return session.answer(request.path_params["verb"], values)

    async def picture(request: Request) -> Response:
        jpeg = await run_in_threadpool(session.picture, request.path_params["content"], LARGE)
        return Response(jpeg, headers={"cache-control": FOREVER}, media_type="image/jpeg")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/ask/{verb}", ask, methods=["POST"]),
            Route("/picture/{content}", picture),
            served.static_route(),
        ],
        middleware=[Middleware(Root), Middleware(Door, rules=rules)],
        exception_handlers={WhatsitError: _refused, ProblemError: _refused, 404: _not_found, 500: _failed},
    )


@dataclass(frozen=True)
class Ready:
    """A page that can be opened: its `link` has the key.

    From another computer `tunnel`, a command of ssh, leads to it, None where this is not a remote one.
    `below` is set where the link is the end of a hub's address.
    """

    link: str
    tunnel: str | None
    below: bool


def show(
    begin: Callable[[], Session], port: int, root_path: str, ready: Callable[[Session, Ready], None]
) -> Session:
    """Serve the page of a session on this computer until SIGINT or SIGTERM; `ready` is called at first.

    `port` 0 takes a free one. Raises WhatsitError for a port that is taken and for an odd path, before the
    session is begun.
    """
    key, root_path = secrets.token_urlsafe(16), usable_path(root_path)
    with listen_on(HOST, port) as listening:
        port = listening.getsockname()[1]
        root_path = root_path or hub_path(os.environ, port)
        session = begin()
        server = Server(create_app(session, Rules(key, only_loopback=not root_path)), root_path)
        server.on_ready = lambda: ready(session, _ready(key, port, root_path))
        server.listen(listening)
    session.close()
    return session


def hub_path(environment: Mapping[str, str], port: int) -> str:
    """Where jupyter-server-proxy has a port, in a JupyterHub."""
    prefix = environment.get("JUPYTERHUB_SERVICE_PREFIX", "").rstrip("/")
    return f"{prefix}/proxy/{port}" if prefix else ""


def tunnel(environment: Mapping[str, str], port: int) -> str | None:
    """What to type on the reviewer's own computer, if this one was reached by ssh."""
    connection = environment.get("SSH_CONNECTION", "").split()
    if len(connection) != 4:
        return None
    return quoted("ssh", "-N", "-L", f"{port}:{HOST}:{port}", f"{getpass.getuser()}@{connection[2]}")


def _ready(key: str, port: int, root_path: str) -> Ready:
    query = f"/?key={key}&lang={language()}"
    if root_path:
        return Ready(f"{root_path}{query}", None, below=True)
    return Ready(f"http://{HOST}:{port}{query}", tunnel(os.environ, port), below=False)


async def _refused(request: Request, error: Exception) -> Response:
    problem = error if isinstance(error, ProblemError) else ProblemError(400, error.message)  # type: ignore[attr-defined]
    return refusal(request, problem)


async def _failed(request: Request, error: Exception) -> Response:
    return refusal(request, ProblemError(500, Message("serve.fault")))


async def _not_found(request: Request, error: Exception) -> Response:
    return refusal(request, ProblemError(404, Message("review.nothing_here")))
