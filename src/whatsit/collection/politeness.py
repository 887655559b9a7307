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
REFUSALS = 20  # of one address by a host that otherwise goes on answering
RESTS = 5  # in a row without any success: then a host is left for another day
LONGEST_WAIT = 60.0  # seconds: whoever asks for more is left for another day too
UNREACHED = 8  # addresses in a row without any answer: then a host is given up
REGAINED = 0.1  # of a place, by every success after the places were halved


@dataclass(slots=True)
class Work(Generic[Item]):
    """An item, how often it failed by itself, and how often its host refused it."""

    item: Item
    failures: int = 0
    refusals: int = 0


@dataclass
class Host(Generic[Item]):
    """What waits for a host, how many requests it gets at once (`places`, of which `taken`), and its mood.

    It rests until `awake`; `rests` counts how often in a row, `misses` the addresses without any answer.
    """

    places: float
    waiting: deque[Work[Item]] = field(default_factory=deque)
    taken: int = 0
    offered: int = 0
    misses: int = 0
    rests: int = 0
    awake: float = 0.0


class HostQueues(Generic[Item]):
    """Calls `work(item)` for every item, at most `per_host` at once for a host and `at_once` for all.

    Where `work` raises a FetchError that may pass, it is called again, up to 3 times, after `backoff`
    seconds, doubled every time, give or take a half. Where the host wants less (`wait` is a number), the
    whole host rests for what it asks or longer, and goes on with half as many requests at once. An error
    that stays goes to `fail(item, error)`; a host that asks for too long or too often is left, and all that
    waits for it goes to `postpone(item, error)`.
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
        """Serve all items, each given with its host. Any error but FetchError ends it."""
        for name, item in items:
            self._hosts.setdefault(name, Host(self._per_host)).waiting.append(Work(item))
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
            if self._is_resting(host) or not host.waiting:
                host.taken -= 1
                continue
            work = host.waiting.popleft()
            try:
                await self._work(work.item)
            except FetchError as error:
                self._hear(host, work, error)
            else:
                host.misses = host.rests = 0
                host.places = min(self._per_host, host.places + REGAINED)
                self._done()
            host.taken -= 1
            self._offer(host)

    def _hear(self, host: Host[Item], work: Work[Item], error: FetchError) -> None:
        host.misses = host.misses + 1 if error.unreachable else 0
        if error.wait is not None:
            self._be_refused(host, work, error, error.wait)
        elif host.misses >= UNREACHED:
            self._leave(host, work, error, self._fail)
        elif error.passing and work.failures + 1 < TRIES:
            work.failures += 1
            delay = self._longer(work.failures - 1)
            asyncio.get_running_loop().call_later(delay, self._again, host, work)
        else:
            self._fail(work.item, error)
            self._done()

    def _be_refused(self, host: Host[Item], work: Work[Item], error: FetchError, wait: float) -> None:
        loop = asyncio.get_running_loop()
        work.refusals += 1
        if not self._is_resting(host):  # those who hear the same at once count as one
            host.rests += 1
            host.places = max(1.0, host.places / 2)
        if wait > LONGEST_WAIT or host.rests > RESTS:
            self._leave(host, work, error, self._postpone)
        elif work.refusals > REFUSALS:
            self._fail(work.item, error)
            self._done()
        else:
            host.waiting.append(work)  # at the end: it may be this address alone that is refused
            host.awake = max(host.awake, loop.time() + max(wait, self._longer(host.rests - 1)))
            loop.call_at(host.awake, self._offer, host)

    def _longer(self, times: int) -> float:
        return self._backoff * float(2**times) * self._dice.uniform(0.5, 1.5)

    def _leave(
        self,
        host: Host[Item],
        work: Work[Item],
        error: FetchError,
        report: Callable[[Item, FetchError], None],
    ) -> None:
        """Be done with an item and all that waits for its host."""
        host.waiting.appendleft(work)
        while host.waiting:
            report(host.waiting.popleft().item, error)
            self._done()

    def _again(self, host: Host[Item], work: Work[Item]) -> None:
        host.waiting.append(work)
        self._offer(host)

    def _is_resting(self, host: Host[Item]) -> bool:
        return asyncio.get_running_loop().time() < host.awake

    def _offer(self, host: Host[Item], most: int | None = None) -> None:
        """Give out the host's free places, no more than it has work for."""
        while (
            not self._is_resting(host) and host.taken < int(host.places) and host.offered < len(host.waiting)
        ):
            host.taken += 1
            host.offered += 1
            self._places.put_nowait(host)
            if most is not None:
                return

    def _done(self) -> None:
        self._left -= 1
        if not self._left:
            for _ in range(self._at_once):
                self._places.put_nowait(None)
