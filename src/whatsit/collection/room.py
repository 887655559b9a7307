"""How much of what arrives may lie on disk before it is judged."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """`most` bytes for all who write at once, of which `one` are kept for a single one of them.

    Whoever finds no room waits, but for one, who goes on to its end: so nobody waits for ever, and as long as
    each writes at most `one` bytes, all together never write more than `most`, or `one` where that is more.
    """

    def __init__(self, most: int, one: int) -> None:
        self._free = max(0, most - one)
        self._last: Share | None = None
        self._changed = asyncio.Event()

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """A share that grows with what is written, and is given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self._free += share.size
            if self._last is share:
                self._last = None
            self._changed.set()
            self._changed = asyncio.Event()

    async def grow(self, share: "Share", size: int) -> None:
        """Make a share larger, once there is room for that."""
        while size > self._free and self._last is not share:
            if self._last is None:
                self._last = share
            else:
                share.has_waited = True
                await self._changed.wait()
        if size <= self._free:
            self._free -= size
            share.size += size


class Share:
    """The part of a room that one writer has: its `size` in bytes, and whether it ever had to wait."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.size = 0
        self.has_waited = False

    async def grow(self, size: int) -> None:
        """Take more; waits where there is no room."""
        await self._room.grow(self, size)
