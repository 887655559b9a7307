"""Threads on all processors."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from whatsit.errors import WhatsitError

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def threads() -> int:
    """How many processors to use: all that this process may run on, or WHATSIT_THREADS."""
    asked = os.environ.get("WHATSIT_THREADS")
    if asked:
        if not asked.isdecimal() or not 0 < int(asked) <= 1024:
            raise WhatsitError(f"WHATSIT_THREADS={asked} is no number of processors.", "Set it to 1 or more.")
        return int(asked)
    allowed = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def in_parallel(
    work: Callable[[_In], _Out], items: Iterable[_In], workers: int | None = None, together: int = 1
) -> Iterator[_Out]:
    """Yield `work(item)` in order, computed on all processors, never far ahead of the reader.

    Where the work is small, threads that take several items `together` wait less for each other.
    """
    workers = workers or threads()

    def work_on(some: tuple[_In, ...]) -> list[_Out]:
        return [work(item) for item in some]

    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Future[list[_Out]]] = deque()
        waiting = iter(items)
        try:
            while some := tuple(islice(waiting, together)):
                pending.append(pool.submit(work_on, some))
                while pending and (pending[0].done() or len(pending) > 8 * workers):
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
