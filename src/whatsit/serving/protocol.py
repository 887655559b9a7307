"""uvicorn's HTTP protocol with what it lacks: limits for the head of a request, in bytes and in seconds."""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from whatsit.serving.limits import Limits

LIMITS = Limits()


class Protocol(HttpToolsProtocol):
    """One connection. A head that is too long or takes too long is refused, and the connection closed."""

    limits = LIMITS

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._head: int | None = 0  # bytes so far; None while no head is being received
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head before it is parsed."""
        if self._head is not None:
            self._head += len(data)
        super().data_received(data)
        if self._head is not None and self._head > self.limits.headers:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A head begins; that of a later request on this connection too."""
        super().on_message_begin()
        if self._head is None:
            self._head = 0
            self._wait()

    def on_headers_complete(self) -> None:
        """The head is whole; what follows is a body."""
        self._head = None
        self._stop_waiting()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._stop_waiting()
        late = HTTPStatus.REQUEST_TIMEOUT
        self._timer = self.loop.call_later(self.limits.headers_seconds, self._refuse, late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: HTTPStatus) -> None:
        self._stop_waiting()
        self._head = None
        if self.transport is None or self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            line = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
            self.transport.write(line.encode())
        self.transport.close()
