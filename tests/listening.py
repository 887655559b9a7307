"""What a test hears of a long task."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from whatsit.events import EpochDone, Event, Note, Progress, emitting
from whatsit.events.table import header, line


def on_progress(listener: Callable[[str, int, int], object]) -> AbstractContextManager[None]:
    """Call a listener with task, done and total whenever something is done."""

    def emit(event: Event) -> None:
        if isinstance(event, Progress) and event.done and event.total is not None:
            listener(event.task, event.done, event.total)

    return emitting(emit)


def on_lines(listener: Callable[[str], object]) -> AbstractContextManager[None]:
    """Call a listener with each line that would be printed on stdout."""

    def emit(event: Event) -> None:
        if isinstance(event, EpochDone):
            if event.place == 1:
                listener(header(event))
            listener(line(event))
        elif isinstance(event, Note) and not event.is_warning:
            listener(event.text)

    return emitting(emit)
