"""The access log, one JSON line for each request, and what is counted of it."""

import json
import queue
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from whatsit.serving.metrics import Metrics

UNKNOWN = "other"
ROUTE = "whatsit.route"  # in the scope of a request: the path as the route has it


MOST = 10_000  # lines that wait to be written


class Lines:
    """Writes lines in a thread of its own: who reads them too slowly misses some, and stops no answer."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue(MOST)
        self._dropped = 0
        self._thread: threading.Thread | None = None

    def write(self, line: dict[str, Any]) -> None:
        """Have a line written soon; one that finds no room is counted in a later line."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="whatsit-log", daemon=True)
            self._thread.start()
        if self._dropped:
            line = {**line, "dropped_before": self._dropped}
        try:
            self._waiting.put_nowait(line)
            self._dropped = 0
        except queue.Full:
            self._dropped += 1

    def close(self, seconds: float = 1.0) -> None:
        """Wait until all are written, but not long for a reader that does not read."""
        if self._thread is not None:
            with suppress(queue.Full):
                self._waiting.put_nowait(None)
            self._thread.join(seconds)
            self._thread = None

    def _work(self) -> None:
        while (line := self._waiting.get()) is not None:
            with suppress(OSError, ValueError):  # nobody reads any more: that stops no answer either
                print(json.dumps(line), file=self._file, flush=True)


class Log:
    """An ASGI middleware that writes down requests: no pictures, no queries, no headers."""

    def __init__(self, app: ASGIApp, metrics: Metrics, lines: Lines | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, size = time.perf_counter(), 499, 0  # 499: the client left before there was an answer

        async def watch(event: Event) -> None:
            nonlocal status, size
            if event["type"] == "http.response.start":
                status = event["status"]
            else:
                size += len(event.get("body", b""))
            await send(event)

        try:
            await self._app(scope, receive, watch)
        finally:
            seconds = time.perf_counter() - began
            route = scope.get(ROUTE, UNKNOWN)
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "OPTIONS") else UNKNOWN
            self._metrics.requests.labels(route, method, str(status)).inc()
            self._metrics.seconds.labels(route).observe(seconds)
            self._metrics.note_places()
            if self._lines is not None:
                self._lines.write(_line(scope, status, size, seconds))


def _line(scope: Scope, status: int, size: int, seconds: float) -> dict[str, Any]:
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "client": (scope.get("client") or [""])[0],
        "method": scope["method"],
        "path": scope["path"][:200],
        "status": status,
        "ms": round(1000 * seconds, 1),
        "bytes": size,
    }
