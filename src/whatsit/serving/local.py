"""A page on this computer for one person: in the browser of whoever has the link, until Ctrl-C."""

import getpass
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from starlette.types import ASGIApp

from whatsit.commands import quoted
from whatsit.i18n import language
from whatsit.serving.door import Rules
from whatsit.serving.server import Server
from whatsit.serving.starting import listen_on, usable_path

HOST = "127.0.0.1"
Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Ready:
    """A page that can be opened: its `link` has the key.

    From another computer `tunnel`, a command of ssh, leads to it, None where this is not a remote one.
    `below` is set where the link is the end of a hub's address.
    """

    link: str
    tunnel: str | None
    below: bool


def show(
    begin: Callable[[], Shown],
    app: Callable[[Shown, Rules], ASGIApp],
    ready: Callable[[Shown, Ready], None],
    port: int = 0,
    root_path: str = "",
) -> Shown:
    """Serve the application of what `begin` gives until SIGINT or SIGTERM; `ready` is called at first.

    `port` 0 takes a free one. Raises WhatsitError for a port that is taken and for an odd path, before
    anything is begun.
    """
    key, root_path = secrets.token_urlsafe(16), usable_path(root_path)
    with listen_on(HOST, port) as listening:
        port = listening.getsockname()[1]
        root_path = root_path or hub_path(os.environ, port)
        shown = begin()
        server = Server(app(shown, Rules(key, only_loopback=not root_path)), root_path)
        server.on_ready = lambda: ready(shown, _ready(key, port, root_path))
        server.listen(listening)
    return shown


def hub_path(environment: Mapping[str, str], port: int) -> str:
    """Where jupyter-server-proxy has a port, in a JupyterHub."""
    prefix = environment.get("JUPYTERHUB_SERVICE_PREFIX", "").rstrip("/")
    return f"{prefix}/proxy/{port}" if prefix else ""


def tunnel(environment: Mapping[str, str], port: int) -> str | None:
    """What to type on the reader's own computer, if this one was reached by ssh."""
    connection = environment.get("SSH_CONNECTION", "").split()
    if len(connection) != 4:
        return None
    return quoted("ssh", "-N", "-L", f"{port}:{HOST}:{port}", f"{getpass.getuser()}@{connection[2]}")


def _ready(key: str, port: int, root_path: str) -> Ready:
    query = f"/?key={key}&lang={language()}"
    if root_path:
        return Ready(f"{root_path}{query}", None, below=True)
    return Ready(f"http://{HOST}:{port}{query}", tunnel(os.environ, port), below=False)
