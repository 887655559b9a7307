"""classify-url leads nowhere but to public addresses, and its refusals do not say why."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.serving.served import Served
from tests.site import Site, redirect, respond
from whatsit.fetch import Guard, PrivateAddressError
from whatsit.serving.limits import Limits

Serve = Callable[..., Served]
REFUSED = "No picture can be fetched from this address. Check it, or send the picture itself."
HERE = [  # ways to write this machine, with the port of a server that would answer
    *(
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
    ),
    *("0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "017700000001", "0.0.0.0", "0", "0x0", "[::1]", "[::]"),
    *("[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "localhost."),
    *("%6c%6fcalhost", "127.0.0.1%2f", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "１２７.0.0.1", "127。0。0。1", "user:secret@127.0.0.1"),
    *("example.com@127.0.0.1", "127.0.0.1#@example.com", "127.0.0.1?@example.com", "foo.localhost"),
]
ELSEWHERE = [
    *(
        "http://169.254.169.254/latest/meta-data/",
        "http://169.254.169.254.nip.invalid/",
        "http://2852039166/",
    ),
    *("http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/"),
    *("http://metadata.google.internal/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/"),
    *(
        "http://100.64.0.1/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[fec0::1]/",
        "http://224.0.0.1/",
    ),
    *("http://[ff02::1]/", "http://255.255.255.255/", "http://198.18.0.1/", "http://192.0.2.1/"),
    *("http://[2001:db8::1]/", "http://240.0.0.1/", "http://[::ffff:169.254.169.254]/"),
    *(
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:6379/_INFO",
        "data:image/gif;base64,R0lG",
    ),
    *(
        "dict://127.0.0.1:11211/",
        "http:///etc/passwd",
        "//127.0.0.1/",
        "/etc/passwd",
        "C:\\Windows",
        "javascript:1",
    ),
    *(
        "http://",
        "http://:80/",
        "http://[",
        "http://127.0.0.1:99999/",
        "http://\x00/",
        "http://a b/",
        "ldap://x/",
    ),
    "http://127.0.0.1\r\nHost: example.com/",
    "unix:///var/run/docker.sock",
    "\\\\127.0.0.1\\share\\x.jpg",
    "http://" + "a" * 9000,
]


@pytest.fixture
def bait(site: Site, picture: bytes) -> Iterator[Site]:
    """A server on this machine that has a picture, and must never be asked for it."""
    site.pages["/x.jpg"] = respond(picture)
    yield site
    assert not site.hits


def attacks(site: Site) -> list[str]:
    return [f"http://{host}:{site.port}/x.jpg" for host in HERE] + ELSEWHERE


def ask(served: Served, url: str) -> tuple[int, str]:
    answer = served.ask(f"/classify-url?url={quote(url, safe='')}")
    return answer.status, answer.json["detail"]


def test_no_address_leads_into_a_private_network(serve: Serve, bait: Site) -> None:
    served = serve()
    urls = attacks(bait)
    assert len(urls) >= 60
    assert {url: ask(served, url) for url in urls} == dict.fromkeys(urls, (400, REFUSED))


def test_nor_do_fifty_at_once(serve: Serve, bait: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve(limits=Limits(fetches=50, fetches_each=50))
    urls = [f"http://127.0.0.1:{bait.port}/x.jpg", *attacks(bait)[:24]] * 2
    with ThreadPoolExecutor(50) as clients:
        assert set(clients.map(lambda url: ask(served, url), urls)) == {(400, REFUSED)}


def test_the_environment_does_not_open_a_server(
    serve: Serve, bait: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHATSIT_ALLOW_PRIVATE", "1")
    assert ask(serve(), bait.url("/x.jpg")) == (400, REFUSED)


def test_nor_does_a_redirect_or_a_name_that_changes(
    serve: Serve, bait: Site, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from the guard, every connection is judged by the address that it goes to, whatever led there."""
    served = serve()
    judged: list[str] = []
    monkeypatch.setattr("whatsit.fetch.is_public", lambda address: judged.append(address) or len(judged) == 1)
    monkeypatch.setattr("whatsit.serving.fetching.PORTS", range(65536))
    other = Site()
    other.pages["/"] = redirect(bait.url("/x.jpg"))
    try:
        assert ask(served, other.url("/")) == (400, REFUSED)
    finally:
        other.close()
    assert judged == ["127.0.0.1", "127.0.0.1"]


@pytest.mark.parametrize("port", [22, 25, 6379, 8000, 8080, 8443])
def test_only_the_ports_of_the_web_are_asked(port: int) -> None:
    import socket

    guard = Guard(ports=(80, 443))
    with pytest.raises(PrivateAddressError):
        guard.socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("93.184.216.34", port)))
    guard.socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("93.184.216.34", 443))).close()


@pytest.mark.parametrize("page", [b"<html>", b""])
def test_what_is_not_a_picture_is_reported_as_such(serve: Serve, site: Site, page: bytes) -> None:
    site.pages["/"] = respond(page)
    status, detail = ask(serve(allow_private=True), site.url("/"))
    assert status == 400
    assert "picture" in detail


def test_missing_and_too_large_pictures(serve: Serve, site: Site) -> None:
    site.pages["/large"] = respond(b"x" * 70_000)
    served = serve(allow_private=True, limits=Limits(body=60_000))
    assert ask(served, site.url("/nothing")) == (400, REFUSED)
    assert ask(served, site.url("/large"))[0] == 413


def test_slow_hosts_do_not_keep_pictures_waiting(serve: Serve, site: Site, picture: bytes) -> None:
    import threading

    let_go = threading.Event()

    async def slow(*_: object) -> bytes:
        import asyncio

        await asyncio.to_thread(let_go.wait, 20)
        return respond(picture)

    site.pages["/slow"] = slow
    served = serve(allow_private=True, limits=Limits(fetches=2, fetches_each=2))
    with ThreadPoolExecutor(2) as clients:
        waiting = [clients.submit(ask, served, site.url("/slow")) for _ in range(2)]
        while site.hits["/slow"] < 2:
            pass
        assert ask(served, site.url("/slow")) == (
            429,
            "Several of your addresses are being fetched already. Wait for their answers.",
        )
        assert served.ask("/classify", picture).status == 200
        let_go.set()
        for one in waiting:
            one.exception()


def test_client_that_leaves_ends_its_fetch(serve: Serve, site: Site) -> None:
    import asyncio

    async def never(*_: object) -> bytes:
        await asyncio.sleep(20)
        return b""

    site.pages["/never"] = never
    served = serve(allow_private=True)
    fetcher, state = served.app.state.shared.fetcher, served.server.server_state
    with served.connect() as leaving:
        target = f"/classify-url?url={site.url('/never')}"
        leaving.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        while not site.hits["/never"]:
            pass
        assert fetcher._all == 1
    deadline = time.monotonic() + 5  # far less than the fetch would take
    while (fetcher._all or state.tasks) and time.monotonic() < deadline:
        pass
    assert (fetcher._all, served.app.state.shared.bodies.held) == (0, 0)


def test_server_without_addresses_fetches_none(serve: Serve, bait: Site) -> None:
    served = serve(urls=False)
    assert ask(served, bait.url("/x.jpg"))[0] == 404
    assert 'type="url"' not in served.ask("/").text
