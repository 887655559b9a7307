"""Pictures of the catalog."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image, ImageOps

from whatsit.errors import ImageError, WhatsitError
from whatsit.extras import needing
from whatsit.figures import Plot, styled
from whatsit.i18n import Message, say
from whatsit.images import open_image
from whatsit.palette import color
from whatsit.text import printable
from whatsit.typefaces import fitted

if TYPE_CHECKING:
    from torch import nn

TILE = 224  # pixels
INCHES = 2.2  # of a tile
EM = 14.5  # that a tile is wide, in the size of its title
SIGNS = {"good": "✓", "bad": "✗", "warn": "?"}  # besides the color, which not everybody sees
_Title = TypeVar("_Title", str, "Marked")


@dataclass(frozen=True)
class Marked:
    """The title of a picture with a sign: "good" of what is right, "bad" of what is wrong, or "warn"."""

    title: str
    tone: str


def draw_labeled(pictures: "Iterable[tuple[Path, _Title]]", rows: int = 3, columns: int = 5) -> Plot:
    """Draw up to rows * columns pictures with their titles; unreadable ones are skipped."""
    return draw_tiles(readable(pictures), rows, columns)


def draw_augmented(
    pictures: Iterable[tuple[Path, str]],
    rows: int = 3,
    columns: int = 5,
    transform: "nn.Module | None" = None,
) -> Plot:
    """Draw the first readable picture as it is, then changed by `transform`, all of them by default."""
    with needing(say("catalog.augmenting")):
        import torch

        from whatsit.finetune.transforms import transforms

    transform = transforms() if transform is None else transform
    if not callable(transform):
        raise WhatsitError(Message("catalog.no_transforms", given=f"{transform!r:.40}"))
    none = Image.new("RGB", (TILE, TILE)), say("catalog.no_picture")
    (image, title), *_ = [*islice(readable(pictures), 1), none]
    square = np.array(ImageOps.fit(image, (TILE, TILE)))
    pixels = torch.from_numpy(square).permute(2, 0, 1).float()
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)  # the same every time
        views = transform(pixels.repeat(rows * columns - 1, 1, 1, 1))
    changed = views.permute(0, 2, 3, 1).clamp(0, 255).byte().numpy()
    return draw_tiles([(square, title), *((view, "") for view in changed)], rows, columns)


@styled()
def draw_tiles(
    pictures: "Iterable[tuple[Any, str | Marked]]", rows: int, columns: int, heading: str = ""
) -> Plot:
    """Draw up to rows * columns images (PIL, or arrays) with their titles, under a heading."""
    tiles = list(islice(pictures, rows * columns))
    rows = max(1, -(-len(tiles) // columns))
    marked = [title if isinstance(title, Marked) else Marked(title, "ink") for _, title in tiles]
    titles = [_lines(one.title, EM) for one in marked]
    above = _height(heading) + rows * max(map(_height, titles), default=0)
    figure = Plot(figsize=(columns * INCHES, rows * INCHES + above), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    if heading:
        figure.suptitle(_lines(heading, EM * columns), x=0.01, ha="left", linespacing=1.4)
    for axis in axes.flat[len(tiles) :]:
        axis.axis("off")
    for axis, (image, _), title, one in zip(axes.flat, tiles, titles, marked, strict=False):
        _draw_tile(axis, image, title, one.tone)
    return figure


def _draw_tile(axis: Any, image: Any, title: str, tone: str) -> None:
    """A picture in the middle of a square, so that all titles of a row stand on one line."""
    axis.imshow(image)
    height, width = np.shape(image)[:2]
    side = max(height, width) / 2
    axis.set(xlim=(width / 2 - side - 0.5, width / 2 + side - 0.5), xticks=[], yticks=[])
    axis.set(ylim=(height / 2 + side - 0.5, height / 2 - side - 0.5), facecolor=color("panel"))
    axis.spines[:].set(visible=True, color=color("line"))
    axis.set_title(
        title, loc="center", fontsize=10, weight="normal", color=color(tone), pad=5, linespacing=1.3
    )
    if tone in SIGNS:
        badge = {"boxstyle": "circle,pad=0.25", "facecolor": color(tone), "edgecolor": color("page")}
        place = {"transform": axis.transAxes, "ha": "center", "va": "center"}
        axis.text(0.09, 0.91, SIGNS[tone], color=color("page"), weight="bold", bbox=badge, **place)


def small(path: Path) -> Any:
    """A small image of a file. Raises ImageError."""
    image = open_image(path, at_least=TILE)
    image.thumbnail((TILE * 2, TILE * 2))
    return image


def readable(pictures: "Iterable[tuple[Path, _Title]]") -> "Iterator[tuple[Any, _Title]]":
    """Small images of files, without those that can't be read."""
    for path, title in pictures:
        with suppress(ImageError):
            yield small(path), title


def _lines(text: str, most: float) -> str:
    """Any text in lines of `most` em."""
    lines = text.split("\n")
    return "\n".join(fitted(printable(line), most, 2 if len(lines) == 1 else 1) for line in lines)


def _height(text: str) -> float:
    """Of its lines, in inches."""
    return 0.21 * (text.count("\n") + 1) if text else 0.0
