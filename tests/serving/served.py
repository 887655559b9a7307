"""A real server on loopback, in a thread of this process, and a plain client for it."""

import http.client
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Self

from starlette.applications import Starlette

from whatsit.serving.app import create_app
from whatsit.serving.door import Rules
from whatsit.serving.limits import Limits
from whatsit.serving.server import Server, bound

BOUNDARY = "where-parts-meet"


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Listening:
    """A server of an application that is ready when the block begins, and has ended when it ends."""

    def __init__(self, app: Starlette, root_path: str = "", limits: Limits | None = None) -> None:
        self.app = app
        self.server = Server(app, root_path, limits)
        self._listening = bound("127.0.0.1", 0)
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self.server.listen, args=[self._listening])

    def __enter__(self) -> Self:
        ready = threading.Event()
        self.server.on_ready = ready.set
        self._thread.start()
        assert ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._listening.close()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def ask(self, path: str, body: bytes | None = None, method: str | None = None, **headers: str) -> Answer:
        """The answer to a request; `headers` with underscores for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, names)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers.items()), answer.read())
        finally:
            connection.close()

    def send_form(self, path: str, *files: bytes, fields: Mapping[str, str] = {}, **headers: str) -> Answer:
        """POST pictures, and fields, in a form."""
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return self.ask(path, form(files, fields), Content_Type=kind, **headers)

    def connect(self) -> socket.socket:
        """A connection to say anything over."""
        return socket.create_connection(("127.0.0.1", self.port), 30)

    def say(self, data: bytes) -> bytes:
        """Everything that is answered to some bytes, until the server closes the connection."""
        with self.connect() as connection:
            with suppress(OSError):
                connection.sendall(data)
            return heard(connection)


class Served(Listening):
    """A server of a bundle."""

    def __init__(
        self,
        bundle: Any,
        rules: Rules | None = None,
        limits: Limits | None = None,
        root_path: str = "",
        **options: Any,
    ) -> None:
        super().__init__(create_app(bundle, rules=rules, limits=limits, **options), root_path, limits)


def heard(connection: socket.socket) -> bytes:
    """Everything until the other side closes the connection, or resets it."""
    pieces = []
    with suppress(OSError):
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    return b"".join(pieces)


def form(files: tuple[bytes, ...], fields: Mapping[str, str] = {}) -> bytes:
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in fields.items()
    ]
    parts += [
        f'Content-Disposition: form-data; name="file"; filename="{n}.jpg"\r\n\r\n'.encode() + data
        for n, data in enumerate(files)
    ]
    marker = f"--{BOUNDARY}".encode()
    return b"".join(marker + b"\r\n" + part + b"\r\n" for part in parts) + marker + b"--\r\n"
