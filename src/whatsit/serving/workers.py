"""Several processes that serve at one address, for machines with many processors.

Each has its share of the processors, and Linux gives every new connection to one of them (SO_REUSEPORT).
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType

from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.parallel import threads
from whatsit.serving.metrics import SHARED, forget_process

Work = Callable[[Callable[[Sequence[str]], None]], int]
QUICKLY, OFTEN = 10.0, 3  # seconds after which, and how often in a row, a process may not end
GRACE = 15.0  # seconds; a server ends before that


def check(count: int) -> None:
    """Raise WhatsitError where that many processes can't serve."""
    if count > 1 and sys.platform != "linux":
        raise WhatsitError(Message("serve.workers_linux"))
    if not 1 <= count <= threads():
        raise WhatsitError(Message("serve.workers", most=threads()))


def run(count: int, work: Work, ready: Callable[[Sequence[str]], None]) -> int:
    """Do the work in `count` processes until SIGINT or SIGTERM, and return the sum of what it returns.

    Each calls what it is given once it can answer, with the names of what it serves; `ready` is called with
    them once all can. One that ends by itself is replaced. Raises WhatsitError where that does not help.
    """
    with _ended_by_signals(), tempfile.TemporaryDirectory(prefix="whatsit-metrics-") as folder:
        os.environ[SHARED] = folder
        workers: list[_Worker] = []
        try:
            for number in range(count):
                workers.append(_started(work, number, count))
            for worker in workers:
                names = worker.names()
            ready(names)
            while True:
                wait([worker.process.sentinel for worker in workers])
                for number, worker in enumerate(workers):
                    if not worker.process.is_alive():
                        workers[number] = _started(work, number, count, _failures(worker))
        except _EndedError:
            for worker in workers:
                worker.process.terminate()
            return sum(worker.total() for worker in workers)
        finally:
            for worker in workers:
                worker.process.kill()
            del os.environ[SHARED]


class _EndedError(Exception):
    """Somebody asked for the end."""


@dataclass(frozen=True)
class _Worker:
    """One of the processes; `failures` is how often those before it ended quickly."""

    process: BaseProcess
    connection: Connection
    began: float
    failures: int

    def names(self) -> Sequence[str]:
        """What it serves, once it can answer. Raises WhatsitError where it can't."""
        try:
            found = self.connection.recv()
        except EOFError:
            raise WhatsitError(Message("serve.worker_ended")) from None
        if isinstance(found, WhatsitError):
            raise found
        return tuple(found)

    def total(self) -> int:
        """What its work returned, when it has ended; 0 where it did not end well."""
        with suppress(EOFError, OSError):
            while self.connection.poll(GRACE):
                found = self.connection.recv()
                if isinstance(found, int):
                    return found
        return 0


def _started(work: Work, number: int, count: int, failures: int = 0) -> _Worker:
    context = multiprocessing.get_context("spawn")  # the engine's threads survive no fork
    ours, its_own = context.Pipe()
    process = context.Process(target=_begin, args=(work, number, count, its_own), name=f"whatsit-{number}")
    process.start()
    its_own.close()
    return _Worker(process, ours, time.monotonic(), failures)


def _failures(worker: _Worker) -> int:
    """How often processes in this place have ended quickly, now that this one has ended.

    Raises WhatsitError where another one would end as quickly.
    """
    forget_process(worker.process.pid)
    failures = worker.failures + 1 if time.monotonic() - worker.began < QUICKLY else 0
    if failures >= OFTEN:
        raise WhatsitError(Message("serve.worker_ended"))
    return failures


def _begin(work: Work, number: int, count: int, connection: Connection) -> None:
    os.setpgrp()  # Ctrl-C is for the parent, which asks each of them once
    _take_share(number, count)
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    try:
        connection.send(work(connection.send))
    except WhatsitError as error:
        connection.send(error)


def _take_share(number: int, count: int) -> None:
    """Use some of the processors only: engines that each want all of them are slow."""
    each = max(1, threads() // count)
    processors = sorted(os.sched_getaffinity(0))
    share = processors[number * len(processors) // count : (number + 1) * len(processors) // count]
    os.sched_setaffinity(0, share)
    os.environ["WHATSIT_THREADS"] = str(each)


def _end_with(connection: Connection) -> None:
    """End when the parent is gone."""
    with suppress(EOFError, OSError):
        connection.recv()
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        raise _EndedError

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
