"""What training printed, kept."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Epoch:
    """One row of the table: both losses are plain cross-entropy, `error_rate` of the validation pictures."""

    epoch: int
    train_loss: float
    valid_loss: float
    error_rate: float
    seconds: float


HEADER = f"{'epoch':<6} {'train_loss':>10} {'valid_loss':>10} {'error_rate':>10} {'time':>6}"


def row(epoch: Epoch) -> str:
    """The epoch as the lesson prints it."""
    minutes, seconds = divmod(round(epoch.seconds), 60)
    return (
        f"{epoch.epoch:<6} {epoch.train_loss:>10.6f} {epoch.valid_loss:>10.6f} "
        f"{epoch.error_rate:>10.6f} {minutes:>3}:{seconds:02}"
    )


@dataclass
class History:
    """All epochs of a learner; print it for the table."""

    epochs: list[Epoch] = field(default_factory=list)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __len__(self) -> int:
        return len(self.epochs)

    def __str__(self) -> str:
        return "\n".join([HEADER, *map(row, self.epochs)])

    def to_dict(self) -> list[dict[str, Any]]:
        """The epochs as plain JSON values."""
        return [asdict(epoch) for epoch in self.epochs]
