"""From what the operator asks for to a server that listens."""

import errno
import os
import re
import secrets
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from whatsit.classifier import Classifier, Minimum
from whatsit.config import Precision
from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.serving import workers
from whatsit.serving.app import create_app
from whatsit.serving.door import Rules, is_loopback
from whatsit.text import printable

LEAST_KEY = 8  # characters
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?|\*")
ROOT_PATH = re.compile(r"(/(?!\.+(/|$))[\w.~-]+)*/?", re.ASCII)
ELSEWHERE = ("192.0.2.1", 9)  # of a network for examples: asking the way there sends nothing


@dataclass(frozen=True)
class Wish:
    """What the operator of a server asks for; the words are the options of `whatsit serve`."""

    bundles: Sequence[str]
    host: str = "127.0.0.1"
    port: int = 8000
    lan: bool = False
    public: bool = False
    key: str | None = None
    cors: Sequence[str] = ()
    root_path: str = ""
    url: bool = True
    allow_private: bool = False
    inbox: str | None = None
    min_probability: Minimum = 0.0
    precision: Precision | None = None
    log: bool = True
    workers: int = 1


@dataclass(frozen=True)
class Ready:
    """A server that can be used: what its bundles are called, and where; a `link` for phones has the key."""

    names: Sequence[str]
    address: str
    link: str | None


def serve(wish: Wish, ready: Callable[[Ready], None]) -> int:
    """Serve until SIGINT or SIGTERM; `ready` is called once it listens. Returns the number of requests.

    Raises WhatsitError for options that contradict each other, would open the server to anybody by mistake,
    or can't be satisfied.
    """
    wish = _checked(wish)
    with listen_on(wish.host, wish.port, shared=wish.workers > 1, listens=wish.workers == 1) as listening:
        port = listening.getsockname()[1]

        def announce(names: Sequence[str]) -> None:
            ready(_ready(wish, port, names))

        if wish.workers == 1:
            return _answer(wish, listening, announce)
        return workers.run(wish.workers, partial(_share, replace(wish, port=port)), announce)


def _share(wish: Wish, announce: Callable[[Sequence[str]], None]) -> int:
    """Answer as one of several processes."""
    with listen_on(wish.host, wish.port, shared=True) as listening:
        return _answer(wish, listening, announce)


def _answer(wish: Wish, listening: socket.socket, announce: Callable[[Sequence[str]], None]) -> int:
    """Answer until a signal; return the number of requests."""
    classifiers = [Classifier(one, wish.min_probability, wish.precision) for one in wish.bundles]
    app = create_app(
        classifiers,
        rules=Rules(wish.key, is_loopback(wish.host) and not wish.public, wish.cors),
        urls=wish.url,
        allow_private=wish.allow_private,
        inbox=wish.inbox,
        log=sys.stderr if wish.log else None,
    )
    names = app.state.names
    if len(names) > 1 and wish.root_path[1:] in names:
        raise WhatsitError(Message("serve.root_path_taken", path=wish.root_path))
    from whatsit.serving.server import Server

    server = Server(app, wish.root_path)
    server.on_ready = lambda: announce(names)
    server.listen(listening)
    return server.server_state.total_requests


def _checked(wish: Wish) -> Wish:
    key = wish.key or os.environ.get("WHATSIT_KEY") or None
    if key is not None and (not key.isascii() or not key.isprintable() or " " in key):
        raise WhatsitError(Message("serve.key_characters"))
    if key is not None and len(key) < LEAST_KEY:
        raise WhatsitError(Message("serve.short_key", least=LEAST_KEY))
    for origin in wish.cors:
        if not ORIGIN.fullmatch(origin):
            raise WhatsitError(Message("serve.origin_unknown", origin=printable(origin)))
    workers.check(wish.workers)
    wish = replace(wish, key=key, root_path=usable_path(wish.root_path))
    if wish.lan:
        if wish.host != Wish.host:
            raise WhatsitError(Message("serve.lan_and_host"))
        _address_in_network()
        return replace(wish, host="0.0.0.0", key=key or secrets.token_urlsafe(16))
    if not is_loopback(wish.host) and key is None and not wish.public:
        raise WhatsitError(Message("serve.open_to_all", host=printable(wish.host)))
    return wish


def usable_path(root_path: str) -> str:
    """A path under which a proxy serves, without a slash at its end. Raises WhatsitError for another."""
    if not ROOT_PATH.fullmatch(root_path):
        raise WhatsitError(Message("serve.root_path", path=printable(root_path)))
    return root_path.rstrip("/")


def listen_on(host: str, port: int, shared: bool = False, listens: bool = True) -> socket.socket:
    """A socket that listens, or only keeps the port; port 0 takes a free one. Raises WhatsitError."""
    from whatsit.serving.server import bound

    try:
        return bound(host, port, shared, listens)
    except OSError as error:
        code = "serve.port_taken" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "serve.no_host"
        reason = error.strerror or str(error)
        raise WhatsitError(Message(code, host=printable(host), port=port, reason=reason)) from error


def _ready(wish: Wish, port: int, names: Sequence[str]) -> Ready:
    host = _address_in_network() if wish.lan else wish.host
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    address = f"http://{shown}:{port}/"  # of this computer, whatever the proxy adds
    # Whoever set a key knows it; what is printed may end up in a log.
    return Ready(names, address, f"{address}?key={quote(wish.key)}" if wish.lan and wish.key else None)


def _address_in_network() -> str:
    """This machine's own address in its network. Raises WhatsitError where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(ELSEWHERE)
            return str(way.getsockname()[0])
        except OSError:
            raise WhatsitError(Message("serve.no_lan")) from None
