"""A server stays up: whatever is sent, however, ends with an answer, and the next one gets its own."""

import http.client
import io
import json
import shutil
import socket
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests
from PIL import Image
from starlette.requests import Request

from tests.conftest import rendered
from tests.serving.conftest import SMALL, encoded
from tests.serving.served import BOUNDARY, Served, form, heard
from whatsit.classifier import Classifier
from whatsit.images import Picture
from whatsit.model import Prediction
from whatsit.serving.limits import Limits
from whatsit.serving.service import client_of

Serve = Callable[..., Served]
BUSY = "The server is busy. Try again in a moment."


class Held(Classifier):
    """Answers once it is let go; `begun` counts pictures."""

    def __init__(self) -> None:
        super().__init__(SMALL)
        self.let_go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.order: list[Picture] = []

    def predict(self, image: Picture) -> Prediction:  # type: ignore[override]
        self.order.append(image)
        self.begun.release()
        assert self.let_go.wait(30)
        return super().predict(image)


@pytest.fixture
def held(cache: object) -> Held:
    return Held()


def fill(served: Served, held: Held, clients: ThreadPoolExecutor, picture: bytes, most: int) -> list:
    """Take all places, one of them in work."""
    asked = [clients.submit(served.ask, "/classify", picture) for _ in range(most)]
    held.begun.acquire(timeout=10)
    while served.app.state.shared.pool.taken < most:
        pass
    return asked


def test_full_server_refuses_quickly_and_every_client_sees_it(
    serve: Serve, held: Held, picture: bytes, tmp_path
) -> None:
    served = serve(held, limits=Limits(waiting=2, spare=0))
    large = encoded(Image.effect_noise((1500, 1500), 80).convert("RGB"), "PNG")
    assert len(large) > 1 << 20
    (tmp_path / "large.png").write_bytes(large)
    with ThreadPoolExecutor(3) as clients:
        waiting = fill(served, held, clients, picture, 3)
        for body in (picture, large):
            answer = served.ask("/classify", body)
            assert (answer.status, answer.json["detail"]) == (503, BUSY)
            assert answer.headers["retry-after"] == "1"
            assert answer.headers["connection"] == "close"
        assert requests.post(served.url("/classify"), data=large, timeout=10).status_code == 503
        files = {"file": ("large.png", large)}
        assert requests.post(served.url("/classify"), files=files, timeout=10).status_code == 503
        if curl := shutil.which("curl"):
            command = [curl, "-sS", "--data-binary", f"@{tmp_path}/large.png", served.url("/classify")]
            assert json.loads(subprocess.check_output(command))["status"] == 503
        page = served.send_form("/?part=answer", picture)
        assert (page.status, BUSY in page.text) == (503, True)
        assert served.ask("/health").status == 200
        held.let_go.set()
        assert [one.result().status for one in waiting] == [200] * 3
    assert served.ask("/classify", picture).status == 200


def test_client_that_leaves_frees_its_place(serve: Serve, held: Held, picture: bytes) -> None:
    served = serve(held, limits=Limits(waiting=1, spare=0))
    pool = served.app.state.shared.pool
    with ThreadPoolExecutor(1) as clients:
        first = clients.submit(served.ask, "/classify", picture)
        held.begun.acquire(timeout=10)
        leaving = served.connect()
        leaving.sendall(
            b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(picture) + picture
        )
        while pool.taken < 2:
            pass
        leaving.close()
        while pool.taken > 1:
            pass
        held.let_go.set()
        assert first.result().status == 200
    assert not held.begun.acquire(blocking=False)  # what it had sent was never looked at


def test_form_of_many_pictures_lets_others_in_between(
    serve: Serve, held: Held, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHATSIT_THREADS", "1")
    served = serve(held, limits=Limits(spare=0))
    other = encoded(rendered(2))
    with ThreadPoolExecutor(2) as clients:
        many = clients.submit(served.send_form, "/classify", *[picture] * 20)
        held.begun.acquire(timeout=10)
        one = clients.submit(served.ask, "/classify", other)
        while served.app.state.shared.pool.taken < 2:
            pass
        held.let_go.set()
        assert one.result().status == 200
        assert len(many.result().json["results"]) == 20
    assert held.order.index(other) == 1


def test_request_that_waits_too_long_is_refused(serve: Serve, held: Held, picture: bytes) -> None:
    served = serve(held, limits=Limits(deadline=0.1))
    answer = served.ask("/classify", picture)
    assert (answer.status, answer.json["code"]) == (503, "late")
    held.let_go.set()


def test_server_that_ends_finishes_what_it_began(serve: Serve, held: Held, picture: bytes) -> None:
    served = serve(held)
    with ThreadPoolExecutor(1) as clients:
        asked = clients.submit(served.ask, "/classify", picture)
        held.begun.acquire(timeout=10)
        served.server.should_exit = True
        while not served.server.server_state.tasks or served.server.started is None:
            pass
        held.let_go.set()
        assert asked.result().status == 200
    served._thread.join(10)
    with pytest.raises(ConnectionRefusedError):
        served.connect()


def test_body_that_is_too_large_is_refused_while_it_comes(serve: Serve) -> None:
    served = serve(limits=Limits(body=100_000))
    announced = served.ask("/classify", b"x" * 150_000)
    assert (announced.status, announced.json["detail"]) == (
        413,
        "The request is too large. Send at most 0 MB.",
    )
    pieces = (b"x" * 10_000 for _ in range(15))
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("POST", "/classify", pieces, {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert served.send_form("/classify", b"x" * 150_000).status == 413


def test_client_that_waits_to_be_asked_does_not_send_what_is_too_large(serve: Serve) -> None:
    served = serve()
    head = b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
    answer = served.say(head)
    assert answer.startswith(b"HTTP/1.1 413")


def test_forms_with_too_many_parts_are_refused(serve: Serve) -> None:
    served = serve(limits=Limits(pictures=4))
    assert served.send_form("/classify", *[b"x"] * 5).status == 413
    assert served.send_form("/classify", b"x", fields={f"f{n}": "x" for n in range(20)}).status == 413
    assert served.send_form("/classify", b"x", fields={"f": "x" * (2 << 20)}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--" + BOUNDARY.encode(),
        f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="../../x"\r\n\r\n'.encode(),
        form((b"x",))[:-30],
        b"\x00" * 1000,
        b"--" + b"-" * 70_000,
        f"--{BOUNDARY}\r\n".encode() + b"A: " + b"b" * 70_000,
        f"--{BOUNDARY}\r\n".encode() + b"A: b\r\n" * 20_000,
    ],
)
def test_malformed_forms_are_refused(serve: Serve, body: bytes) -> None:
    answer = serve().ask("/classify", body, Content_Type=f"multipart/form-data; boundary={BOUNDARY}")
    assert answer.status == 400


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data;x"]
)
def test_form_without_boundary_is_refused(serve: Serve, kind: str) -> None:
    assert serve().ask("/classify", form((b"x",)), Content_Type=kind).status == 400


def png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00" * 1000)) + chunk(b"IEND", b"")


MANY = "The picture has too many pixels. Send one of at most 12 million."


def test_pictures_with_too_many_pixels_are_refused_undecoded(serve: Serve) -> None:
    served = serve()
    for width, height in [(6000, 6000), (60_000, 60_000)]:  # the second is beyond what Pillow opens
        answer = served.ask("/classify", png_of(width, height))
        assert (answer.status, answer.json["detail"]) == (413, MANY)
    assert served.ask("/classify", encoded(Image.new("RGB", (4000, 3000)), "PNG")).status == 200


@pytest.mark.parametrize(
    ("mode", "size", "options", "status"),
    [
        ("L", (9000, 8000), {}, 200),
        ("RGB", (6000, 4000), {"progressive": True}, 413),
        ("RGB", (4000, 3000), {"progressive": True}, 200),
        ("CMYK", (5000, 4000), {}, 413),
        ("L", (20_000, 10_000), {}, 413),
    ],
)
def test_limit_of_a_jpeg_is_what_it_takes_to_decode_it(
    serve: Serve, mode: str, size: tuple[int, int], options: dict[str, bool], status: int
) -> None:
    data = io.BytesIO()
    Image.new(mode, size).save(data, "JPEG", **options)
    assert serve().ask("/classify", data.getvalue()).status == status


def test_jpeg_with_stray_bytes_has_the_limit_of_what_is_decoded_whole(serve: Serve) -> None:
    photo = encoded(Image.new("RGB", (5000, 4000)))
    end = photo.rindex(b"\xff\xd9")
    assert serve().ask("/classify", photo).status == 200
    assert serve().ask("/classify", photo[:end] + b"\xff\x00" * 4 + photo[end:]).status in (200, 413)
    assert serve().ask("/classify", photo[: end // 2]).status == 413


def test_head_that_is_too_long_is_refused(serve: Serve) -> None:
    served = serve()
    assert served.say(b"GET / HTTP/1.1\r\nA: " + b"b" * 200_000).startswith(b"HTTP/1.1 431")
    assert served.say(b"GET /" + b"b" * 200_000).startswith(b"HTTP/1.1 431")
    assert served.say(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 50_000).startswith(b"HTTP/1.1 431")
    kept = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nA: " + b"b" * 200_000
    assert b"HTTP/1.1 431" in served.say(kept)


def test_head_that_never_ends_is_cut_off(serve: Serve) -> None:
    served = serve(limits=Limits(headers_seconds=0.2))
    with served.connect() as slow, served.connect() as silent:
        slow.sendall(b"GET / HTTP/1.1\r\nA: ")
        assert heard(slow).startswith(b"HTTP/1.1 408")
        assert heard(silent).startswith(b"HTTP/1.1 408")


def test_body_that_never_ends_is_cut_off(serve: Serve) -> None:
    served = serve(limits=Limits(upload=0.2, drain=0.1))
    answer = served.say(b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"The upload took too long." in answer


def test_connection_that_breaks_off_leaves_nothing(serve: Serve, picture: bytes) -> None:
    served = serve()
    for _ in range(20):
        connection = served.connect()
        connection.sendall(
            b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n" + picture[:500]
        )
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    assert served.ask("/classify", picture).status == 200
    shared = served.app.state.shared
    while shared.pool.taken or len(served.server.server_state.tasks):
        pass
    assert shared.bodies.held == 0


def test_old_and_hasty_clients_are_answered(serve: Serve, picture: bytes) -> None:
    served = serve()
    assert served.say(b"GET /health HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
    many = (
        b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 50 + b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"
    )
    assert served.say(many).count(b"HTTP/1.1 200") == 51
    post = b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(picture) + picture
    assert served.say(post * 3 + b"GET /health HTTP/1.0\r\n\r\n").count(b"HTTP/1.1 200") == 4


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "99999999999999999999999", "5, 5"])
def test_lengths_that_are_no_numbers_are_refused(serve: Serve, length: str) -> None:
    answer = serve().say(
        f"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\nhello".encode()
    )
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))


def test_more_connections_than_the_limit_are_refused(serve: Serve) -> None:
    served = serve(limits=Limits(connections=5))
    others = [served.connect() for _ in range(6)]
    with suppress(OSError):
        assert served.say(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 503")
    for one in others:
        one.close()


def test_thirty_two_threads_get_the_answers_of_one(small: Classifier, picture: bytes) -> None:
    expected = small.predict(picture)
    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(lambda _: small.predict(picture), range(320)))
    assert all(answer == expected for answer in answers)


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_client_with_many_ipv6_addresses_is_one_client(address: str, client: str) -> None:
    assert client_of(Request({"type": "http", "client": (address, 80)})) == client
