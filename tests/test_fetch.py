"""The client goes nowhere private, waits for nobody for ever, and says in words what went wrong."""

import asyncio
import ipaddress
import socket
import ssl
from contextlib import suppress

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from tests import site as web
from tests.conftest import campaign
from tests.site import Request, Site, jpeg, redirect, respond
from whatsit import fetch
from whatsit.errors import FetchError
from whatsit.events import Cancelled
from whatsit.fetch import AGES, Guard, Limits, answer, client, is_own, is_public, parse, pieces, read, run

QUICK = Limits(connect=2, read=0.3, whole=0.6, size=1 << 20)


def get(url: str, allow_private: bool = True, limits: Limits = QUICK) -> bytes:
    async def ask() -> bytes:
        async with (
            client(limits, Guard.of_user(allow_private)) as session,
            answer(session, url, limits) as response,
        ):
            return await read(response, limits.size)

    return run(ask())


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::127.0.0.1"),
        "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo around 127.0.0.1
    ],
)
def test_private_loopback_and_link_local_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@campaign(2000)
@given(st.ip_addresses(v=4))
def test_however_an_address_is_wrapped_it_is_judged_alike(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    wrapped = [
        f"::ffff:{address}",
        str(ipaddress.IPv6Address(0x2002 << 112 | number << 80)),
        str(ipaddress.IPv6Address(0x64FF9B << 96 | number)),
    ]
    assert {is_public(one) for one in wrapped} == {is_public(str(address))}
    assert {is_own(one) for one in wrapped} == {is_own(str(address))}


NEVER = [
    *("169.254.169.254", "169.254.170.2", "169.254.0.1", "100.100.100.200", "168.63.129.16", "0.0.0.0"),
    *("0.1.2.3", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.192", "192.0.2.1", "198.18.0.1"),
    *("fe80::1", "fe80::a9fe:a9fe%eth0", "fd00:ec2::254", "fd20:ce::254", "::", "ff02::1", "2001:db8::1"),
    *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254"),
    *("64:ff9b:1::a9fe:a9fe", "::ffff:100.100.100.200", "64:ff9b::6464:64c8", "::ffff:0.0.0.0"),
    "2001:0:4136:e378:8000:63bf:5601:5601",  # Teredo around 169.254.169.254
]
OWN = (
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.0.0.1",
)


@pytest.mark.parametrize("address", NEVER)
def test_metadata_and_link_local_addresses_are_never_asked(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_public(address)
    assert not is_own(address)

    async def resolve(*_: object, **__: object) -> list[dict[str, object]]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [{"hostname": "x", "host": address, "port": 80, "family": family, "proto": 0, "flags": 0}]

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", resolve)
    monkeypatch.setattr("aiohttp.resolver.AsyncResolver.resolve", resolve, raising=False)
    with pytest.raises(FetchError, match="Whatsit never opens"):
        get("http://metadata.example/latest", allow_private=True)


@pytest.mark.parametrize("address", OWN)
def test_own_network_is_asked_where_that_is_allowed(address: str) -> None:
    assert is_own(address)
    assert not is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
def test_connections_into_private_networks_are_refused_by_whatever_name(site: Site, host: str) -> None:
    site.pages["/secret"] = respond(b"secret")
    with pytest.raises(FetchError, match=r"private network|no server of|not a web address"):
        get(site.url("/secret", host), allow_private=False)
    assert not site.requests


def test_redirect_into_a_private_network_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "is_public", lambda address: address == "127.0.0.2")
    other = Site(host="127.0.0.2")
    try:
        site.pages["/secret"] = respond(b"secret")
        other.pages["/away"] = redirect(site.url("/secret"))
        other.pages["/name"] = redirect(site.url("/secret", "localhost"))
        other.pages["/open"] = respond(b"open")
        assert get(other.url("/open", "127.0.0.2"), allow_private=False) == b"open"
        for path in ("/away", "/name"):
            with pytest.raises(FetchError, match="private network"):
                get(other.url(path, "127.0.0.2"), allow_private=False)
        assert not site.requests
    finally:
        other.close()


def test_whatsit_allow_private_opens_the_own_network(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/"] = respond(b"mine")
    monkeypatch.setenv("WHATSIT_ALLOW_PRIVATE", "1")
    assert get(site.url("/"), allow_private=False) == b"mine"
    monkeypatch.setenv("WHATSIT_ALLOW_PRIVATE", "0")
    with pytest.raises(FetchError, match="private network"):
        get(site.url("/"), allow_private=False)


def test_proxy_variables_lead_nowhere(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/"] = respond(b"direct")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get(site.url("/")) == b"direct"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a/b.jpg",
        "data:image/png;base64,AAAA",
        "//a/b.jpg",
        "a.jpg",
        "http://",
        "",
    ],
)
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(FetchError, match="not a web address"):
        parse(url)


@pytest.mark.parametrize(
    "target", ["/a.jpg?w=500&h=a%2Fb&s=x+y", "/a%20b/(1),2.jpg?", "/~a;b=c?x=1&x=2#part"]
)
def test_query_strings_are_part_of_the_address(site: Site, target: str) -> None:
    sent = target.partition("#")[0]
    site.pages[sent.rstrip("?")] = site.pages[sent] = respond(b"this one")
    assert get(site.url(target)) == b"this one"


def test_address_with_blanks_and_other_letters_arrives(site: Site) -> None:
    site.pages["/b%C3%A4r%20eins.jpg"] = respond(b"b\xc3\xa4r")
    assert get(site.url("/bär eins.jpg")) == b"b\xc3\xa4r"


def test_the_client_says_who_it_is_and_how_to_reach_its_user(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/"] = respond(b"")
    get(site.url("/"))
    monkeypatch.setenv("WHATSIT_CONTACT", "anna@example.org")
    get(site.url("/"))
    first, second = (request.headers["user-agent"] for request in site.requests)
    assert first.startswith("whatsit/")
    assert "mozilla" not in first
    assert "anna@example.org" in second
    assert "cookie" not in site.requests[1].headers


def test_cookies_are_neither_kept_nor_sent(site: Site) -> None:
    async def ask_twice() -> None:
        async with client(QUICK, Guard(True)) as session:
            for _ in range(2):
                async with answer(session, site.url("/"), QUICK):
                    pass

    site.pages["/"] = respond(b"", Set_Cookie="a=b")
    run(ask_twice())
    assert ["cookie" in request.headers for request in site.requests] == [False, False]


TROUBLE = {
    "404": (respond(b"", 404), r"404 \(not found\)", False),
    "429": (respond(b"", 429, Retry_After="7"), "429", True),
    "500": (respond(b"", 500), "500", True),
    "799": (respond(b"", 799), "799 .an unknown status", False),
    "redirects for ever": (redirect("/"), "redirected more than 5 times", False),
    "redirect to a file": (redirect("file:///etc/passwd"), "not a web address", False),
    "endless": (web.endless, r"larger than 1\.0 MB", False),
    "said to be too large": (respond(b"", Content_Length=str(2 << 20)), r"larger than 1\.0 MB", False),
    "gzip bomb": (web.gzip_bomb(), r"larger than 1\.0 MB", False),
    "no gzip": (respond(jpeg(1), Content_Encoding="gzip"), "can't be decoded", False),
    "silent": (web.silent, r"nothing for 0\.3 s", True),
    "dripping": (web.drip, r"longer than 0\.6 s", False),
    "reset": (web.reset, "ended before the file did|closed the connection", True),
    "cut off": (web.cut_off(jpeg(1)), "ended before the file did", True),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not valid HTTP", False),
    "hangs up": (b"", "closed the connection", True),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_every_trouble_has_its_words(site: Site, what: str) -> None:
    site.pages["/"], words, passing = TROUBLE[what]
    with pytest.raises(FetchError, match=words) as caught:
        get(site.url("/"))
    assert caught.value.passing is passing


LETTERS = st.text(st.sampled_from("http:/a.[]%0129@?#\\ ü熊-_\u2025\ud800٣"), max_size=9)


@campaign(20_000)
@given(st.sampled_from(["http://", "https://", "http://[-\u2025]@", "http:", ""]), LETTERS)
def test_every_text_is_an_address_or_is_refused(beginning: str, rest: str) -> None:
    with suppress(FetchError):
        assert str(parse(beginning + rest).origin())


def test_five_redirects_are_followed_and_six_are_not(site: Site) -> None:
    site.pages |= {f"/{n}": redirect(f"/{n + 1}") for n in range(6)} | {"/6": respond(b"here")}
    assert get(site.url("/1")) == b"here"
    with pytest.raises(FetchError, match="redirected more than 5 times"):
        get(site.url("/0"))


def test_what_reaches_no_server_says_so(site: Site) -> None:
    port = site.port
    site.close()
    for url in (f"http://127.0.0.1:{port}/", "http://no-such-host.invalid/"):
        with pytest.raises(FetchError, match=r"no connection|no server of") as caught:
            get(url)
        assert caught.value.unreachable


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        *(("120", 120), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", 0), ("-5", 0), ("", 0)),
        ("Wed, 31 Dec 99999999999 23:59:59 GMT", 0),  # more than a C integer holds
        ("Fri, 31 Dec 9999 23:59:59 -2359", AGES),
        ("Mon, 1 Jan 0001 00:00:00 +2359", 0),
        ("Wed, 21 Oct 2115 07:28:00 +999999999999", 0),
        *(("9" * 5000, AGES), ("1e400", 0), ("nan", 0)),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(site: Site, said: str, seconds: float) -> None:
    site.pages["/"] = respond(b"", 503, Retry_After=said)
    with pytest.raises(FetchError) as caught:
        get(site.url("/"))
    assert caught.value.wait == seconds


NUMBERS = st.sampled_from(["0", "1", "31", "69", "2026", "9999", "10000", "9" * 11, "9" * 30, "-1", "٣", ""])
ZONES = st.sampled_from(["GMT", "EST", "-0000", "+2359", "-2359", "+9999", "-" + "9" * 12, "+", "", "\udc80"])
DATES = st.builds("Wed, {} Oct {} {}:{}:00 {}".format, NUMBERS, NUMBERS, NUMBERS, NUMBERS, ZONES)


@campaign(20_000)
@given(DATES | NUMBERS | st.text(max_size=9))
def test_whatever_retry_after_says_the_wait_is_none_or_bounded(said: str) -> None:
    wait = fetch._seconds(said)
    assert wait is None or 0 <= wait <= AGES


def test_certificate_that_nobody_vouches_for_is_refused_and_a_sound_one_taken() -> None:
    authority = trustme.CA()
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(served)
    authority.configure_trust(trusted)
    site = Site(tls=served)

    async def ask(verify: ssl.SSLContext | bool) -> bytes:
        async with (
            client(QUICK, Guard(True), verify) as session,
            answer(session, site.url("/", "localhost"), QUICK) as response,
        ):
            return await read(response, 99)

    site.pages["/"] = respond(b"sound")
    try:
        with pytest.raises(FetchError, match="certificate"):
            run(ask(True))
        assert run(ask(trusted)) == b"sound"
    finally:
        site.close()


def test_packed_answers_are_unpacked_piece_by_piece(site: Site) -> None:
    import gzip

    site.pages["/"] = respond(gzip.compress(b"a" * 500_000), Content_Encoding="gzip")

    async def sizes() -> list[int]:
        async with client(QUICK, Guard(True)) as session, answer(session, site.url("/"), QUICK) as response:
            return [len(piece) async for piece in pieces(response, 1 << 20)]

    found = run(sizes())
    assert sum(found) == 500_000
    assert max(found) <= fetch.PIECE


def test_it_works_inside_a_running_loop_as_in_a_notebook(site: Site) -> None:
    site.pages["/"] = respond(b"here")

    async def cell() -> bytes:
        return get(site.url("/"))

    assert asyncio.run(cell()) == b"here"


def test_form_and_headers_are_sent(site: Site) -> None:
    def echo(request: Request, _: object) -> bytes:
        return respond(f"{request.form['grant_type']} {request.headers['authorization']}".encode())

    async def post() -> bytes:
        async with client(QUICK, Guard(True)) as session:
            words = {"grant_type": "client_credentials"}
            async with answer(
                session, site.url("/"), QUICK, headers={"Authorization": "a b"}, data=words
            ) as got:
                return await read(got, 99)

    site.pages["/"] = echo
    assert run(post()) == b"client_credentials a b"


def test_work_in_a_running_loop_can_be_cancelled_from_inside() -> None:
    async def work() -> None:
        raise Cancelled

    async def cell() -> None:
        run(work())

    with pytest.raises(Cancelled):
        asyncio.run(cell())
