"""One progress interface: a bar in a terminal, silence when piped, a callback for other faces."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from whatsit.text import printable

Listener = Callable[[str, int, int], None]
_listener: ContextVar[Listener | None] = ContextVar("whatsit_progress_listener", default=None)


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Send progress to `listener(title, done, total)` instead of the terminal while the block runs."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Yield a function to call once per finished item of `total`."""
    with bars({title: total}) as advance:
        yield advance[title]


@contextmanager
def bars(totals: Mapping[str, int]) -> Iterator[dict[str, Callable[[], None]]]:
    """Several at once: yield for each title the function to call once per finished item."""
    listener = _listener.get()
    if listener is not None:
        yield {title: _telling(listener, title, total) for title, total in totals.items()}
    elif not _is_watched() or not any(totals.values()):
        yield {title: lambda: None for title in totals}
    else:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
            tasks = {title: bar.add_task(escape(title), total=total) for title, total in totals.items()}
            yield {title: partial(bar.advance, task) for title, task in tasks.items()}


def _telling(listener: Listener, title: str, total: int) -> Callable[[], None]:
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        listener(title, done, total)

    return tell


@contextmanager
def status(title: str) -> Iterator[None]:
    """Show that something of unknown length is being done."""
    if _listener.get() is not None or not _is_watched():
        yield
    else:
        from rich.console import Console

        with Console(stderr=True).status(title):
            yield


def _is_watched() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def say(sentence: str) -> None:
    """Tell the user something that can't wait until the end, such as what is being waited for."""
    print(f"whatsit: {printable(sentence)}", file=sys.stderr, flush=True)
