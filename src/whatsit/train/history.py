"""What training printed, kept."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whatsit.figures import Picture


@dataclass(frozen=True)
class Epoch:
    """One row of the table: both losses are plain cross-entropy, `error_rate` of the validation pictures."""

    epoch: int
    train_loss: float
    valid_loss: float
    error_rate: float
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)


def header(epoch: Epoch) -> str:
    """The names over the columns of `row`."""
    names = ("train_loss", "valid_loss", "error_rate", *epoch.metrics)
    return " ".join([f"{'epoch':<6}", *(f"{name:>10}" for name in names), f"{'time':>6}"])


def row(epoch: Epoch) -> str:
    """The epoch as the lesson prints it."""
    minutes, seconds = divmod(round(epoch.seconds), 60)
    values = epoch.metrics.items()
    return " ".join(
        [
            f"{epoch.epoch:<6}",
            *(f"{value:>10.6f}" for value in (epoch.train_loss, epoch.valid_loss, epoch.error_rate)),
            *(f"{value:>{max(10, len(name))}.6f}" for name, value in values),
            f"{minutes:>3}:{seconds:02}",
        ]
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
        return "\n".join([*map(header, self.epochs[:1]), *map(row, self.epochs)])

    def plot(self) -> "Picture":
        """Both losses and the error rate over the epochs."""
        from whatsit.understand.plots import draw_training

        return draw_training(self.to_dict())

    def to_dict(self) -> list[dict[str, Any]]:
        """The epochs as plain JSON values."""
        return [asdict(epoch) for epoch in self.epochs]
