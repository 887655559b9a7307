"""The table that the lesson prints while it trains."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from whatsit.events import EpochDone, Event, default, emitting, listener
from whatsit.notebooks import is_notebook

BETWEEN = "  "


class EpochTable:
    """A line for each epoch, and how long all of them took; `metrics` name the columns after the losses.

    A notebook shows the total above the epochs once they are over, as the lesson does; elsewhere each line is
    printed when it is known.
    """

    def __init__(self, metrics: Sequence[str]) -> None:
        self._metrics, self._names = metrics, ["epoch", "train_loss", "valid_loss", *metrics]
        self._rows, self._started = list[str](), time.perf_counter()
        self._shown: Any = None  # the output of a notebook that is written anew

    def add(self, event: EpochDone) -> None:
        """Append an epoch."""
        known = {"error_rate": event.error_rate, **event.metrics}
        numbers = (event.train_loss, event.valid_loss, *(known[name] for name in self._metrics))
        cells = [str(event.place), *(f"{number:.6f}" for number in numbers)]
        padded = [f"{cell:<{len(name)}}" for cell, name in zip(cells, self._names, strict=True)]
        self._write(BETWEEN.join([*padded, f"({clock(event.seconds)})"]))

    def finish(self) -> None:
        """Write the total, if there was any epoch."""
        if self._rows:
            total = f"Total time: {clock(time.perf_counter() - self._started)}"
            self._show([total, *self._rows]) if is_notebook() else print(total, flush=True)

    def _write(self, row: str) -> None:
        fresh = [row] if self._rows else [BETWEEN.join(self._names), row]
        self._rows += fresh
        self._show(self._rows) if is_notebook() else print(*fresh, sep="\n", flush=True)

    def _show(self, lines: Sequence[str]) -> None:
        from IPython.display import display

        page = {"text/plain": "\n".join(lines)}
        if self._shown is None:
            self._shown = display(page, raw=True, display_id=True)
        else:
            self._shown.update(page, raw=True)


@contextmanager
def printing(metrics: Sequence[str]) -> Iterator[None]:
    """Print the epochs of a training in this block as the lesson does; other events go where they went."""
    table, others = EpochTable(metrics), listener() or default()

    def sink(event: Event) -> None:
        if isinstance(event, EpochDone):
            table.add(event)
        else:
            others(event)

    with emitting(sink):
        try:
            yield
        finally:
            table.finish()


def clock(seconds: float) -> str:
    """Minutes and seconds, as 01:05, and hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
