"""A server that has answered for long holds as much memory as one that has just warmed up."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil
import pytest
from PIL import Image

from tests.conftest import rendered
from tests.serving.conftest import SMALL, encoded
from tests.serving.test_serve_command import started

CLIENTS, WARM, ALL = 8, 10_000, 100_000


@pytest.mark.soak
def test_memory_does_not_grow(cache: object) -> None:
    photo = encoded(rendered(1, (400, 533)))
    others = [encoded(rendered(2, (300, 200)), "PNG"), encoded(Image.new("L", (64, 64)), "GIF"), b"<html>"]
    with started(SMALL, "--no-log") as (process, address):
        server, memory = psutil.Process(process.pid), list[int]()

        def ask(count: int) -> None:
            connection = http.client.HTTPConnection(urlsplit(address).netloc)
            for number in range(count):
                body = others[number // 10 % 3] if number % 10 == 0 else photo
                connection.request("POST", "/classify", body)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == (400 if body == b"<html>" else 200)
            connection.close()

        with ThreadPoolExecutor(CLIENTS) as clients:
            for count in (WARM, ALL - WARM):
                list(clients.map(ask, [count // CLIENTS] * CLIENTS))
                memory.append(server.memory_info().rss)
        assert memory[1] < 1.05 * memory[0], memory
