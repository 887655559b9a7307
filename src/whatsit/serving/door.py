"""Who may come in: Host, Origin and key are checked before anything is read, and refusals are quick."""

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from whatsit.i18n import Message
from whatsit.serving.problems import ProblemError
from whatsit.serving.refusals import path_of, refusal
from whatsit.web.served import POLICY, guards

OPEN = ("/health", "/ready", "/metrics")  # a load balancer has no key; the last decides by itself
STATIC = "/static/"  # the kit's files, which are not secret: pages that refuse need them too
YEAR = 365 * 86400
HAS_KEY = "whatsit.has_key"  # in the scope of a request


@dataclass(frozen=True)
class Rules:
    """Who may use a server.

    With a `key`, only who has it: as a bearer token, or in the cookie that a link with `?key=` sets. With
    `only_loopback` the Host must be a loopback name, so that no foreign page reaches it by a name of its
    own. `origins` are those whose pages may use the API from a browser ("*": all), except for corrections:
    those come from this server's own page, under which visitors read what happens to them.
    """

    key: str | None = None
    only_loopback: bool = False
    origins: Sequence[str] = ()

    def admits(self, given: str) -> bool:
        """Whether this is the key, compared in constant time."""
        return self.key is not None and hmac.compare_digest(given.encode(), self.key.encode())

    @property
    def frames(self) -> str:
        """The directive for pages that may show this server's pages in a frame: the allowed origins'."""
        sites = [] if "*" in self.origins else self.origins
        return f"frame-ancestors {' '.join(sites)}" if sites else "frame-ancestors 'none'"

    @property
    def cookie(self) -> tuple[str, str]:
        """Name and value of the cookie: of each key another one, and neither reveals the key."""
        digest = hmac.new((self.key or "").encode(), b"whatsit cookie", hashlib.sha256).hexdigest()
        return f"whatsit-{digest[:8]}", digest[8:]


class Door:
    """An ASGI middleware that lets in only what the rules admit, and adds security headers to all answers."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules
        allowed = (POLICY, "default-src 'none'")
        self._page, self._other = (_added(f"{one}; {rules.frames}") for one in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(event: Event) -> None:
            if event["type"] == "http.response.start":
                headers = list(event.get("headers", ()))
                given = {name.lower(): value for name, value in headers}
                is_page = given.get(b"content-type", b"").startswith(b"text/html")
                missing = self._page if is_page else self._other
                event["headers"] = headers + [pair for pair in missing if pair[0] not in given]
            await send(event)

        request = HTTPConnection(scope)
        try:
            answer = self._admitted(request, scope) or self._app
        except ProblemError as problem:
            answer = refusal(request, problem)
        await answer(scope, receive, send_safely)

    def _admitted(self, request: HTTPConnection, scope: Scope) -> Response | None:
        """The answer to a link with the key. Raises ProblemError for whom the rules do not admit."""
        if self._rules.only_loopback and not is_loopback_name(request.headers.get("host", "")):
            raise ProblemError(421, Message("serve.host"))
        path = path_of(request)
        if not _is_same_site(request.headers, scope, () if path.endswith("/inbox") else self._rules.origins):
            raise ProblemError(403, Message("serve.origin"))
        if self._rules.key is None:
            return None
        scope[HAS_KEY] = self._has_key(request)
        if scope[HAS_KEY] or path in OPEN or path.startswith(STATIC):
            return None
        if link := self._from_link(request, scope):
            return link
        raise ProblemError(401, Message("serve.key"))

    def _has_key(self, request: HTTPConnection) -> bool:
        name, value = self._rules.cookie
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._rules.admits(token.strip()):
            return True
        return hmac.compare_digest(request.cookies.get(name, "").encode(), value.encode())

    def _from_link(self, request: HTTPConnection, scope: Scope) -> Response | None:
        """For a link with the right key: a cookie, and the way to the same address without the key."""
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        given = dict(query).get("key")
        if given is None or scope["method"] != "GET" or not self._rules.admits(given):
            return None
        rest = urlencode([pair for pair in query if pair[0] != "key"])
        clean = RedirectResponse(f"?{rest}" if rest else path_of(request).rpartition("/")[2] or "./", 303)
        name, value = self._rules.cookie
        place, is_secure = scope.get("root_path") or "/", scope.get("scheme") == "https"
        clean.set_cookie(name, value, YEAR, path=place, secure=is_secure, httponly=True)
        return clean


def secured(response: Response) -> Response:
    """An answer that is not a page, with what the door would add to it."""
    given = {name for name, _ in response.raw_headers}
    response.raw_headers += [
        pair for pair in _added("default-src 'none'; frame-ancestors 'none'") if pair[0] not in given
    ]
    return response


def _added(policy: str) -> list[tuple[bytes, bytes]]:
    """The headers that an answer gets where it does not have them."""
    return [(name.encode(), value.encode()) for name, value in guards(policy).items()]


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=256)
def is_loopback_name(host: str) -> bool:
    """Whether a Host header names this machine."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def _is_same_site(headers: Headers, scope: Scope, origins: Sequence[str]) -> bool:
    """Whether a request comes from this server's own pages, an allowed origin's, or no browser page."""
    origin = headers.get("origin")
    if origin is not None:
        return "*" in origins or origin in origins or origin.partition("://")[2] == headers.get("host")
    if headers.get("sec-fetch-site") == "cross-site":  # a link may lead here, a picture's address may not
        return scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
    return True
