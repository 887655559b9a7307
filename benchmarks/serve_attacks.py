"""Addresses inside a server's own machine, given to what it fetches pictures from.

A picture server stands in for an inner service; an attack has succeeded where it was asked. It listens on
port 80 where this process may, otherwise a refusal may only be one of the port. One address at a time, then
50 at once, since guards that change something global let requests through that come together.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from benchmarks.exchange import Ask

ATTACKS = (
    "http://127.0.0.1{port}/",
    "http://localhost{port}/",
    "http://127.1{port}/",
    "http://2130706433{port}/",
    "http://0x7f000001{port}/",
    "http://0177.0.0.1{port}/",
    "http://0.0.0.0{port}/",
    "http://127.9.9.9{port}/",
    "http://[::1]{port}/",
    "http://[::ffff:127.0.0.1]{port}/",
    "http://example.com@127.0.0.1{port}/",
    "http://127.0.0.1{port}/redirect",
)
AT_ONCE = 50
PATIENCE = 15.0  # seconds


class Reached(NamedTuple):
    """How many of the addresses got through one by one, and how many of 50 questions at once."""

    alone: int
    together: int
    port: int

    def __str__(self) -> str:
        return f"{self.alone} of {len(ATTACKS)}, {self.together} of {AT_ONCE} at once"


class _Inner(ThreadingHTTPServer):
    daemon_threads = True
    photo = b""
    asked = 0

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Inner

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(302 if self.path == "/redirect" else 200)
        if self.path == "/redirect":
            self.send_header("Location", "/")
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(self.server.photo)))
        self.end_headers()
        self.wfile.write(self.server.photo)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def _inner(photo: bytes) -> Iterator[_Inner]:
    try:
        server = _Inner(80)
    except OSError:
        server = _Inner(0)
    server.photo = photo
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def reached(ask: Ask, port: int, photo: bytes) -> Reached:
    """How far attacks get through a server on a port."""
    with _inner(photo) as inner:
        inside = inner.server_address[1]
        suffix = "" if inside == 80 else f":{inside}"
        attacks = [attack.format(port=suffix) for attack in ATTACKS]
        alone = 0
        for attack in attacks:
            before = inner.asked
            asyncio.run(_tried(ask, port, [attack]))
            alone += inner.asked > before
        before = inner.asked
        asyncio.run(_tried(ask, port, [attacks[0]] * AT_ONCE))
        return Reached(alone, min(AT_ONCE, inner.asked - before), inside)


async def _tried(ask: Ask, port: int, attacks: list[str]) -> None:
    async def one(attack: str) -> None:
        with suppress(TimeoutError, ValueError, LookupError):
            async with asyncio.timeout(PATIENCE):
                await ask(attack, port)

    await asyncio.gather(*map(one, attacks))
