"""The access log, one JSON line for each request, and what is counted of it."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import TextIO

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from whatsit.serving.metrics import Metrics

UNKNOWN = "other"
ROUTE = "whatsit.route"  # in the scope of a request: the path as the route has it


class Log:
    """An ASGI middleware that writes down requests: no pictures, no queries, no headers."""

    def __init__(self, app: ASGIApp, metrics: Metrics, file: TextIO | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._file = file

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
            if self._file is not None:
                self._write(scope, status, size, seconds)

    def _write(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "client": (scope.get("client") or [""])[0],
            "method": scope["method"],
            "path": scope["path"][:200],
            "status": status,
            "ms": round(1000 * seconds, 1),
            "bytes": size,
        }
        print(json.dumps(line), file=self._file or sys.stderr, flush=True)
