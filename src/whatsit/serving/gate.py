"""Refusals for want of room: the cheapest answer there is, for most of them are due when time is short."""

from functools import cache

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from whatsit.config import Language
from whatsit.i18n import speaking
from whatsit.serving.door import secured
from whatsit.serving.language import language_for
from whatsit.serving.log import ROUTE
from whatsit.serving.pool import Pool
from whatsit.serving.problems import REFUSED, ProblemError, full

NEEDS_PLACE = {"classify": "POST", "classify-url": "GET", "inbox": "POST"}  # by the last part of the path


class Gate:
    """An ASGI middleware that refuses requests that would find no place, before anything else is asked,
    and what the protocol could not understand.

    Neither router nor door have looked at them: a refusal reveals nothing but that the server is busy.
    """

    def __init__(self, app: ASGIApp, pool: Pool) -> None:
        self._app = app
        self._pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (problem := scope.get(REFUSED)) is not None:
            await _refusal(problem, language_for(HTTPConnection(scope)))(scope, receive, send)
            return
        if scope["type"] == "http" and self._pool.is_full:
            last = scope["path"].rpartition("/")[2]
            if NEEDS_PLACE.get(last) == scope["method"]:
                scope[ROUTE] = f"/{last}"
                self._pool.note_refusal()
                await _full(language_for(HTTPConnection(scope)))(scope, receive, send)
                return
        await self._app(scope, receive, send)


@cache
def _full(language: Language) -> Response:
    return _refusal(full(), language)


def _refusal(problem: ProblemError, language: Language) -> Response:
    with speaking(language):
        return secured(problem.response())
