"""Pictures for people: matplotlib figures saved as PNG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from whatsit.errors import ImageError
from whatsit.images import open_image

TILE = 224


def labelled_pictures(
    pictures: Sequence[tuple[Path, str]], save: Path, rows: int = 3, columns: int = 5
) -> None:
    """Draw pictures, spread evenly over the sequence, with their titles; unreadable ones are passed over."""
    shown: list[tuple[Any, str]] = []
    step = max(1, len(pictures) // (rows * columns))
    for path, title in [*pictures[::step], *pictures]:
        if len(shown) == rows * columns:
            break
        try:
            image = open_image(path, at_least=TILE)
        except ImageError:
            continue
        image.thumbnail((TILE * 2, TILE * 2))
        shown.append((image, title))
    figure, axes = _figure(rows, columns)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (image, title) in zip(axes.flat, shown, strict=False):
        axis.imshow(image)
        axis.set_title(title, fontsize=10)
    figure.savefig(save, dpi=100, bbox_inches="tight")


def training_curves(epochs: Sequence[dict[str, Any]], save: Path) -> None:
    """Draw both losses and the error rate over the epochs."""
    figure, axes = _figure(1, 2, height=3.5, width=4.5)
    numbers = [epoch["epoch"] for epoch in epochs]
    losses, errors = axes.flat
    losses.plot(numbers, [epoch["train_loss"] for epoch in epochs], label="training")
    losses.plot(numbers, [epoch["valid_loss"] for epoch in epochs], label="validation")
    losses.set(xlabel="epoch", title="loss")
    losses.legend()
    errors.plot(numbers, [epoch["error_rate"] for epoch in epochs], color="tab:red")
    errors.set(xlabel="epoch", title="error rate (validation)", ylim=(0, None))
    figure.savefig(save, dpi=100, bbox_inches="tight")


def _figure(rows: int, columns: int, height: float = 2.2, width: float = 2.2) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        rows, columns, figsize=(columns * width, rows * height), squeeze=False, layout="constrained"
    )
    pyplot.close(figure)
    return figure, axes
