"""The whole server as one ASGI application."""

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from whatsit.classifier import Classifier
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, speaking
from whatsit.serving.bodies import Draining
from whatsit.serving.door import HAS_KEY, Door, Rules, is_loopback, is_loopback_name
from whatsit.serving.fetching import Fetcher
from whatsit.serving.gate import Gate
from whatsit.serving.inbox import Inbox
from whatsit.serving.language import language_for
from whatsit.serving.limits import Limits
from whatsit.serving.log import ROUTE, Lines, Log
from whatsit.serving.metrics import CONTENT_TYPE
from whatsit.serving.openapi import described
from whatsit.serving.page import Pages, index
from whatsit.serving.pool import GoneError
from whatsit.serving.problems import ProblemError, full
from whatsit.serving.refusals import refusal
from whatsit.serving.root import Root
from whatsit.serving.service import Service, Shared, bundle_name
from whatsit.text import printable
from whatsit.web.served import static_route

Endpoint = Callable[[Request], Awaitable[Response]]
Bundle = str | Path | Classifier
TAKEN = ("static", "health", "ready", "metrics")  # paths beside those of several bundles


def create_app(
    bundle: Bundle | Sequence[Bundle],
    *,
    rules: Rules | None = None,
    limits: Limits | None = None,
    urls: bool = True,
    allow_private: bool = False,
    inbox: str | Path | None = None,
    log: TextIO | None = None,
    verify: ssl.SSLContext | bool = True,
) -> Starlette:
    """An ASGI application that answers from a bundle, to be served or mounted into another application.

    Several bundles are served at their names, as in `/bears/`. With `urls` it classifies pictures at public
    addresses too, with `allow_private` also those of its own network. Corrections of visitors go into the
    folder `inbox`. The access log goes to `log`. Raises BundleError, and WhatsitError where two bundles have
    the same name, or one a name that can't be a path, or the inbox can't be used.
    """
    rules, limits = rules or Rules(), limits or Limits()
    shared = Shared(limits, Fetcher(limits, allow_private, verify) if urls else None)
    bundles = [bundle] if isinstance(bundle, Bundle) else list(bundle)
    services = [_service(one, shared, inbox, len(bundles) > 1) for one in bundles]
    names = [service.name for service in services]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise WhatsitError(Message("serve.same_name", name=printable(twice)))
    if len(services) == 1:
        routes = _routes(services[0])
    else:
        routes = [*_common(shared), _route("/", _index(services)), static_route()]
        routes += [Mount(f"/{_usable(one.name)}", routes=_routes(one)) for one in services]

    lines = Lines(log) if log else None

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        shared.pool.close()
        if lines is not None:
            lines.close()

    middleware = [
        Middleware(Root),
        Middleware(Log, metrics=shared.metrics, lines=lines),
        Middleware(Draining, limits=limits),
        *_cors(rules),
        Middleware(Gate, pool=shared.pool),
        Middleware(Door, rules=rules),
    ]
    handlers = {HTTPException: _not_routed}
    app = Starlette(routes=routes, middleware=middleware, exception_handlers=handlers, lifespan=lifespan)
    app.state.names, app.state.shared = names, shared
    return app


def _service(bundle: Bundle, shared: Shared, inbox: str | Path | None, is_one_of_many: bool) -> Service:
    classifier = bundle if isinstance(bundle, Classifier) else Classifier(bundle)
    name = bundle_name(classifier.path)
    if inbox is None:
        return Service(name, classifier, shared)
    folder = Path(inbox) / name if is_one_of_many else Path(inbox)
    return Service(name, classifier, shared, Inbox(folder, classifier.classes, shared.limits))


def _usable(name: str) -> str:
    """The name of a bundle as a path. Raises WhatsitError."""
    if name in TAKEN or not name.strip(".") or {"{", "}"} & set(name):
        raise WhatsitError(Message("serve.bundle_name", name=printable(name)))
    return name


def _routes(service: Service) -> list[BaseRoute]:
    pages = Pages(service)

    async def openapi(request: Request) -> Response:
        return JSONResponse(described(service))

    return [
        _route("/", pages.show),
        _route("/", pages.ask, "POST"),
        _route("/docs", pages.docs),
        _route("/card", pages.card),
        static_route(),
        _route("/classify", service.classify, "POST"),
        _route("/classify-url", service.classify_url),
        _route("/inbox", service.correct, "POST"),
        _route("/info", service.info),
        _route("/openapi.json", openapi),
        *_common(service.shared),
    ]


def _index(services: Sequence[Service]) -> Endpoint:
    async def show(request: Request) -> Response:
        return index(services)

    return show


def _common(shared: Shared) -> list[BaseRoute]:
    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> Response:
        if shared.pool.is_full:
            raise full()
        return await health(request)

    async def metrics(request: Request) -> Response:
        if not _may_measure(request):
            raise ProblemError(403, Message("serve.metrics"))
        return Response(shared.metrics.text(), media_type=CONTENT_TYPE)

    return [
        _route("/health", health),
        _route("/ready", ready),
        _route("/metrics", metrics),
    ]


def _route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
    """A route whose problems are answered, in the language of the client."""

    async def answer(request: Request) -> Response:
        request.scope[ROUTE] = path
        with speaking(language_for(request)):
            try:
                return await endpoint(request)
            except ProblemError as problem:
                return refusal(request, problem)
            except GoneError:
                return Response(status_code=499)  # which nobody reads
            except Exception:
                logging.getLogger("whatsit").exception("a fault while answering %s", path)
                return refusal(request, ProblemError(500, Message("serve.fault")))

    return Route(path, answer, methods=[method])


def _cors(rules: Rules) -> list[Middleware]:
    if not rules.origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(rules.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    ]


def _may_measure(request: Request) -> bool:
    """Whether the key was given, or a program on this machine asks without a proxy between."""
    is_forwarded = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    client = request.client.host if request.client else ""
    is_here = is_loopback(client) and is_loopback_name(request.headers.get("host", ""))
    return bool(request.scope.get(HAS_KEY)) or (is_here and not is_forwarded)


async def _not_routed(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "serve.not_found", 405: "serve.method"}.get(status, "serve.refused")
    response = refusal(request, ProblemError(status, Message(code)))
    response.headers.update(getattr(error, "headers", None) or {})
    return response
