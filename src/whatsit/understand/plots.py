"""Pictures for people: matplotlib figures saved as PNG."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from whatsit.errors import ImageError
from whatsit.images import open_image
from whatsit.project import write_whole

TILE = 224
CJK_FONTS = (  # for labels in Chinese, Japanese and Korean, the first that is installed
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
)


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
    fonts = _fonts()
    figure, axes = _figure(rows, columns)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (image, title) in zip(axes.flat, shown, strict=False):
        axis.imshow(image)
        axis.set_title(title, fontsize=10, parse_math=False, family=fonts)
    _save(figure, save)


def training_curves(epochs: Sequence[dict[str, Any]], save: Path) -> None:
    """Draw both losses and the error rate over the epochs."""
    figure, axes = _figure(1, 2, height=3.5, width=4.5)
    numbers = [epoch["epoch"] for epoch in epochs]
    losses, errors = axes.flat
    losses.plot(numbers, [epoch["train_loss"] for epoch in epochs], label="training")
    losses.plot(numbers, [epoch["valid_loss"] for epoch in epochs], label="validation")
    losses.set(xlabel="epoch", title="loss")
    losses.legend()
    for axis in axes.flat:
        axis.xaxis.get_major_locator().set_params(integer=True)
    errors.plot(numbers, [epoch["error_rate"] for epoch in epochs], color="tab:red")
    errors.set(xlabel="epoch", title="error rate (validation)", ylim=(0, None))
    _save(figure, save)


def _figure(rows: int, columns: int, height: float = 2.2, width: float = 2.2) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # without pyplot: a notebook's own settings stay as they are

    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def _fonts() -> list[str]:
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in CJK_FONTS if name in installed)]


def _save(figure: Any, path: Path) -> None:
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # boxes in a title are warning enough
        figure.savefig(picture, format="png", dpi=100, bbox_inches="tight")
    write_whole(path, picture.getvalue())
