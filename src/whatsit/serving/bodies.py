"""Request bodies: pictures, raw or in a form, read into memory within limits and never onto the disk."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
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
from whatsit.serving.problems import ProblemError, full

FORM = b"multipart/form-data"


@dataclass(frozen=True)
class Body:
    """What a request brought: `pictures` in order, and the other `fields` of a form."""

    pictures: list[bytes]
    fields: dict[str, str] = field(default_factory=dict)
    is_form: bool = False


class Bodies:
    """Reads bodies, all together within the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.held = 0  # bytes

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[Body]:
        """The body, which counts as held while this block lasts. Raises ProblemError, or GoneError."""
        counter = _Counter()
        try:
            yield await self._whole(request, counter)
        finally:
            self.held -= counter.size

    async def _whole(self, request: Request, counter: "_Counter") -> Body:
        try:
            async with asyncio.timeout(self._limits.upload):
                kind, options = parse_options_header(request.headers.get("content-type", ""))
                if kind != FORM:
                    return Body([b"".join([piece async for piece in self._pieces(request, counter)])])
                if b"boundary" not in options:
                    raise ProblemError(400, Message("serve.form"))
                return await self._form(request, counter)
        except TimeoutError:
            raise ProblemError(408, Message("serve.slow_upload")) from None
        except ClientDisconnect:
            raise GoneError from None

    async def _form(self, request: Request, counter: "_Counter") -> Body:
        pictures, fields = [], {}
        limits = self._limits
        parser = _InMemory(
            request.headers, self._pieces(request, counter), max_files=limits.pictures, max_fields=16
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
        return Body(pictures, fields, is_form=True)

    async def _pieces(self, request: Request, counter: "_Counter") -> AsyncGenerator[bytes, None]:
        """The body piece by piece. Raises ProblemError where it is too long, or too much is read at once."""
        limits = self._limits
        announced = request.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced[:20]) > limits.body:
            raise _too_large(limits)
        async for piece in request.stream():
            counter.size += len(piece)
            self.held += len(piece)
            if counter.size > limits.body:
                raise _too_large(limits)
            if self.held > limits.bodies:
                raise full()
            yield piece


class _Counter:
    size = 0


class _InMemory(MultiPartParser):
    spool_max_size = 1 << 40  # never to the disk: what is read has a limit


def _too_large(limits: Limits) -> ProblemError:
    return ProblemError(413, Message("serve.too_large", megabytes=limits.body >> 20))


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
