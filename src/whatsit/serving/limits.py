"""How much a server takes: of bytes, pictures, pixels and time, and from one client."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """All limits of a server; sizes in bytes, times in seconds.

    `body` is for one request, `bodies` for all that are being read at once. `waiting` requests for each
    processor wait for their turn, more are refused; there are `spare` more threads than processors.
    `decoding` is the memory for one picture: enough for 12 million pixels, and for all that a camera makes as
    JPEG, which is decoded at a smaller scale. `fetches` addresses are fetched at a time, `fetches_each` of
    them for one client.
    """

    body: int = 20 << 20
    bodies: int = 256 << 20
    pictures: int = 64
    decoding: int = 150_000_000
    waiting: int = 8
    spare: int = 2
    deadline: float = 30.0
    upload: float = 60.0
    drain: float = 2.0
    headers: int = 32 << 10
    headers_seconds: float = 10.0
    unread: float = 20.0
    connections: int = 512
    fetches: int = 8
    fetches_each: int = 2
    fetch_seconds: float = 10.0
    corrections_per_minute: int = 10
    inbox_pictures: int = 1000
    inbox_bytes: int = 500 << 20
