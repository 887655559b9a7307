"""What is not sound HTTP, or not an honest client, is refused with a problem, and stops nobody else."""

import io
import json
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable

import psutil
import pytest

from tests.serving.conftest import SMALL
from tests.serving.served import Served, heard
from tests.serving.test_serve_command import started
from whatsit.serving.limits import Limits

Serve = Callable[..., Served]
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


def post(body: bytes, *more: bytes) -> bytes:
    head = b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(body)
    return head + b"".join(more) + b"\r\n" + body


def test_wish_for_another_protocol_is_not_heard(serve: Serve, picture: bytes) -> None:
    served = serve()
    hidden = b"GET /info HTTP/1.1\r\nHost: x\r\n\r\n"
    for said in (post(hidden, UPGRADE), post(hidden, b"Connection: Upgrade\r\nUpgrade: foo\r\n")):
        with served.connect() as connection:
            connection.sendall(said[: -len(hidden)])
            connection.sendall(hidden)
            connection.sendall(b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")
            answers = heard(connection)
        assert answers.count(b"HTTP/1.1 ") == 2  # what was hidden in a body was no request
        assert answers.startswith(b"HTTP/1.1 400")
        assert answers.endswith(b'{"status":"ok"}')
    assert served.say(post(picture, UPGRADE) * 3 + b"GET / HTTP/1.0\r\n\r\n").count(b"HTTP/1.1 200") == 4
    assert served.say(post(picture, b"Connection: close, upgrade\r\nUpgrade: a\r\n")).count(b"HTTP/1.1") == 1
    assert served.say(b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 405")


def test_what_comes_before_a_broken_request_is_answered_first(serve: Serve, picture: bytes) -> None:
    served = serve(limits=Limits(upload=0.3))
    broken = b"POST /classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n"
    sound = post(picture)
    for requests, statuses in (
        (sound + broken, [b"200", b"400"]),
        (sound * 3 + broken, [b"200", b"200", b"200", b"400"]),
        (b"HEAD /info HTTP/1.1\r\nHost: x\r\n\r\n" + broken, [b"200", b"400"]),
        (sound + broken + sound, [b"200", b"400"]),  # and nothing is read any more
    ):
        assert re.findall(rb"HTTP/1.1 (\d+)", served.say(requests)) == statuses


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_that_offers_http2_gets_its_answer(serve: Serve, picture: bytes, tmp_path) -> None:
    (tmp_path / "p.jpg").write_bytes(picture)
    command = ["curl", "-sS", "--http2", "--data-binary", f"@{tmp_path}/p.jpg", serve().url("/classify")]
    assert json.loads(subprocess.check_output(command))["label"] in ("ant", "bee", "cat", "dog")


@pytest.mark.parametrize("endless", [b"0\r\nX: ", b"1;"])
def test_chunks_that_bring_no_body_have_a_limit(serve: Serve, endless: bytes) -> None:
    served = serve()
    before = psutil.Process().memory_info().rss
    head = b"POST /classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    served.say(head + endless + b"a" * (64 << 20))  # which is reset, for it still sends
    assert psutil.Process().memory_info().rss - before < 200 << 20
    assert served.say(head + endless + b"a" * 60_000).startswith(b"HTTP/1.1 431")


def test_trailers_change_nothing(serve: Serve, picture: bytes) -> None:
    served = serve()
    head = b"POST /classify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"%x\r\n" % len(picture) + picture + b"\r\n0\r\n"
    answer = served.say(head + body + b"Accept-Language: zh\r\nX: y\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    head = head.replace(b"/classify", b"/classify?x")
    assert b"The request contains no picture" in served.say(head + b"0\r\nAccept-Language: zh\r\n\r\n")


def test_refusals_before_the_application_are_problems_too(serve: Serve, picture: bytes) -> None:
    log = io.StringIO()
    served = serve(limits=Limits(headers_seconds=0.2), log=log)
    many = b"A: b\r\n" * 10_000
    broken = b"POST /classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n"
    for said, status in (
        (b"\x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: ", 408),
        (b"GET / HTTP/1.1\r\n" + many, 431),
        (broken, 400),
    ):
        head, _, body = served.say(said).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d" % status)
        assert json.loads(body)["status"] == status
        assert b"application/problem+json" in head
        assert b"x-content-type-options: nosniff" in head.lower()
        assert f'status="{status}"' in served.ask("/metrics").text
    after = served.say(post(picture) + b"\x00\r\n\r\n")  # in order, after what was asked before
    assert (after.count(b"HTTP/1.1 200"), after.count(b"HTTP/1.1 400")) == (1, 1)
    assert after.index(b"HTTP/1.1 200") < after.index(b"HTTP/1.1 400")


def test_more_connections_than_the_limit_see_why(serve: Serve) -> None:
    served = serve(limits=Limits(connections=2))
    with served.connect(), served.connect():
        answer = served.say(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in answer
    assert b"The server is busy." in answer


def test_compressed_bodies_are_refused_as_such(serve: Serve, picture: bytes) -> None:
    answer = serve().ask("/classify", picture, Content_Encoding="gzip")
    assert (answer.status, answer.json["code"]) == (415, "encoded")


def test_client_that_never_reads_is_cut_off(serve: Serve) -> None:
    served = serve(limits=Limits(unread=0.2))
    served._listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # soon full
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        silent.connect(("127.0.0.1", served.port))
        silent.sendall(b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        state = served.server.server_state
        while not state.total_requests:
            pass
        while state.connections:
            pass
        assert state.total_requests < 20


def test_upload_that_hangs_does_not_keep_a_server_from_ending(cache: object) -> None:
    with started(SMALL, "--no-log") as (process, address):
        port = int(address.rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 20) as hanging:
            hanging.sendall(post(b"x" * 1000)[:-1])
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            answer = heard(hanging)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"application/problem+json" in answer
        assert process.wait(5) == 0
        assert "Traceback" not in (process.stderr.read() if process.stderr else "")
