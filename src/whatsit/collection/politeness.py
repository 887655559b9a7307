"""Many hosts at once and few requests to each: who is asked when, and how often again."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from whatsit.errors import FetchError

Item = TypeVar("Item")
TRIES = 3
LONGEST_WAIT = 60.0  # seconds: whoever asks for more is left for another day
UNREACHED = 8  # addresses in a row without any answer: then a host is given up


@dataclass
class Host(Generic[Item]):
    """What waits for a host; `places` are those taken of its share, `misses` in a row without an answer."""

    waiting: deque[tuple[Item, int]] = field(default_factory=deque)
    places: int = 0
    offered: int = 0
    misses: int = 0
    is_resting: bool = False


class Crowd(Generic[Item]):
    """Calls `work(item)` for every item, at most `per_host` at once for a host and `at_once` for all.

    Where `work` raises a FetchError that may pass, it is called again, up to 3 times: after what the server
    asks to wait, the whole host resting meanwhile, or else after `backoff` seconds, doubled every time, give
    or take a half. An error that stays goes to `fail(item, error)`, and one whose wait is too long, with all
    that waits for its host, to `postpone(item, error)`.
    """

    def __init__(
        self,
        work: Callable[[Item], Awaitable[None]],
        fail: Callable[[Item, FetchError], None],
        postpone: Callable[[Item, FetchError], None],
        per_host: int,
        at_once: int,
        backoff: float,
    ) -> None:
        self._work, self._fail, self._postpone = work, fail, postpone
        self._per_host, self._at_once, self._backoff = per_host, at_once, backoff
        self._hosts: dict[str, Host[Item]] = {}
        self._places: asyncio.Queue[Host[Item] | None] = asyncio.Queue()
        self._left = 0
        self._dice = random.Random()

    async def serve(self, items: Iterable[tuple[str, Item]]) -> None:
        """Serve all items, each given with its host. Any other error ends it."""
        for name, item in items:
            self._hosts.setdefault(name, Host()).waiting.append((item, 1))
            self._left += 1
        if not self._left:
            return
        for _ in range(self._per_host):
            for host in self._hosts.values():
                self._offer(host, 1)
        workers = min(self._at_once, self._left)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._serve())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _serve(self) -> None:
        while (host := await self._places.get()) is not None:
            host.offered -= 1
            if host.is_resting or not host.waiting:
                host.places -= 1
                continue
            item, attempt = host.waiting.popleft()
            try:
                await self._work(item)
            except FetchError as error:
                self._hear(host, item, attempt, error)
            else:
                host.misses = 0
                self._done()
            host.places -= 1
            self._offer(host)

    def _hear(self, host: Host[Item], item: Item, attempt: int, error: FetchError) -> None:
        host.misses = host.misses + 1 if error.unreachable else 0
        wait = error.wait or 0.0
        if wait > LONGEST_WAIT:
            self._give_up(host, error, self._postpone)
            self._postpone(item, error)
            self._done()
        elif host.misses >= UNREACHED:
            self._give_up(host, error, self._fail)
            self._fail(item, error)
            self._done()
        elif not error.passing or attempt == TRIES:
            self._fail(item, error)
            self._done()
        else:
            delay = max(wait, self._backoff * 2 ** (attempt - 1) * self._dice.uniform(0.5, 1.5))
            loop = asyncio.get_running_loop()
            if error.wait is None:
                loop.call_later(delay, self._again, host, item, attempt + 1)
            else:
                host.waiting.appendleft((item, attempt + 1))
                host.is_resting = True
                loop.call_later(delay, self._wake, host)

    def _give_up(self, host: Host[Item], error: FetchError, tell: Callable[[Item, FetchError], None]) -> None:
        while host.waiting:
            tell(host.waiting.popleft()[0], error)
            self._done()

    def _again(self, host: Host[Item], item: Item, attempt: int) -> None:
        host.waiting.append((item, attempt))
        self._offer(host)

    def _wake(self, host: Host[Item]) -> None:
        host.is_resting = False
        self._offer(host)

    def _offer(self, host: Host[Item], most: int | None = None) -> None:
        """Give out the host's free places, no more than it has work for."""
        while not host.is_resting and host.places < self._per_host and host.offered < len(host.waiting):
            host.places += 1
            host.offered += 1
            self._places.put_nowait(host)
            if most is not None:
                return

    def _done(self) -> None:
        self._left -= 1
        if not self._left:
            for _ in range(self._at_once):
                self._places.put_nowait(None)
