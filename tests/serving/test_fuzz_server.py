"""Whatever is sent, a server answers 2xx, 4xx or 503, leaks nothing, and answers as before afterwards."""

import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest

from tests.conftest import WHOLE, rendered
from tests.serving.conftest import encoded
from tests.serving.served import BOUNDARY, Served, form, heard
from whatsit.serving.limits import Limits

Serve = Callable[..., Served]
REQUESTS = 20_000 if WHOLE else 1000
CLIENTS = 8
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
PATHS = (
    "/classify",
    "/classify?explain=1",
    "/",
    "/?part=answer",
    "/inbox",
    "/info",
    "/docs",
    "/x",
    "/static/x",
)


def pictures() -> list[bytes]:
    kinds = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
    return [encoded(rendered(n, (64, 48)), kind) for n, kind in enumerate(kinds)]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, doubled, or left out."""
    data = bytearray(data)
    for _ in range(dice.randint(0, 8)):
        place = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0:
                data[place : place + dice.randint(1, 8)] = dice.randbytes(dice.randint(0, 8))
            case 1:
                del data[place:]
            case 2:
                data[place:place] = data[: dice.randint(0, 200)]
            case _:
                data[place : place + 4] = struct.pack(">I", dice.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF)))
    return bytes(data)


def request(dice: random.Random, good: list[bytes]) -> bytes:
    """A request: mostly sound HTTP around something broken, sometimes broken HTTP."""
    body = mutated(dice.choice(good), dice)
    kind = dice.choice(("image/jpeg", "application/octet-stream", "", "text/html", "multipart/form-data"))
    if dice.random() < 0.4:
        files = tuple(mutated(dice.choice(good), dice) for _ in range(dice.randint(0, 3)))
        body, kind = (
            form(files, {"label": dice.choice(("ant", "x", "\n"))}),
            f"multipart/form-data; boundary={BOUNDARY}",
        )
        body = mutated(body, dice) if dice.random() < 0.5 else body
    length = dice.choice((len(body),) * 8 + (len(body) // 2, len(body) + 5, 0))
    method = dice.choice(("POST", "POST", "POST", "GET", "PUT", "HEAD"))
    head = [
        f"{method} {dice.choice(PATHS)} HTTP/1.{dice.choice('1110')}",
        "Host: 127.0.0.1",
        f"Content-Type: {kind}",
        f"Content-Length: {length}",
        *(f"X-{n}: {'y' * dice.randint(0, 400)}" for n in range(dice.randint(0, 5))),
    ]
    if dice.random() < 0.1:
        head[-1] = dice.choice(
            ("Transfer-Encoding: chunked", "Expect: 100-continue", "Connection: close", "\x00: x")
        )
    if dice.random() < 0.1:
        head.append("Connection: Upgrade\r\nUpgrade: " + dice.choice(("h2c", "websocket", "x")))
    if dice.random() < 0.1:
        head[3:4] = ["Transfer-Encoding: chunked"]
        trailers = "".join(f"X: {'z' * dice.choice((1, 100, 40_000))}\r\n" for _ in range(dice.randint(0, 3)))
        body = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailers.encode()) if body else b"0\r\n\r\n"
    data = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body
    return mutated(data, dice) if dice.random() < 0.1 else data


def one_client(served: Served, seed: int, count: int) -> Counter[str]:
    """Send requests one after another, some pipelined, some cut off; count the answers by status."""
    dice, good, seen = random.Random(seed), pictures(), Counter[str]()
    for _ in range(count):
        with served.connect() as connection, suppress(OSError):
            data = request(dice, good)
            if dice.random() < 0.05:
                data += request(dice, good)
            connection.sendall(data)
            if dice.random() < 0.1:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                continue
            answer = connection.recv(1 << 16).removeprefix(GO_ON) or connection.recv(1 << 16)
            connection.shutdown(socket.SHUT_WR)
            answer += heard(connection)
            status = answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1.1 ") else "none"
            seen[f"{status} inbox" if status == "507" and b" /inbox" in data else status] += 1
    return seen


def timed(served: Served, picture: bytes) -> tuple[object, float]:
    """The answer to a sound request, and how quickly it comes at best."""
    seconds = []
    for _ in range(10):
        began = time.perf_counter()
        answer = served.ask("/classify", picture)
        seconds.append(time.perf_counter() - began)
    assert answer.status == 200
    return answer.json, min(seconds)


@pytest.mark.parametrize("seed", range(4) if WHOLE else [0])
def test_server_survives_whatever_is_sent(serve: Serve, tmp_path, picture: bytes, seed: int) -> None:
    limits = Limits(upload=0.3, headers_seconds=0.3, drain=0.1, corrections_per_minute=10_000)
    served = serve(limits=limits, inbox=tmp_path, urls=False)
    before, quickest = timed(served, picture)
    process, each = psutil.Process(), REQUESTS // CLIENTS // (4 if WHOLE else 1)
    with ThreadPoolExecutor(CLIENTS) as clients:
        seen = sum(clients.map(lambda n: one_client(served, seed * 100 + n, each), range(CLIENTS)), Counter())
    assert seen["200"] > each / 4
    assert all(status[0] in "24" or status in ("503", "507 inbox") for status in seen), seen
    shared, state = served.app.state.shared, served.server.server_state
    while shared.pool.taken or state.tasks:
        pass
    assert shared.bodies.held == 0
    files = process.num_fds() - len(state.connections)
    after, now = timed(served, picture)
    assert after == before
    assert (
        not WHOLE or now < 5 * quickest + 0.05
    )  # the quickest of several: of the server, not of its neighbors
    assert process.num_fds() - len(state.connections) <= files + 1
    assert 'status="500"' not in served.ask("/metrics").text
