"""The one guarded HTTP client: no address leads it into a private network, and every transfer has limits."""

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from whatsit.errors import FetchError
from whatsit.i18n import Message
from whatsit.version import __version__

Result = TypeVar("Result")
PIECE = 1 << 16  # bytes
LONGEST_URL = 8192  # characters: servers accept no more
AGES = 366 * 86400.0  # seconds: a longer wait means never
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What a user's own network may consist of; 100.64.0.0/10 is what carriers and VPNs give out.
_OWN = [
    ipaddress.ip_network(one)
    for one in (
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("::1/128", "fc00::/7"),
    )
]
# Where clouds give a machine's secrets to any client, beside the link-local addresses: Alibaba, Azure,
# Oracle, AWS and Google.
_METADATA = [
    ipaddress.ip_network(one)
    for one in (
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.0/24"),
        *("fd00:ec2::/32", "fd20:ce::/32"),
    )
]


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, between two pieces, and for the whole; bytes of a body; redirects; per host."""

    connect: float = 10.0
    read: float = 15.0
    whole: float = 120.0
    size: int = 32 << 20
    redirects: int = 5
    per_host: int = 8

    @cached_property
    def timeout(self) -> aiohttp.ClientTimeout:
        """The seconds, as aiohttp takes them."""
        return aiohttp.ClientTimeout(
            total=self.whole, sock_connect=self.connect, sock_read=self.read, ceil_threshold=60
        )


class PrivateAddressError(OSError):
    """A connection that was not made because its address is not a public one; `may_be` with allow_private."""

    def __init__(self, may_be: bool) -> None:
        super().__init__("private")
        self.may_be = may_be


def user_agent() -> str:
    """The name of this client, and how to reach its user where WHATSIT_CONTACT is set."""
    contact = os.environ.get("WHATSIT_CONTACT", "").strip()
    return f"whatsit/{__version__} (collects pictures for a classifier{'; ' if contact else ''}{contact})"


def allows_private() -> bool:
    """Whether WHATSIT_ALLOW_PRIVATE lets the client into private networks."""
    return os.environ.get("WHATSIT_ALLOW_PRIVATE", "") not in ("", "0")


def is_public(address: str) -> bool:
    """Whether an IP address, also one wrapped in IPv6, is one of the public internet."""
    ip = _unwrapped(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not _is_in(ip, _METADATA)


def is_own(address: str) -> bool:
    """Whether an IP address, also one wrapped in IPv6, may be of the user's own network.

    Link-local, unspecified, multicast and reserved addresses are not, nor those of a cloud's metadata.
    """
    ip = _unwrapped(address)
    return _is_in(ip, _OWN) and not _is_in(ip, _METADATA)


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _unwrapped(address: str) -> Address:
    """An address without what wraps an IPv4 address in IPv6: mapped, 6to4, Teredo, NAT64."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def _is_in(ip: Address, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return any(ip in network for network in networks)


@dataclass(frozen=True)
class Guard:
    """What may be connected to: public addresses, with `allow_private` also the user's own network.

    Where `ports` are named, only those.
    """

    allow_private: bool = False
    ports: Sequence[int] | None = None

    @classmethod
    def of_user(cls, allow_private: bool) -> "Guard":
        """For what a user fetches on purpose: WHATSIT_ALLOW_PRIVATE=1 opens it too."""
        return cls(allow_private or allows_private())

    def socket(self, address: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        """A socket for an address that may be connected to. Raises PrivateAddressError for others."""
        family, kind, protocol, _, (host, port, *_) = address
        may_be = is_public(str(host)) or (self.allow_private and is_own(str(host)))
        if not may_be or (self.ports is not None and port not in self.ports):
            raise PrivateAddressError(is_own(str(host)))
        return socket.socket(family, kind, protocol)


@asynccontextmanager
async def client(
    limits: Limits, guard: Guard, verify: ssl.SSLContext | bool = True, agent: str | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client whose every connection, also after DNS and redirects, is checked by the guard.

    It keeps no cookies and obeys no proxy variables. `verify` is what certificates are checked against,
    `agent` the name that it gives itself, by default `user_agent()`.
    """
    connector = aiohttp.TCPConnector(
        limit=0, limit_per_host=limits.per_host, socket_factory=guard.socket, ssl=verify, ttl_dns_cache=300
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": agent or user_agent()},
        trust_env=False,
    ) as session:
        yield session


@asynccontextmanager
async def answer(
    session: aiohttp.ClientSession,
    url: str | URL,
    limits: Limits,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The answer to a GET (a POST with `data`), once its status is 200. Failures are FetchError."""
    method = "GET" if data is None else "POST"
    is_here = False
    try:
        async with session.request(
            method,
            parse(url) if isinstance(url, str) else url,
            params=params,
            headers=headers,
            data=data,
            timeout=limits.timeout,
            max_redirects=limits.redirects + 1,  # aiohttp gives up at the last one
        ) as response:
            if response.status != HTTPStatus.OK:
                raise _refusal(response)
            is_here = True
            yield response
    except FetchError:
        raise
    except Exception as error:
        explained = _explain(error, limits)
        if explained is None and is_here:  # an error of the code that reads the answer
            raise
        raise explained or _unsound(error) from error


def parse(url: str) -> URL:
    """The address as it was given, its query included. Raises FetchError for what is not a web address."""
    if len(url) > LONGEST_URL:
        raise FetchError(Message("fetch.long_address", most=LONGEST_URL))
    try:
        parsed = URL(url, encoded=url.isascii() and url.isprintable() and " " not in url)
        if parsed.scheme in ("http", "https") and parsed.host and str(parsed.origin()):
            return parsed
    except (ValueError, LookupError):  # yarl's parser raises either
        pass
    raise FetchError(Message("fetch.no_address"))


async def pieces(response: aiohttp.ClientResponse, limit: int) -> AsyncIterator[bytes]:
    """The body piece by piece, unpacked. Raises FetchError as soon as it is longer than `limit` bytes."""
    too_large = FetchError(Message("fetch.too_large", size=limit / 1e6))
    if (response.content_length or 0) > limit:
        raise too_large
    size = 0
    async for piece in response.content.iter_chunked(PIECE):
        size += len(piece)
        if size > limit:
            raise too_large
        yield piece


async def read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body. Raises FetchError where it is longer than `limit` bytes."""
    return b"".join([piece async for piece in pieces(response, limit)])


def _refusal(response: aiohttp.ClientResponse) -> FetchError:
    status = response.status
    passing = status in (408, 425, 429, 500, 502, 503, 504)
    wait = _seconds(response.headers.get("Retry-After", "")) if passing else None
    if wait is None and status in (429, 503):
        wait = 0.0  # it is the whole server that wants less
    try:
        message = Message("fetch.status", status=status, meaning=HTTPStatus(status).phrase.lower())
    except ValueError:
        message = Message("fetch.unknown_status", status=status)
    return FetchError(message, passing, wait)


def _seconds(retry_after: str) -> float | None:
    """Retry-After, seconds or a date (RFC 9110, 10.2.3), in seconds from now."""
    if retry_after.strip().isdecimal():
        return min(AGES, float(retry_after.strip()[:20]))
    try:
        moment = parsedate_to_datetime(retry_after)
        left = (moment - datetime.now(moment.tzinfo or UTC)).total_seconds() if moment.tzinfo else None
    except (ValueError, OverflowError):  # a date of no calendar
        return None
    return None if left is None else min(AGES, max(0.0, left))


def _explain(error: Exception, limits: Limits) -> FetchError | None:
    """Why it failed; None where neither the server nor the network is to blame."""
    cause: Any = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, PrivateAddressError):
        if cause.may_be:
            return FetchError(Message("fetch.private"))
        return FetchError(Message("fetch.forbidden"))
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return FetchError(Message("fetch.tls"))
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror | UnicodeError):
        return FetchError(Message("fetch.no_server"), unreachable=True)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return FetchError(Message("fetch.no_answer", seconds=limits.connect), passing=True, unreachable=True)
    if isinstance(error, aiohttp.SocketTimeoutError):
        return FetchError(Message("fetch.silent", seconds=limits.read), passing=True)
    if isinstance(error, asyncio.TimeoutError):
        return FetchError(Message("fetch.slow", seconds=limits.whole))
    if isinstance(error, aiohttp.TooManyRedirects):
        return FetchError(Message("fetch.redirects", most=limits.redirects))
    if isinstance(error, aiohttp.InvalidURL | aiohttp.RedirectClientError):
        return FetchError(Message("fetch.leads_elsewhere"))
    if isinstance(error, aiohttp.ClientConnectorError):
        why = os.strerror(cause.errno).lower() if cause.errno else cause
        return FetchError(Message("fetch.no_connection", reason=why), passing=True, unreachable=True)
    if isinstance(error, aiohttp.ClientError) and "content-encoding" in str(error):
        return FetchError(Message("fetch.encoding"))
    if isinstance(error, aiohttp.ClientPayloadError):
        return FetchError(Message("fetch.cut_off"), passing=True)
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | ConnectionError):
        return FetchError(Message("fetch.closed"), passing=True)
    return _unsound(error) if isinstance(error, aiohttp.ClientError | ValueError) else None


def _unsound(error: Exception) -> FetchError:
    return FetchError(Message("fetch.not_http", kind=type(error).__name__))


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, also where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = Future()

    async def begin() -> Result:
        started.set_result((asyncio.get_running_loop(), asyncio.current_task()))
        return await work

    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(copy_context().run, asyncio.run, begin())
        try:
            return result.result()
        except KeyboardInterrupt:
            loop, task = started.result()
            if task is not None and not result.done():  # done, where it is the task that was cancelled
                with suppress(RuntimeError):  # it ended just now
                    loop.call_soon_threadsafe(task.cancel)
            raise
