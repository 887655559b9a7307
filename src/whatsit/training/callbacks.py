"""What may be done after every epoch; a true answer ends the training."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from whatsit.training.history import Epoch

Callback = Callable[[Epoch], bool | None]


@dataclass
class EarlyStopping:
    """Ends the training when the error rate has not fallen for `patience` epochs."""

    patience: int = 3
    best: float = field(default=float("inf"), init=False)
    since: int = field(default=0, init=False)

    def __call__(self, epoch: Epoch) -> bool:
        """Whether it is enough."""
        self.since = 0 if epoch.error_rate < self.best else self.since + 1
        self.best = min(self.best, epoch.error_rate)
        if self.since < self.patience:
            return False
        self.best, self.since = float("inf"), 0  # for the next training
        return True


@dataclass
class Deadline:
    """Ends the training before an epoch that would end after `moment`, as time.perf_counter counts."""

    moment: float

    def __call__(self, epoch: Epoch) -> bool:
        """Whether there is no time for another epoch."""
        return time.perf_counter() + epoch.seconds > self.moment
