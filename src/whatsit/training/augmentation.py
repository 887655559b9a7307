"""Other views of a training picture: what augmentation means while the backbone is frozen."""

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageOps

from whatsit.images import Source
from whatsit.preprocess import Preprocess

SMALLEST_PART = 0.6  # of the picture's area, in a random part


@contextmanager
def opened_view(preprocess: Preprocess, source: Source, view: int, seed: str) -> Iterator[Image.Image]:
    """One view of a picture, large enough to be prepared.

    View 0 is the picture as it is, 1 mirrored, the others random parts, every other one mirrored; the same
    `view` and `seed` give the same pixels. Raises ImageError.
    """
    if view == 0:
        with preprocess.opened(source) as image:
            yield image
        return
    with preprocess.opened(source, zoom=1 / math.sqrt(SMALLEST_PART)) as image:
        part = _random_part(image, random.Random(f"{view}:{seed}")) if view > 1 else image
        yield ImageOps.mirror(part) if view % 2 else part


def _random_part(image: Image.Image, dice: random.Random) -> Image.Image:
    scale = math.sqrt(dice.uniform(SMALLEST_PART, 1))
    width, height = round(image.width * scale), round(image.height * scale)
    left, top = dice.randint(0, image.width - width), dice.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))
