"""A web server on loopback that answers as badly as the web does."""

import asyncio
import gzip
import io
import json
import socket
import ssl
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from tests.conftest import rendered

BEGINNING = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 9999\r\n\r\n"
Answer = bytes | Callable[["Request", asyncio.StreamWriter], Awaitable[None] | bytes]


class Request:
    """What was asked: path, query by name, headers by lower-case name, and the body's form."""

    def __init__(self, target: str, headers: dict[str, str], body: bytes) -> None:
        self.target = target
        self.path = urlsplit(target).path
        self.query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        self.headers = headers
        self.form = {name: values[0] for name, values in parse_qs(body.decode()).items()}


class Site:
    """Serves `pages` (by path with query, or path alone) until it is closed; `hits` counts what was asked.

    What there is no page for answers 404. It serves in a thread of its own, on a free port.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.pages: dict[str, Answer] = {}
        self.hits: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.busiest = 0  # requests at once
        self._busy = 0
        self._scheme = "https" if tls else "http"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, host, 0, ssl=tls))
        self.port = self._server.sockets[0].getsockname()[1]

    def _do(self, work):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def url(self, target: str, host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{target}"

    def close(self) -> None:
        async def stop() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        if self._loop.is_closed():
            return
        self._do(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        try:
            line, *rows = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(row.lower().split(": ", 1) for row in rows if ": " in row)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            request = Request(line.split()[1], headers, body)
            self.hits[request.target] += 1
            self.requests.append(request)
            page = self.pages.get(request.target, self.pages.get(request.path, respond(b"", 404)))
            answer = page if isinstance(page, bytes) else page(request, writer)
            if not isinstance(answer, bytes):
                answer = await answer or b""
            writer.write(answer)
            await writer.drain()
        except (OSError, EOFError, asyncio.IncompleteReadError):
            pass
        finally:
            self._busy -= 1
            writer.close()


def respond(body: bytes, status: int = 200, kind: str = "image/jpeg", **headers: str) -> bytes:
    """A whole answer; headers by name with _ for -."""
    lines = [f"HTTP/1.1 {status} whatever", f"Content-Type: {kind}", "Connection: close"]
    reported = {"Content_Length": str(len(body)), **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in reported.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def as_json(document: object, status: int = 200, **headers: str) -> bytes:
    return respond(json.dumps(document).encode(), status, "application/json", **headers)


def redirect(to: str) -> bytes:
    return respond(b"", 302, Location=to)


def encoded(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def jpeg(seed: int, size: tuple[int, int] = (160, 120)) -> bytes:
    """A photo-like JPEG; another seed is another picture."""
    return encoded(rendered(seed, size), quality=90)


def cut_off(body: bytes) -> bytes:
    """Promises more than it sends, and hangs up."""
    return respond(body[: len(body) // 2], Content_Length=str(len(body)))


def gzip_bomb() -> bytes:
    """A few hundred kilobytes that unpack to 200 MB."""
    return respond(gzip.compress(b"\xff" * (200 << 20), 9), Content_Encoding="gzip")


def picture_bomb() -> bytes:
    """A PNG of a few hundred bytes that says it has 2,500 million pixels."""
    data = bytearray(encoded(Image.new("1", (8, 8)), "PNG"))
    data[16:24] = struct.pack(">II", 50_000, 50_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


async def endless(_: Request, writer: asyncio.StreamWriter) -> None:
    """A picture that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nConnection: close\r\n\r\n" + jpeg(1))
    while True:
        writer.write(b"\0" * 65536)
        await writer.drain()


async def silent(_: Request, writer: asyncio.StreamWriter) -> None:
    """Begins, and sends nothing more until the other side hangs up."""
    writer.write(BEGINNING)
    await writer.drain()
    await asyncio.Event().wait()


async def drip(_: Request, writer: asyncio.StreamWriter) -> None:
    """A byte now and then, so that something arrives but nothing comes of it."""
    writer.write(BEGINNING)
    while True:
        writer.write(b"\xff")
        await writer.drain()
        await asyncio.sleep(0.02)


async def reset(_: Request, writer: asyncio.StreamWriter) -> None:
    """The connection is reset in the middle."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 9999\r\n\r\n" + b"\xff" * 99
    )
    await writer.drain()
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
