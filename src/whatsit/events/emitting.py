"""`emit(event)`: the only way out of a long task."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import Any

from whatsit.errors import WhatsitError
from whatsit.events.default import default
from whatsit.events.kinds import Artifact, Event, Failed, Finished, Note, Progress
from whatsit.events.sinks import without_epochs
from whatsit.i18n import Message

Emit = Callable[[Event], None]
_current: ContextVar[Emit | None] = ContextVar("whatsit_emit", default=None)


class Cancelled(KeyboardInterrupt):
    """Raised by an `emit` that has enough: the task ends as after Ctrl-C, and can be resumed."""


@contextmanager
def emitting(to: Emit) -> Iterator[None]:
    """Send all events of this block, of this thread alone, to a function.

    It runs on the task's own thread. What it raises ends the task; with Cancelled nothing is lost.
    """
    token = _current.set(to)
    try:
        yield
    finally:
        _current.reset(token)


def listener() -> Emit | None:
    """What receives the events of this block, if it was said."""
    return _current.get()


def emit(event: Event) -> None:
    """Report an event to whoever listens: by default the terminal, the notebook, or plain text."""
    (listener() or default())(event)


@contextmanager
def hiding_epochs() -> Iterator[None]:
    """Report all events of this block but its epochs."""
    with emitting(without_epochs(listener() or default())):
        yield


@contextmanager
def progress(task: str, total: int) -> Iterator[Callable[[], None]]:
    """Yield a function to call once per finished item of `total`."""
    with progress_of_several({task: total}) as advance:
        yield advance[task]


@contextmanager
def progress_of_several(totals: Mapping[str, int]) -> Iterator[dict[str, Callable[[], None]]]:
    """Several tasks at once: yield for each the function to call once per finished item."""
    counters = {task: _Counter(task, total) for task, total in totals.items() if total}
    for counter in counters.values():
        emit(Progress(counter.task, 0, counter.total))
    try:
        yield {task: counters[task].advance if task in counters else _nothing for task in totals}
    finally:
        for counter in counters.values():
            if counter.done != counter.total:  # it ended early
                emit(Progress(counter.task, counter.done, counter.done))


@contextmanager
def working(task: str) -> Iterator[None]:
    """Show that something of unknown length is being done."""
    emit(Progress(task, 0, None))
    try:
        yield
    finally:
        emit(Progress(task, 1, 1))


@contextmanager
def task(to: Emit | None = None) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """A whole task, whose events go `to` a function; yield what reports its result.

    Where it fails, that is reported too, and the error goes on.
    """
    with emitting(to) if to else nullcontext():
        try:
            yield lambda result: emit(Finished(result))
        except KeyboardInterrupt:
            _failed(Failed("cancelled", Message("events.stopped")))
            raise
        except WhatsitError as error:
            _failed(Failed("input", error.message))
            raise
        except Exception as error:
            _failed(Failed("fault", Message("events.fault", kind=type(error).__name__, text=str(error))))
            raise


def _failed(event: Failed) -> None:
    with suppress(Exception, KeyboardInterrupt):  # the error that ended the task is the one to raise
        emit(event)


def note(message: Message | str) -> None:
    """Report a sentence about how the task goes."""
    emit(Note(Message.of(message)))


def warn(message: Message | str) -> None:
    """Report what the user should know in any case."""
    emit(Note(Message.of(message), is_warning=True))


def written(kind: str, path: object) -> None:
    """Report that a file was written."""
    emit(Artifact(kind, str(path)))


class _Counter:
    def __init__(self, task: str, total: int) -> None:
        self.task, self.total, self.done = task, total, 0

    def advance(self) -> None:
        self.done += 1
        emit(Progress(self.task, self.done, self.total))


def _nothing() -> None:
    pass
