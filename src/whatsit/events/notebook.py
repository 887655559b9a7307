"""Events in a notebook: an HTML table of epochs and bars, without any widget."""

import threading
from html import escape
from typing import Any

from whatsit.events.kinds import EpochDone, Event, Note, Progress
from whatsit.events.sinks import Often
from whatsit.events.table import clock
from whatsit.notebooks import shell

BAR = "<div>{task} <progress value='{done}' max='{total}'></progress> {done} of {total}</div>"
BUSY = "<div>{task} <progress></progress></div>"
CELL = "<td style='text-align:right'>{}</td>"


class Notebook:
    """Shows bars while something takes time, and the epochs of each training in a table of its own."""

    def __init__(self) -> None:
        self._often, self._lock = Often(), threading.Lock()
        self._bars: dict[str, str] = {}
        self._bars_at: Any = None  # the outputs that are written anew
        self._cell: object = None  # that has the bars
        self._table_at: Any = None
        self._epochs: list[EpochDone] = []

    def __call__(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Progress):
                if self._often.is_due(event):
                    self._progress(event)
            elif isinstance(event, EpochDone):
                self._epoch(event)
            elif isinstance(event, Note):
                _show(f"<div>{escape(event.text)}</div>")

    def _progress(self, event: Progress) -> None:
        cell = getattr(shell(), "execution_count", None)
        if not self._bars and cell != self._cell:  # the next ones belong to the cell that runs now
            self._bars_at = None
        if event.is_over:
            self._bars.pop(event.task, None)
        else:
            shape = BUSY if event.total is None else BAR
            self._bars[event.task] = shape.format(
                task=escape(event.title), done=event.done, total=event.total
            )
        page = "".join(self._bars.values())
        if self._bars_at is not None:
            self._bars_at.update(_html(page))
        elif page:
            self._bars_at, self._cell = _show(page), cell

    def _epoch(self, event: EpochDone) -> None:
        if event.place == 1 or self._table_at is None:
            self._epochs, self._table_at = [], None
        self._epochs.append(event)
        page = _html(_table(self._epochs))
        if self._table_at is None:
            self._table_at = _show(_table(self._epochs))
        else:
            self._table_at.update(page)
        if event.place == event.epochs:
            self._table_at = None


def _table(epochs: list[EpochDone]) -> str:
    names = ["epoch", "train_loss", "valid_loss", "error_rate", *epochs[0].metrics, "time"]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for one in epochs:
        losses = (one.train_loss, one.valid_loss, one.error_rate, *one.metrics.values())
        cells = [str(one.epoch), *(f"{value:.6f}" for value in losses), clock(one.seconds)]
        rows.append(f"<tr>{''.join(map(CELL.format, cells))}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _html(page: str) -> Any:
    from IPython.display import HTML

    return HTML(page)


def _show(page: str) -> Any:
    from IPython.display import display

    return display(_html(page), display_id=True)
