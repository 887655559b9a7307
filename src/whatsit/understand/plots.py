"""Pictures for people."""

from collections.abc import Sequence
from typing import Any

from whatsit.figures import Picture


def draw_training(epochs: Sequence[dict[str, Any]]) -> Picture:
    """Draw both losses and the error rate over the epochs."""
    figure = Picture(figsize=(9, 3.5), layout="constrained")
    losses, errors = figure.subplots(1, 2)
    numbers = [epoch["epoch"] for epoch in epochs]
    losses.plot(numbers, [epoch["train_loss"] for epoch in epochs], label="training")
    losses.plot(numbers, [epoch["valid_loss"] for epoch in epochs], label="validation")
    losses.set(xlabel="epoch", title="loss")
    losses.legend()
    errors.plot(numbers, [epoch["error_rate"] for epoch in epochs], color="tab:red")
    errors.set(xlabel="epoch", title="error rate (validation)", ylim=(0, None))
    for axis in (losses, errors):
        axis.xaxis.get_major_locator().set_params(integer=True)
    return figure
