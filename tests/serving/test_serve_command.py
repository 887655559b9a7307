"""`whatsit serve`, as it is typed."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.conftest import Run
from tests.serving.conftest import SMALL
from whatsit.errors import WhatsitError
from whatsit.serving.starting import Wish, serve


@contextmanager
def started(*words: object, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, once it says that it is ready, and its address."""
    command = [sys.executable, "-m", "whatsit", "serve", *map(str, words), "--port", "0"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    try:
        address = None
        while address is None:
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            address = re.search(r"http://\S+", line)
        yield process, address[0]
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_asked_to_end(cache: Path, picture: bytes, end: signal.Signals) -> None:
    with started(SMALL) as (process, address):
        request = urllib.request.Request(f"{address}classify?secret=1", picture)
        assert json.load(urllib.request.urlopen(request))["label"] in ("ant", "bee", "cat", "dog")
        process.send_signal(end)
        out, log = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out.splitlines()[-1] == "Ended after 1 request."
    (line,) = map(json.loads, log.splitlines())
    assert line["client"] == "127.0.0.1"
    assert (line["method"], line["path"], line["status"]) == ("POST", "/classify", 200)
    assert "secret" not in log


@pytest.mark.skipif(sys.platform != "linux", reason="several processes share an address on Linux only")
def test_several_processes_serve_at_one_address(cache: Path, picture: bytes) -> None:
    def ask(address: str, path: str, body: bytes | None = None) -> bytes:
        with urllib.request.urlopen(f"{address}{path}", body, timeout=30) as answer:
            return answer.read()

    with started(SMALL, "--no-log", "--workers", 2, WHATSIT_THREADS="2") as (process, address):
        workers = psutil.Process(process.pid).children()
        workers = [one for one in workers if "spawn_main" in " ".join(one.cmdline())]
        assert len(workers) == 2
        for _ in range(12):
            assert b"label" in ask(address, "classify", picture)
        counted = ask(address, "metrics").decode()
        assert 'whatsit_requests_total{method="POST",route="/classify",status="200"} 12.0' in counted
        assert "whatsit_places 18.0" in counted
        workers[0].kill()
        psutil.wait_procs(workers[:1], timeout=10)
        for _ in range(5):
            ask(address, "health")  # of the other one, until there are two again
        process.terminate()
        out, log = process.communicate(timeout=30)
    assert (process.returncode, log) == (0, "")
    assert re.fullmatch(r"Ended after \d+ requests?\.", out.splitlines()[-1])
    assert not psutil.wait_procs(workers, timeout=20)[1]


@pytest.mark.skipif(sys.platform != "linux", reason="several processes share an address on Linux only")
def test_no_process_is_left_when_the_first_one_is_killed(cache: Path) -> None:
    with started(SMALL, "--workers", 2, WHATSIT_THREADS="2") as (process, _):
        workers = psutil.Process(process.pid).children()
        process.kill()
        assert not psutil.wait_procs(workers, timeout=20)[1]


def test_more_processes_than_processors_are_refused() -> None:
    for count in (0, 5000):
        with pytest.raises(WhatsitError, match="--workers must be between 1 and"):
            serve(Wish([str(SMALL)], workers=count), lambda ready: None)


def test_reader_of_the_log_that_stops_reading_stops_no_answer(cache: Path) -> None:
    with started(SMALL) as (process, address):
        for _ in range(2500):  # about 300 kB of lines, where a pipe holds 64
            assert urllib.request.urlopen(f"{address}health?{'x' * 1000}", timeout=5).status == 200
        assert process.poll() is None


def test_lan_prints_a_link_with_a_key_and_a_code_for_phones(cache: Path) -> None:
    with started(SMALL, "--lan", "--no-log") as (process, link):
        assert re.search(r":\d+/\?key=[\w-]{22}$", link)
        port = link.split(":")[2].split("/")[0]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/")
        assert process.stdout is not None
        code = [process.stdout.readline() for _ in range(10)]
        assert any("▄" in line for line in code)


def test_key_can_come_from_the_environment(cache: Path) -> None:
    with started(SMALL, "--no-log", WHATSIT_KEY="correct-horse") as (_, link):
        assert link.endswith("/")  # what is printed may end up in a log
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(link)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["no.whatsit"], "There is no bundle no.whatsit."),
        ([SMALL, SMALL], "Two bundles are named format-2. Rename one of them"),
        ([SMALL, "--host", "0.0.0.0"], "0.0.0.0 can be reached from other computers. Add --lan"),
        ([SMALL, "--host", "192.0.2.1"], "192.0.2.1 can be reached from other computers."),
        ([SMALL, "--host", "::"], ":: can be reached from other computers."),
        ([SMALL, "--key", "short"], "The key is too short. Use at least 8"),
        ([SMALL, "--key", "with a space in it"], "A key has only ASCII letters"),
        ([SMALL, "--key", "schlüssel"], "A key has only ASCII letters"),
        ([SMALL, "--lan", "--host", "127.0.0.2"], "--lan chooses the host itself."),
        ([SMALL, "--cors", "bears.example"], "bears.example is not an origin."),
        ([SMALL, "--cors", "https://bears.example/path"], "is not an origin."),
        ([SMALL, "--root-path", "bears"], "bears can't be used as a path."),
        ([SMALL, "--root-path", "//evil.example"], "//evil.example can't be used as a path."),
        ([SMALL, "--root-path", "/a?b"], "/a?b can't be used as a path."),
        ([SMALL, "--root-path", "/a/../b"], "/a/../b can't be used as a path."),
        ([SMALL, "--host", "192.0.2.99", "--public"], "This computer can't listen on 192.0.2.99:"),
        (
            [SMALL, "--host", "no.such.host.invalid", "--public"],
            "This computer can't listen on no.such.host.invalid:",
        ),
        ([SMALL, "--inbox", "/dev/null/x"], "/dev/null/x can't be used as an inbox:"),
    ],
)
def test_mistakes_are_one_sentence(command: Run, words: list[object], sentence: str) -> None:
    done = command("serve", *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_lan_without_a_network_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_way(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("socket.socket.connect", no_way)
    with pytest.raises(WhatsitError, match="This computer is in no network"):
        serve(Wish([str(SMALL)], lan=True, port=0), lambda _: pytest.fail("it began"))


def test_port_that_is_taken_is_named(command: Run) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = command("serve", SMALL, "--port", port)
    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1 can't be used: " in done.stderr
    assert "--port" in done.stderr


def test_serving_needs_no_torch_and_no_figures(cache: Path) -> None:
    code = (
        "import sys; from whatsit.serving.app import create_app; create_app(sys.argv[1]);"
        "assert not {'torch', 'matplotlib', 'pandas', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(SMALL)], check=True)
