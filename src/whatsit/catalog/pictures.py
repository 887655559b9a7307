"""Pictures of the catalog."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from whatsit.errors import ImageError
from whatsit.figures import Picture, fonts
from whatsit.images import open_image
from whatsit.text import printable

TILE = 224  # pixels


def draw_labelled(pictures: Iterable[tuple[Path, str]], rows: int = 3, columns: int = 5) -> Picture:
    """Draw up to rows * columns pictures with their titles; unreadable ones are passed over."""

    shown = list(islice(_readable(pictures), rows * columns))
    rows = max(1, -(-len(shown) // columns))
    figure = Picture(figsize=(columns * 2.2, rows * 2.2), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (image, title) in zip(axes.flat, shown, strict=False):
        axis.imshow(image)
        axis.set_title(printable(title), fontsize=10, parse_math=False, family=fonts())
    return figure


def _readable(pictures: Iterable[tuple[Path, str]]) -> Iterator[tuple[object, str]]:
    for path, title in pictures:
        try:
            image = open_image(path, at_least=TILE)
        except ImageError:
            continue
        image.thumbnail((TILE * 2, TILE * 2))
        yield image, title
