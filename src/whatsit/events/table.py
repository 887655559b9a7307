"""The table of epochs as plain text, as the lesson prints it."""

from collections.abc import Mapping
from typing import Protocol


class Row(Protocol):
    """What a row of the table shows."""

    @property
    def epoch(self) -> int: ...
    @property
    def train_loss(self) -> float: ...
    @property
    def valid_loss(self) -> float: ...
    @property
    def error_rate(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...


def header(row: Row) -> str:
    """The names over the columns."""
    names = ("train_loss", "valid_loss", "error_rate", *row.metrics)
    return " ".join([f"{'epoch':<6}", *(f"{name:>10}" for name in names), f"{'time':>6}"])


def line(row: Row) -> str:
    """The columns of an epoch."""
    return " ".join(
        [
            f"{row.epoch:<6}",
            *(f"{value:>10.6f}" for value in (row.train_loss, row.valid_loss, row.error_rate)),
            *(f"{value:>{max(10, len(name))}.6f}" for name, value in row.metrics.items()),
            f"{clock(row.seconds):>6}",
        ]
    )


def clock(seconds: float) -> str:
    """Minutes and seconds, as 1:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
