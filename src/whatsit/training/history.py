"""What training printed, kept."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whatsit.events import EpochDone
from whatsit.events.table import clock, header, line
from whatsit.project import EpochRecord
from whatsit.tables import table
from whatsit.text import brief

if TYPE_CHECKING:
    from whatsit.figures import Plot

BATCHES = ("losses", "lrs", "moms")


@dataclass(frozen=True)
class Epoch:
    """One row of the table: both losses are plain cross-entropy, `error_rate` of the validation pictures."""

    epoch: int
    train_loss: float
    valid_loss: float
    error_rate: float
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def is_finite(self) -> bool:
        """Whether both losses are numbers; those of a training that diverged are not."""
        return math.isfinite(self.train_loss) and math.isfinite(self.valid_loss)

    def __repr__(self) -> str:
        values = {"train_loss": self.train_loss, "valid_loss": self.valid_loss, **self.metrics}
        others = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        return brief(self, f"number {self.epoch}, error_rate {self.error_rate:.2%}, {others}")

    def to_dict(self) -> EpochRecord:
        """For JSON, which knows neither NaN nor infinity: they are None."""
        return EpochRecord(
            epoch=self.epoch,
            train_loss=_or_none(self.train_loss),
            valid_loss=_or_none(self.valid_loss),
            error_rate=self.error_rate,
            seconds=self.seconds,
            metrics={name: _or_none(value) for name, value in self.metrics.items()},
        )

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "Epoch":
        """What `to_dict` gave, with NaN for None."""
        metrics = {name: _or_nan(value) for name, value in kept.get("metrics", {}).items()}
        return cls(**{name: _or_nan(value) for name, value in kept.items()} | {"metrics": metrics})


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_nan(value: Any) -> Any:
    return math.nan if value is None else value


def epoch_done(epoch: Epoch, place: int, epochs: int) -> EpochDone:
    """The event that an epoch has ended, `place` of `epochs` in its training."""
    losses = epoch.train_loss, epoch.valid_loss, epoch.error_rate
    return EpochDone(epoch.epoch, place, epochs, *losses, epoch.seconds, epoch.metrics)


@dataclass
class History:
    """All epochs of a learner; print it for the table.

    `losses`, `lrs` and `moms` hold the training loss, the learning rate (of the last layers) and the momentum
    of each batch of all epochs.
    """

    epochs: list[Epoch] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    lrs: list[float] = field(default_factory=list)
    moms: list[float] = field(default_factory=list)

    def add(self, epoch: Epoch, losses: Iterable[float], lrs: Iterable[float], moms: Iterable[float]) -> None:
        """Append an epoch and its batches."""
        self.epochs.append(epoch)
        self.losses += losses
        self.lrs += lrs
        self.moms += moms

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __len__(self) -> int:
        return len(self.epochs)

    def __getitem__(self, place: int) -> Epoch:
        return self.epochs[place]

    def __str__(self) -> str:
        return "\n".join([*map(header, self.epochs[:1]), *map(line, self.epochs)])

    def __repr__(self) -> str:
        if not self.epochs:
            return brief(self, "nothing was trained yet")
        last, lowest = self.epochs[-1], min(epoch.error_rate for epoch in self.epochs)
        epochs = "1 epoch" if len(self) == 1 else f"{len(self)} epochs"
        return brief(
            self,
            f"{epochs}, error_rate {last.error_rate:.2%} (lowest {lowest:.2%}), "
            f"train_loss {last.train_loss:.4g}, valid_loss {last.valid_loss:.4g}",
        )

    def _repr_html_(self) -> str:
        if not self.epochs:
            return table({}, [], "Nothing has been trained yet.")
        metrics = dict.fromkeys(self.epochs[0].metrics, ".6f")
        columns = {
            "epoch": "d",
            **dict.fromkeys(("train_loss", "valid_loss", "error_rate"), ".6f"),
            **metrics,
            "time": "s",
        }
        return table(
            columns,
            (
                (
                    epoch.epoch,
                    epoch.train_loss,
                    epoch.valid_loss,
                    epoch.error_rate,
                    *(epoch.metrics.get(name) for name in metrics),
                    clock(epoch.seconds),
                )
                for epoch in self.epochs
            ),
            most=len(self),
        )

    def plot(self) -> "Plot":
        """Both losses and the error rate over the epochs."""
        from whatsit.understand.plots import draw_training

        return draw_training(self.to_dict())

    def to_dict(self) -> list[EpochRecord]:
        """The epochs as plain JSON values, None for losses that are not finite."""
        return [epoch.to_dict() for epoch in self.epochs]

    def batches(self) -> dict[str, list[float | None]]:
        """What is known of each batch as plain JSON values, None for losses that are not finite."""
        return {name: list(map(_or_none, getattr(self, name))) for name in BATCHES}

    @classmethod
    def from_dict(
        cls, epochs: Iterable[Mapping[str, Any]], batches: Mapping[str, Iterable[Any]]
    ) -> "History":
        """What `to_dict` and `batches` gave."""
        columns = {name: list(map(_or_nan, batches.get(name, ()))) for name in BATCHES}
        return cls([Epoch.from_dict(epoch) for epoch in epochs], **columns)
