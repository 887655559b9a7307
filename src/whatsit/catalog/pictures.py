"""Pictures of the catalog."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from whatsit.errors import ImageError, WhatsitError
from whatsit.extras import needing
from whatsit.figures import Plot, fonts
from whatsit.i18n import Message, say
from whatsit.images import open_image
from whatsit.text import printable

if TYPE_CHECKING:
    from torch import nn

TILE = 224  # pixels


def draw_labelled(pictures: Iterable[tuple[Path, str]], rows: int = 3, columns: int = 5) -> Plot:
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


def draw_tiles(pictures: Iterable[tuple[Any, str]], rows: int, columns: int, heading: str = "") -> Plot:
    """Draw up to rows * columns images (PIL, or arrays) with their titles, under a heading."""
    tiles = list(islice(pictures, rows * columns))
    rows = max(1, -(-len(tiles) // columns))
    figure = Plot(figsize=(columns * 2.2, rows * 2.2), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    if heading:
        figure.suptitle(_lines(heading), fontsize=11, parse_math=False, family=fonts())
    for axis in axes.flat:
        axis.axis("off")
    for axis, (image, title) in zip(axes.flat, tiles, strict=False):
        axis.imshow(image)
        axis.set_title(_lines(title), fontsize=10, parse_math=False, family=fonts())
    return figure


def readable(pictures: Iterable[tuple[Path, str]]) -> Iterator[tuple[Image.Image, str]]:
    """Small images of files, without those that can't be read."""
    for path, title in pictures:
        try:
            image = open_image(path, at_least=TILE)
        except ImageError:
            continue
        image.thumbnail((TILE * 2, TILE * 2))
        yield image, title


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))
