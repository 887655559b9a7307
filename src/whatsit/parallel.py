"""Threads on all processors."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.processors import available

_In = TypeVar("_In")
_Out = TypeVar("_Out")
MOST = 1024  # threads


def threads() -> int:
    """How many threads to use: as many as this process may, or WHATSIT_THREADS. Raises WhatsitError."""
    value = os.environ.get("WHATSIT_THREADS")
    if not value:
        return available()
    if not value.isdecimal():
        raise WhatsitError(Message("threads.not_a_number", value=value[:20]))
    if len(value) > 9 or not 1 <= int(value) <= MOST:
        raise WhatsitError(Message("threads.out_of_range", most=MOST, value=value[:20]))
    return int(value)


def in_parallel(
    work: Callable[[_In], _Out], items: Iterable[_In], workers: int | None = None, together: int = 1
) -> Iterator[_Out]:
    """Yield `work(item)` in order, computed on all processors, never far ahead of the reader.

    Where the work is small, threads that take several items `together` wait less for each other. After an
    error or Ctrl-C, or when the reader has enough, nothing more begins, and what has begun is not waited for.
    """
    workers = workers or threads()
    is_over = False

    def work_on(some: tuple[_In, ...]) -> list[_Out]:
        done: list[_Out] = []
        for item in some:
            if is_over:
                break
            done.append(work(item))
        return done

    pool = ThreadPoolExecutor(workers)
    try:
        pending: deque[Future[list[_Out]]] = deque()
        waiting = iter(items)
        while some := tuple(islice(waiting, together)):
            pending.append(pool.submit(work_on, some))
            while pending and (pending[0].done() or len(pending) > 8 * workers):
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        is_over = True
        pool.shutdown(wait=False, cancel_futures=True)
