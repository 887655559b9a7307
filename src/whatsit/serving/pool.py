"""Worker threads for pictures, beside the event loop, with a bounded queue before them."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
CROWDED = 2  # requests that may wait for each processor, once too many have come
CALM, LONGEST = 1.0, 30.0  # seconds without a refusal until more may wait again, and at most
ENDING = 2.0  # seconds to wait for work that nobody waits for any more


class FullError(Exception):
    """All places are taken."""


class LateError(Exception):
    """The work was not done within its deadline."""


class GoneError(Exception):
    """Whoever asked for the work has left."""


class Hold(Protocol):
    """What must last as long as work on it."""

    def take(self) -> None:
        """Work on it begins to wait."""

    def release(self) -> None:
        """The work has ended, or will never begin."""


class _Task(Generic[T]):
    """Work, and what comes of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.future: Future[T] = Future()

    def do(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            found = self._work()
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(found)


class _Threads:
    """Threads and their queue. Unlike an executor's, it keeps nothing of what is canceled."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._queue: deque[_Task[Any]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._threads: list[threading.Thread] = []

    def submit(self, task: _Task[Any]) -> None:
        with self._changed:
            if len(self._threads) < self._count:
                self._threads.append(threading.Thread(target=self._serve, name="whatsit-serve", daemon=True))
                self._threads[-1].start()
            self._queue.append(task)
            self._changed.notify()

    def cancel(self, task: _Task[Any]) -> None:
        """Forget a task that has not begun."""
        if task.future.cancel():
            with self._changed, suppress(ValueError):
                self._queue.remove(task)

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        end = time.monotonic() + ENDING
        for thread in self._threads:  # one that computes while Python ends may crash the process
            thread.join(max(0.0, end - time.monotonic()))

    def _serve(self) -> None:
        while (task := self._next()) is not None:
            task.do()
            del task  # and its picture, before the next one is waited for

    def _next(self) -> _Task[Any] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_closed)
            return None if self._is_closed else self._queue.popleft()


class Pool:
    """A thread for each of the `processors` and `spare` ones, so that none of these idles while threads wait
    for each other; and for each processor `waiting` requests besides the one in work.

    A request has a place from when it enters the queue until its work has ended. What is still in the queue
    gives its place back when it is late, or when its client leaves. Once all places were taken, more come
    than can be answered: only `CROWDED` requests for each processor may wait, so that those that are let in
    are answered soon, until nobody was refused for CALM seconds, or LONGEST have passed.
    """

    def __init__(self, processors: int, waiting: int, spare: int = 0) -> None:
        self.places = processors * (1 + waiting)
        self._processors = processors
        self._crowded_until = self._crowded_at_most = 0.0
        self._threads = _Threads(min(processors + spare, self.places))
        self._open: set[Future[Any]] = set()

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return len(self._open)

    @property
    def is_full(self) -> bool:
        """Whether the next request would be refused."""
        few = self._processors * (1 + CROWDED)
        is_crowded = time.monotonic() < self._crowded_until
        return len(self._open) >= (min(few, self.places) if is_crowded else self.places)

    def note_refusal(self) -> None:
        """Keep the queue short a little longer, since somebody was refused."""
        self._crowded_until = min(time.monotonic() + CALM, self._crowded_at_most)

    async def run(
        self,
        work: Callable[[], T],
        seconds: float,
        gone: Coroutine[Any, Any, object],
        hold: Hold | None = None,
        goes_on: bool = False,
    ) -> T:
        """Do the work in a thread.

        `gone` ends when the client leaves. What the work needs is held until no thread uses it. A request
        that `goes_on` found a place before. Raises FullError, LateError, GoneError, and what the work raises.
        """
        if self.is_full and not goes_on:
            self.note_refusal()
            gone.close()
            raise FullError
        loop = asyncio.get_running_loop()
        task = _Task(work)
        future = task.future
        done = loop.create_future()

        def finish() -> None:
            self._open.discard(future)
            if hold is not None:
                hold.release()
            if not done.done():
                done.set_result(None)

        def report(_: Future[T]) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(finish)

        if hold is not None:
            hold.take()
        self._open.add(future)
        if len(self._open) >= self.places:
            self._crowded_at_most = time.monotonic() + LONGEST
            self.note_refusal()
        future.add_done_callback(report)
        self._threads.submit(task)
        leaving = loop.create_task(gone)
        try:
            await asyncio.wait({done, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if done.done():
                return future.result()
            raise GoneError if leaving.done() else LateError
        finally:
            leaving.cancel()
            self._threads.cancel(task)

    def close(self) -> None:
        """Begin nothing more; what has begun is finished."""
        self._threads.close()
