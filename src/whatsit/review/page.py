"""The page of a review on this computer: one reviewer's browser, who has the link, talks to one session."""

import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whatsit.errors import WhatsitError
from whatsit.i18n import Message, speaking
from whatsit.review import front
from whatsit.review.pictures import LARGE
from whatsit.review.session import Session
from whatsit.serving import local
from whatsit.serving.bodies import Bodies
from whatsit.serving.door import Door, Rules
from whatsit.serving.language import language_for
from whatsit.serving.limits import Limits
from whatsit.serving.local import Ready
from whatsit.serving.problems import ProblemError
from whatsit.serving.refusals import refusal
from whatsit.serving.root import Root
from whatsit.web import served

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


def show(
    begin: Callable[[], Session], port: int, root_path: str, ready: Callable[[Session, Ready], None]
) -> Session:
    """Serve the page of a session on this computer until SIGINT or SIGTERM, as `serving.local.show` does."""
    session = local.show(begin, create_app, ready, port, root_path)
    session.close()
    return session


async def _refused(request: Request, error: Exception) -> Response:
    problem = error if isinstance(error, ProblemError) else ProblemError(400, error.message)  # type: ignore[attr-defined]
    return refusal(request, problem)


async def _failed(request: Request, error: Exception) -> Response:
    return refusal(request, ProblemError(500, Message("serve.fault")))


async def _not_found(request: Request, error: Exception) -> Response:
    return refusal(request, ProblemError(404, Message("review.nothing_here")))
