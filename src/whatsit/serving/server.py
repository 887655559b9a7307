"""Listen, answer, and end gracefully: uvicorn with Whatsit's limits."""

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from whatsit.serving.limits import Limits
from whatsit.serving.protocol import Protocol

GRACE = 8  # seconds for what has begun when the server is asked to end; container hosts often wait for ten
BACKLOG = 1024


class Server(uvicorn.Server):
    """A server for an application on a socket that listens already."""

    def __init__(self, app: ASGIApp, root_path: str = "", limits: Limits | None = None) -> None:
        limits = limits or Limits()
        for noisy in ("uvicorn.error", "python_multipart.multipart"):  # greetings, and what clients did wrong
            logging.getLogger(noisy).setLevel(logging.ERROR)
        config = uvicorn.Config(
            app,
            http=partial(Protocol, limits=limits),  # type: ignore[arg-type]
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            root_path=root_path,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=GRACE + 1,
        )
        super().__init__(config)

        self.on_ready: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and report it."""
        await super().startup(sockets)
        self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what has begun; what takes longer than that is refused, in the end."""
        asyncio.get_running_loop().call_later(GRACE, self._give_up)
        await super().shutdown(sockets)

    def _give_up(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, Protocol):
                connection.give_up()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End gracefully at a signal, at once at a second one; either is how a server ends, not an error."""
        self.force_exit = self.should_exit
        self.should_exit = True

    def listen(self, listening: socket.socket) -> None:
        """Answer until SIGINT or SIGTERM, then finish what has begun."""
        self.run(sockets=[listening])


def bound(host: str, port: int, shared: bool = False, listens: bool = True) -> socket.socket:
    """A socket that listens, or only keeps the port; OSError where it can't.

    With `shared`, others of this user may listen there too.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((host, port))
        if listens:
            listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening
