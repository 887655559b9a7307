"""Asking a server over HTTP as many clients that know nothing of each other: each has its own connection."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

BOUNDARY = "----------whatsit-benchmark"
TIMEOUT = 10.0  # seconds, after which a visitor gives up


class Outcome(NamedTuple):
    """`status` is 0 where no whole answer came; `seconds` count from when it should have been asked."""

    status: int
    began: float
    seconds: float
    body: bytes = b""


@dataclass(frozen=True)
class Form:
    """How a server wants a picture: in a form's field, or raw where `field` is empty."""

    path: str
    field: str = ""

    def request(self, photo: bytes, port: int, keep_alive: bool = False) -> bytes:
        """The whole request."""
        if not self.field:
            return post(self.path, port, photo, "image/jpeg", keep_alive)
        head = f'Content-Disposition: form-data; name="{self.field}"; filename="a.jpg"'
        begin = f"--{BOUNDARY}\r\n{head}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
        body = begin + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
        return post(self.path, port, body, f"multipart/form-data; boundary={BOUNDARY}", keep_alive)

    async def ask(self, photo: bytes, port: int) -> tuple[int, bytes]:
        """Status and body of the answer."""
        return await exchange(port, self.request(photo, port))


class GradioForm(Form):
    """Gradio's three steps: upload the picture, ask for its class, fetch the answer."""

    async def ask(self, photo: bytes, port: int) -> tuple[int, bytes]:
        status, body = await super().ask(photo, port)
        return await self.ask_for(json.loads(body)[0], port) if status == 200 else (status, body)

    async def ask_for(self, path: str, port: int) -> tuple[int, bytes]:
        """Have a picture classified that is uploaded, or that lies at an address."""
        call = "/gradio_api/call/classify"
        data = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
        request = post(call, port, json.dumps(data).encode(), "application/json")
        status, body = await exchange(port, request)
        if status != 200:
            return status, body
        status, body = await exchange(port, get(f"{call}/{json.loads(body)['event_id']}", port))
        is_answer = b"event: complete" in body
        return (status if is_answer or status != 200 else 500), body


def post(path: str, port: int, body: bytes, kind: str, keep_alive: bool = False) -> bytes:
    close = "" if keep_alive else "Connection: close\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {kind}\r\n{close}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path: str, port: int) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self._request = request
        self._data = bytearray()
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._data += data

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_result(bytes(self._data))


async def exchange(port: int, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to one request on a connection that the server closes after it.

    The status is 0 where there was no whole answer: the connection was refused, or reset.
    """
    try:
        transport, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(request), "127.0.0.1", port
        )
    except OSError:
        return 0, b""
    try:
        head, end, body = (await connection.answer).partition(b"\r\n\r\n")
    finally:
        transport.abort()
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if not end or (lengths and len(body) < int(lengths[0].partition(b":")[2])):
        return 0, b""
    is_chunked = b"transfer-encoding: chunked" in head.lower()
    return int(head.split(b" ", 2)[1]), _joined(body) if is_chunked else body


def _joined(chunks: bytes) -> bytes:
    """A body that came in chunks."""
    whole = b""
    while chunks:
        size, _, chunks = chunks.partition(b"\r\n")
        length = int(size or b"0", 16)
        whole, chunks = whole + chunks[:length], chunks[length + 2 :]
    return whole


async def timed(form: Form, photo: bytes, port: int, began: float, timeout: float = TIMEOUT) -> Outcome:
    """One question, since it should have been asked."""
    status, body = 0, b""
    with suppress(TimeoutError, ValueError):  # a visitor who gives up; no status where one is due
        async with asyncio.timeout(timeout):
            status, body = await form.ask(photo, port)
    return Outcome(status, began, time.perf_counter() - began, body)


async def in_circles(
    form: Form, photos: Sequence[bytes], port: int, connections: int, seconds: float
) -> list[Outcome]:
    """A closed loop: each of some clients asks again as soon as it has its answer."""
    end, found = time.perf_counter() + seconds, []

    async def client(number: int) -> None:
        while (now := time.perf_counter()) < end:
            number += connections
            found.append(await timed(form, photos[number % len(photos)], port, now))

    await asyncio.gather(*map(client, range(connections)))
    return found


async def at_rate(
    form: Form, photos: Sequence[bytes], port: int, rate: float, seconds: float
) -> list[Outcome]:
    """An open loop: clients come at random (Poisson), whether the others have their answers or not."""
    chance, found, tasks = random.Random(0), [], set()
    begin = due = time.perf_counter()

    async def client(photo: bytes, when: float) -> None:
        found.append(await timed(form, photo, port, when))

    number = 0
    while due < begin + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(client(photos[number % len(photos)], due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        due, number = due + chance.expovariate(rate), number + 1
    await asyncio.gather(*tasks)
    return found


def percentile(values: Iterable[float], percent: float) -> float:
    """By the nearest rank; NaN of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


Ask = Callable[[str, int], Awaitable[tuple[int, bytes]]]  # for the picture at an address, on a port
