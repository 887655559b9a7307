"""Request bodies: pictures, raw or in a form, read into memory within limits and never onto the disk."""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

from python_multipart.multipart import parse_options_header
from starlette.datastructures import MutableHeaders, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from whatsit.i18n import Message
from whatsit.serving.limits import Limits
from whatsit.serving.pool import GoneError
from whatsit.serving.problems import ProblemError, full, too_large

FORM = b"multipart/form-data"
HOLD = "whatsit.hold"  # in the scope of a request


@dataclass(frozen=True)
class Body:
    """What a request brought: `pictures` in order, and the other `fields` of a form."""

    pictures: list[bytes]
    fields: dict[str, str] = field(default_factory=dict)


class Hold:
    """The bytes that a request holds, until it has ended and no thread works on them any more."""

    def __init__(self, bodies: "Bodies") -> None:
        self._bodies = bodies
        self._users = 0
        self.size = 0

    def add(self, size: int) -> None:
        """Hold more. Raises ProblemError where all requests together hold too much."""
        self.size += size
        self._bodies.held += size
        if self._bodies.held > self._bodies.limits.bodies:
            raise full()

    def take(self) -> None:
        """Somebody uses it."""
        self._users += 1

    def release(self) -> None:
        """Somebody does not use it any more; after the last one it counts no longer."""
        self._users -= 1
        if not self._users:
            self._bodies.held -= self.size
            self.size = 0


class Bodies:
    """Reads bodies, all together within the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held = 0  # bytes

    @contextmanager
    def holding(self, request: Request) -> Iterator[Hold]:
        """What the request holds while this block lasts."""
        hold: Hold = request.scope.setdefault(HOLD, Hold(self))
        hold.take()
        try:
            yield hold
        finally:
            hold.release()

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[Body]:
        """The body, which counts as held while this block lasts. Raises ProblemError, or GoneError."""
        with self.holding(request) as hold:
            yield await self._whole(request, hold)

    async def _whole(self, request: Request, hold: Hold) -> Body:
        try:
            async with asyncio.timeout(self.limits.upload):
                kind, options = parse_options_header(request.headers.get("content-type", ""))
                if request.headers.get("content-encoding", "identity") != "identity":
                    raise ProblemError(415, Message("serve.encoded"))
                if kind != FORM:
                    data = io.BytesIO()  # which never has two copies of it, unlike pieces that are joined
                    async for piece in self._pieces(request, hold):
                        data.write(piece)
                    return Body([data.getvalue()])
                if b"boundary" not in options:
                    raise ProblemError(400, Message("serve.form"))
                return await self._form(request, hold)
        except TimeoutError:
            raise ProblemError(408, Message("serve.slow_upload")) from None
        except ClientDisconnect:
            raise GoneError from None

    async def _form(self, request: Request, hold: Hold) -> Body:
        pictures, fields = [], {}
        limits = self.limits
        parser = _InMemory(
            request.headers, self._pieces(request, hold), max_files=limits.pictures, max_fields=16
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            code = "serve.many_pictures" if "Too many files" in str(error) else "serve.form"
            raise ProblemError(
                413 if "Too many" in str(error) else 400, Message(code, most=limits.pictures)
            ) from error
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                data = await value.read()
                if data or value.filename:  # a form without a choice sends neither
                    pictures.append(data)
                await value.close()
            else:
                fields[name] = value
        return Body(pictures, fields)

    async def _pieces(self, request: Request, hold: Hold) -> AsyncGenerator[bytes, None]:
        """The body piece by piece. Raises ProblemError where it is too long, or too much is read at once."""
        limits = self.limits
        announced = request.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced[:20]) > limits.body:
            raise too_large(limits)
        async for piece in request.stream():
            hold.add(len(piece))
            if hold.size > limits.body:
                raise too_large(limits)
            yield piece


class _InMemory(MultiPartParser):
    spool_max_size = 1 << 40  # never to the disk: what is read has a limit


class Draining:
    """An ASGI middleware: before an answer begins, what is left of the body is read, within limits.

    A connection that is closed with unread data is reset, and the client may never see the answer.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        is_read, has_begun = False, not _waits_to_send(scope)

        async def reading() -> Event:
            nonlocal is_read, has_begun
            event = await receive()
            has_begun = True
            is_read = is_read or not event.get("more_body", False)
            return event

        async def sending(event: Event) -> None:
            if event["type"] == "http.response.start" and not is_read:
                if has_begun:
                    await self._drain(reading, lambda: is_read)
                if not is_read:
                    MutableHeaders(scope=event)["Connection"] = "close"
            await send(event)

        await self._app(scope, reading, sending)

    async def _drain(self, receive: Receive, is_over: Callable[[], bool]) -> None:
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.drain):
                while not is_over() and size <= self._limits.body:
                    size += len((await receive()).get("body", b""))


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _waits_to_send(scope: Scope) -> bool:
    """Whether the client sends its body only once it is asked to."""
    return any(name == b"expect" for name, _ in scope["headers"])
