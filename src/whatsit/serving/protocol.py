"""uvicorn's HTTP protocol with what it lacks: limits for all but bodies, and refusals that are answers."""

import asyncio
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from whatsit.i18n import Message
from whatsit.serving.limits import Limits
from whatsit.serving.problems import REFUSED, ProblemError, full, late

STAND_IN = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
AT_ONCE = 16 << 10  # bytes that are parsed before they are counted
CONTINUE = b"HTTP/1.1 100 "
UPGRADE = (b"connection", b"upgrade", b"http2-settings")


class _Whole:
    """The transport of one answer, whose head is sent along with the first piece of its body."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, but keep a head until there is more."""
        if self._head is None and not data.startswith(CONTINUE):
            self._head = data
        elif self._head:
            self._head, data = b"", self._head + data
            self._transport.write(data)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Send what is kept, and close."""
        if self._head:
            self._transport.write(self._head)
        self._transport.close()


class Protocol(HttpToolsProtocol):
    """One connection. What is too long, too slow or no HTTP is refused, and the connection closed.

    A refusal is made as the answer to a stand-in for the request, so it is logged and counted like others.
    """

    def __init__(self, *args: Any, limits: Limits, **named: Any) -> None:
        super().__init__(*args, **named)
        self._limits = limits
        self._framing = 0  # bytes since the last piece of a body, or the end of a head
        self._is_head = True
        self._refusal: ProblemError | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # writing is paused whenever something is not read
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        self._stop_unread()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse what can't be, or what goes on too long without any body."""
        for start in range(0, len(data), AT_ONCE):
            if self._refusal is not None:
                return
            piece = data[start : start + AT_ONCE]
            self._framing += len(piece)
            try:
                self._feed(piece)
            except HttpParserError:
                self._refuse(ProblemError(400, Message("serve.no_http")))
            if self._framing > self._limits.headers:
                self._refuse(ProblemError(431, Message("serve.long_head")))

    def _feed(self, data: bytes) -> None:
        """Parse; a wish for another protocol is not heard, as RFC 9110 allows.

        The parser would take the body after such a head for a request of its own: another parser gets the
        head again, without the wish.
        """
        while True:
            try:
                self.parser.feed_data(data)
                return
            except HttpParserUpgrade as upgrade:
                if self.parser.get_method() == b"CONNECT":
                    self._refuse(ProblemError(405, Message("serve.method")))
                    return
                data = self._without_upgrade() + data[upgrade.args[0] :]
                self.parser = self._new_parser()

    def _without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % pair for pair in self.headers if pair[0] not in UPGRADE]
        if any(name == b"connection" and b"close" in value.lower() for name, value in self.headers):
            lines.append(b"connection: close")
        return b"\r\n".join([*lines, b"", b""])

    def _new_parser(self) -> HttpRequestParser:
        parser = HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        return parser

    def on_message_begin(self) -> None:
        """A head begins; that of a later request on this connection too."""
        super().on_message_begin()
        self._unset_keepalive_if_required()
        if not self._is_head:
            self._is_head = True
            self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Only what is in the head: trailers would change a request that is being answered already."""
        if self._is_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole; what follows is a body."""
        if self.parser.should_upgrade():
            return
        self._is_head, self._framing = False, 0
        self._stop_waiting()
        if len(self.connections) > self._limits.connections:
            self.scope[REFUSED] = full()  # type: ignore[literal-required]
        super().on_headers_complete()
        if self.scope["method"] != "HEAD":  # its answer has no body
            self.cycle.transport = _Whole(self.transport)  # type: ignore[assignment]
        if self._refusal is not None:
            self.scope.update({REFUSED: self._refusal, "method": "", "path": ""})  # type: ignore[misc]

    def on_body(self, body: bytes) -> None:
        """A piece of a body, which has a limit elsewhere."""
        self._framing = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is whole."""
        if not self.parser.should_upgrade():
            self._framing = 0
            super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not read; it can't do so for long."""
        super().pause_writing()
        self._stop_unread()
        self._unread_timer = self.loop.call_later(self._limits.unread, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read all."""
        self._stop_unread()
        super().resume_writing()

    def shutdown(self) -> None:
        """Finish what has begun; for what is still being sent, there will be no time."""
        if self._is_open and self.cycle.more_body:
            self._refuse(full())
        else:
            super().shutdown()

    def give_up(self) -> None:
        """Refuse what could not be answered in time, and wait for no client."""
        if self._is_open and self._refusal is None:
            self._refuse(late(), instead=True)
        elif not self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()

    @property
    def _is_open(self) -> bool:
        """Whether a request is being received or answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, problem: ProblemError, instead: bool = False) -> None:
        """Answer so, after earlier requests, or `instead` of the present one, as where its body is broken."""
        self._stop_waiting()
        if self._refusal is not None or self.transport.is_closing():
            return
        self._refusal = problem
        if self.pipeline and self.cycle.more_body and not instead:
            self.pipeline.popleft()  # the present one, which nobody answers yet
        elif self._is_open and (instead or self.cycle.more_body):
            if self.cycle.response_started or self.pipeline:
                self.cycle.transport.close()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.cycle = None  # type: ignore[assignment]
        self.parser = self._new_parser()
        self.parser.feed_data(STAND_IN)

    def _wait(self) -> None:
        self._stop_waiting()
        slow = ProblemError(408, Message("serve.slow_upload"))
        self._head_timer = self.loop.call_later(self._limits.headers_seconds, self._refuse, slow)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_unread(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
