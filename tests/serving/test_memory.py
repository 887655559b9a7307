"""What a server holds in memory: never more than the docs give it, and no more after a long time."""

import http.client
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from PIL import Image

from tests.conftest import rendered
from tests.serving.conftest import SMALL, encoded
from tests.serving.test_serve_command import started

CLIENTS, WARM, ALL = 8, 10_000, 100_000
MEMORY = 1 << 30  # what docs/hosting.md gives a server


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the peak")
def test_hosts_need_to_give_no_more_than_the_docs_say(cache: object) -> None:
    largest = [
        encoded(Image.new("RGB", (3990, 3000)), "PNG"),
        encoded(Image.new("RGBA", (3990, 3000)), "WEBP"),
        encoded(Image.new("P", (3990, 3000)), "GIF"),
        encoded(Image.new("CMYK", (2500, 3000))),
        encoded(Image.new("L", (9000, 9900))),
        encoded(Image.new("RGB", (6000, 6000)), "PNG"),
    ]
    with started(SMALL, "--no-log") as (process, address), ThreadPoolExecutor(CLIENTS) as clients:

        def ask(picture: bytes) -> int:
            return requests.post(f"{address}classify?explain=1", picture, timeout=60).status_code

        assert list(clients.map(ask, largest)) == [200, 200, 200, 200, 200, 413]
        assert set(clients.map(ask, 4 * largest)) <= {200, 413, 503}
        status = Path(f"/proc/{process.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak
    assert int(peak[1]) << 10 < MEMORY


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
