"""A slow web server of real photos on 50 loopback addresses; prints its port and serves until it is killed.

/N.jpg is photo N. Where there are fewer photos they begin again, turned another way by their EXIF orientation
and with N in a comment, so that no two addresses have the same bytes.
"""

import asyncio
import socket
import struct

from aiohttp import web

from benchmarks.peers import CLOTHING, LOOPBACK

LATENCY = 0.1  # seconds
PHOTOS = [path.read_bytes() for path in sorted(CLOTHING.glob("*/*/*.jpg"))]
START = b"\xff\xd8"
EXIF, COMMENT = b"\xff\xe1", b"\xff\xfe"
ORIENTATION = 0x0112


def photo(number: int) -> bytes:
    times, place = divmod(number, len(PHOTOS))
    if not times:
        return PHOTOS[place]
    entry = struct.pack(">HHIHH", ORIENTATION, 3, 1, 1 + times % 8, 0)
    exif = b"Exif\0\0MM" + struct.pack(">HIH", 42, 8, 1) + entry + bytes(4)
    return START + segment(EXIF, exif) + segment(COMMENT, b"%d" % number) + PHOTOS[place][len(START) :]


def segment(marker: bytes, content: bytes) -> bytes:
    return marker + struct.pack(">H", 2 + len(content)) + content


async def send(request: web.Request) -> web.Response:
    await asyncio.sleep(LATENCY)
    return web.Response(body=photo(int(request.match_info["number"])), content_type="image/jpeg")


async def refuse(request: web.Request) -> web.Response:
    await asyncio.sleep(LATENCY)
    raise web.HTTPNotFound


def listen() -> list[socket.socket]:
    """A socket on every address, all with the same free port."""
    sockets: list[socket.socket] = []
    for address in LOOPBACK:
        port = sockets[0].getsockname()[1] if sockets else 0
        sockets.append(socket.create_server((address, port), backlog=1024))
    return sockets


def main() -> None:
    app = web.Application()
    app.add_routes([web.get("/robots.txt", refuse), web.get(r"/{number:\d+}.jpg", send)])
    sockets = listen()
    print(sockets[0].getsockname()[1], flush=True)
    web.run_app(app, sock=sockets, print=lambda *words: None, access_log=None, backlog=1024)


if __name__ == "__main__":
    main()
