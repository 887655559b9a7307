"""A picture in memory that shows itself."""

import io
import os
from functools import cached_property
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image as Pillow

from whatsit import images
from whatsit.checks import require_source
from whatsit.errors import ImageError
from whatsit.fastai1.explained import Explained, explained
from whatsit.i18n import Message
from whatsit.text import brief

LARGEST_SHOWN = 600  # pixels


class Image(Explained):
    """A picture: `source` are the bytes of its file, which models read; `pil` is it, upright and RGB.

    `size` is (height, width) and `shape` (3, height, width), `data` a tensor of that shape from 0 to 1.
    """

    def __init__(self, source: bytes, pil: Pillow.Image) -> None:
        self.source, self.pil = source, pil

    def __repr__(self) -> str:
        return brief(self, tuple(self.shape))

    def _repr_png_(self) -> bytes:
        small, shown = self.pil.copy(), io.BytesIO()
        small.thumbnail((LARGEST_SHOWN, LARGEST_SHOWN))
        small.save(shown, "PNG")
        return shown.getvalue()

    @property
    def size(self) -> torch.Size:
        """Height and width in pixels."""
        return torch.Size([self.pil.height, self.pil.width])

    @property
    def shape(self) -> torch.Size:
        """Channels, height and width."""
        return torch.Size([3, *self.size])

    @cached_property
    def data(self) -> torch.Tensor:
        """The pixels, float32 (3, height, width) from 0 to 1."""
        return torch.from_numpy(np.array(self.pil)).permute(2, 0, 1).float() / 255

    def show(self, ax: Any = None, figsize: tuple[float, float] = (3, 3), title: str | None = None) -> None:
        """Draw it with matplotlib, on axes of its own or those given."""
        if ax is None:
            ax = plt.figure(figsize=figsize).add_subplot()
        ax.imshow(self.pil)
        ax.set_axis_off()
        if title is not None:
            ax.set_title(title)


@explained
def open_image(fn: str | os.PathLike[str] | bytes | io.BytesIO) -> Image:
    """Open a picture from its path or its bytes. Raises ImageError for what is not one.

    Every picture is opened as Whatsit does it everywhere: upright, RGB, its first frame.
    """
    given = fn.getvalue() if isinstance(fn, io.BytesIO) else fn
    require_source(given)
    try:
        source = images.read_bytes(given)
        return Image(source, images.open_image(source))
    except ImageError as error:
        if isinstance(given, bytes):
            raise
        raise type(error)(Message("lesson_data.no_picture", path=os.fspath(given), reason=error)) from error
