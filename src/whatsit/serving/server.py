"""Listen, answer, and end gracefully: uvicorn with Whatsit's limits."""

import logging
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from whatsit.serving.limits import Limits
from whatsit.serving.protocol import Protocol

GRACE = 30  # seconds for what has begun when the server is asked to end
BACKLOG = 1024


class Server(uvicorn.Server):
    """A server for an application on a socket that listens already."""

    def __init__(self, app: ASGIApp, root_path: str = "", limits: Limits | None = None) -> None:
        limits = limits or Limits()
        for noisy in ("uvicorn.error", "python_multipart.multipart"):  # greetings, and what clients did wrong
            logging.getLogger(noisy).setLevel(logging.ERROR)
        config = uvicorn.Config(
            app,
            http=type("Limited", (Protocol,), {"limits": limits}),
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            root_path=root_path,
            limit_concurrency=limits.connections,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=GRACE,
        )
        super().__init__(config)

        self.on_ready: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and report it."""
        await super().startup(sockets)
        self.on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End gracefully at a signal, at once at a second one; either is how a server ends, not an error."""
        self.force_exit = self.should_exit
        self.should_exit = True

    def listen(self, listening: socket.socket) -> None:
        """Answer until SIGINT or SIGTERM, then finish what has begun."""
        self.run(sockets=[listening])


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; OSError where it can't."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening
