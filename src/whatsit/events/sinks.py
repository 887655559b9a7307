"""Where events go: a terminal, plain text, a notebook, JSON lines, nowhere, or several of these."""

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from whatsit.events.kinds import EpochDone, Event, Note, Predicted, Progress, to_json
from whatsit.events.table import header, line
from whatsit.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

OFTEN = 0.1  # seconds between two updates of a display


def results_only() -> Callable[[Event], None]:
    """The sink of commands whose stdout is read by a program: bars and warnings on stderr."""
    return Quiet() if sys.stderr.isatty() else only_warnings


def nowhere(event: Event) -> None:
    """Drop an event."""


def only_warnings(event: Event) -> None:
    """Print warnings on stderr, and nothing else: for programs that read the result."""
    if isinstance(event, Note) and event.is_warning:
        print(f"whatsit: {printable(event.text)}", file=sys.stderr, flush=True)


def several(*sinks: Callable[[Event], None]) -> Callable[[Event], None]:
    """Send each event to all of these, in their order."""

    def emit(event: Event) -> None:
        for sink in sinks:
            sink(event)

    return emit


def without_epochs(sink: Callable[[Event], None]) -> Callable[[Event], None]:
    """The same sink, which never hears of epochs."""

    def emit(event: Event) -> None:
        if not isinstance(event, EpochDone):
            sink(event)

    return emit


class Plain:
    """Lines of text: epochs, answers and notes on stdout, warnings on stderr."""

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochDone):
            if event.place == 1:
                print(header(event))
            print(line(event), flush=True)
        elif isinstance(event, Predicted):
            print(f"{printable(event.path)}: {printable(event.message.text())}", flush=True)
        elif isinstance(event, Note) and not event.is_warning:
            print(printable(event.text), flush=True)
        else:
            only_warnings(event)


class Terminal(Plain):
    """The same, with bars on stderr while something takes time: how much is done, how fast, what is left."""

    def __init__(self) -> None:
        self._often, self._lock = Often(), threading.RLock()
        self._bars: Bars | None = None
        self._rows: dict[str, Any] = {}  # of the bars, by task

    def __call__(self, event: Event) -> None:
        with self._lock:  # a process may have several tasks, in threads of their own
            if not isinstance(event, Progress):
                self._hide()  # or the lines would be torn
                super().__call__(event)
            elif self._often.is_due(event):
                self._show(event)
                if not self._often.running:
                    self._hide()

    def _show(self, event: Progress) -> None:
        if event.is_over and event.task not in self._rows:
            return
        if self._bars is None:
            self._bars = bars_on_stderr()
            self._bars.start()
        if event.task not in self._rows:
            self._rows[event.task] = self._bars.add_task(event.title.replace("[", "\\["), total=event.total)
        self._bars.update(self._rows[event.task], completed=event.done, total=event.total)

    def _hide(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._rows.clear()


class Quiet(Terminal):
    """Bars and warnings alone."""

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) or (isinstance(event, Note) and event.is_warning):
            super().__call__(event)


class Often:
    """Which of many progress events are worth showing: the first and last of a task, and some in between."""

    def __init__(self) -> None:
        self.running: dict[str, float] = {}  # when each task was shown last

    def is_due(self, event: Progress) -> bool:
        """Whether to show it."""
        now = time.monotonic()
        if event.is_over:
            self.running.pop(event.task, None)
            return True
        if now - self.running.get(event.task, -OFTEN) < OFTEN:
            return False
        self.running[event.task] = now
        return True


def bars_on_stderr() -> "Bars":
    """An empty display of bars that leaves nothing behind."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed and task.speed >= 1 else "")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    return Bars(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)


class Lines:
    """JSON lines in a text file; of progress only what is worth showing."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._often, self._lock = Often(), threading.Lock()

    def __call__(self, event: Event) -> None:
        with self._lock:
            if not isinstance(event, Progress) or self._often.is_due(event):
                print(to_json(event), file=self._file, flush=True)
