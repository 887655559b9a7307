"""Worker threads for pictures, beside the event loop, with a bounded queue before them."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
Stop = Callable[[], bool]
CROWDED = 2


class FullError(Exception):
    """All places are taken."""


class LateError(Exception):
    """The work was not done within its deadline."""


class GoneError(Exception):
    """Whoever asked for the work has left."""


class Pool:
    """`workers` threads, and a queue of `waiting` requests for each of them.

    A request has a place from when it enters the queue until its work has ended. What is still in the queue
    gives its place back when it is late, or when its client leaves. Once all places were taken, more come
    than can be answered: until nobody waits any more, only `CROWDED` requests for each thread may wait, so
    that those that are let in are answered soon.
    """

    def __init__(self, workers: int, waiting: int) -> None:
        self.places = workers * (1 + waiting)
        self._workers = workers
        self._is_crowded = False
        self._executor = ThreadPoolExecutor(workers, "whatsit-serve")
        self._open: set[Future[Any]] = set()

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return len(self._open)

    @property
    def is_full(self) -> bool:
        """Whether the next request would be refused."""
        few = self._workers * (1 + CROWDED)
        return len(self._open) >= (min(few, self.places) if self._is_crowded else self.places)

    async def run(self, work: Callable[[Stop], T], seconds: float, gone: Coroutine[Any, Any, object]) -> T:
        """Do the work in a thread; it may ask its argument whether nobody waits for it any more.

        `gone` ends when the client leaves. Raises FullError, LateError, GoneError, and what the work raises.
        """
        if self.is_full:
            gone.close()
            raise FullError
        loop = asyncio.get_running_loop()
        is_over = asyncio.Event()
        future = self._executor.submit(work, is_over.is_set)
        self._open.add(future)
        self._is_crowded = self._is_crowded or len(self._open) >= self.places
        done = loop.create_future()

        def finish() -> None:
            self._open.discard(future)
            self._is_crowded = self._is_crowded and len(self._open) > self._workers
            if not done.done():
                done.set_result(None)

        def report(_: Future[T]) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(finish)

        future.add_done_callback(report)
        leaving = loop.create_task(gone)
        try:
            await asyncio.wait({done, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if done.done():
                return future.result()
            raise GoneError if leaving.done() else LateError
        finally:
            is_over.set()
            leaving.cancel()
            future.cancel()

    def close(self) -> None:
        """Begin nothing more; what has begun is finished."""
        self._executor.shutdown(wait=False, cancel_futures=True)
