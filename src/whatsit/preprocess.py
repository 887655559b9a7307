"""How a picture becomes the network's input: one small record, shared by training and serving."""

import math
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from whatsit.checks import ReasonError
from whatsit.config import Resize
from whatsit.i18n import Message
from whatsit.images import Picture, opened

INTERPOLATIONS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
LARGEST_SCALE = 1e6
LEAST_CROP = 0.1  # timm's least is 0.8; a smaller part would need a gigantic picture


@dataclass(frozen=True)
class Preprocess:
    """The record that travels in the bundle.

    `size` is the side of the square input in pixels. `resize` says what happens to a picture that is
    not square: "crop" cuts the middle square (the share `crop_pct` of its shorter side), "pad" adds
    black bars, "squash" stretches. `mean` and `std` (RGB, on the 0..1 scale) live in the network's graph.
    """

    size: int = 224
    resize: Resize = "crop"
    crop_pct: float = 1.0
    interpolation: str = "bicubic"
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)

    def __post_init__(self) -> None:
        numbers = (self.size, self.crop_pct, *self.mean, *self.std)
        if (
            any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers)
            or not isinstance(self.size, int)
            or not 1 <= self.size <= 4096
            or self.resize not in get_args(Resize)
            or self.interpolation not in INTERPOLATIONS
            or not LEAST_CROP <= self.crop_pct <= 1
            or len(self.mean) != 3
            or len(self.std) != 3
            or not max(map(abs, self.mean)) < LARGEST_SCALE  # so written, it refuses NaN too
            or not 1 / LARGEST_SCALE < min(self.std) <= max(self.std) < LARGEST_SCALE
        ):
            raise ReasonError(Message("bundle.preprocess", record=str(self)))

    def load(self, picture: Picture) -> NDArray[np.uint8]:
        """Open a path, bytes or PIL image and prepare it: uint8, (size, size, 3). Raises ImageError."""
        with self.opened(picture) as image:
            return self(image)

    def opened(self, picture: Picture, zoom: float = 1.0) -> AbstractContextManager[Image.Image]:
        """Open a picture, large enough to prepare any part of it with 1 / `zoom` of its sides."""
        pixels = math.ceil(self.size / self.crop_pct * zoom)
        return opened(picture, at_least=pixels)

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        """Prepare an opened RGB picture: uint8, (size, size, 3)."""
        width, height = image.size
        sampling = INTERPOLATIONS[self.interpolation]
        side = (self.size, self.size)
        if self.resize == "crop":
            edge = min(width, height) * self.crop_pct
            left, top = (width - edge) / 2, (height - edge) / 2
            image = image.resize(side, sampling, box=(left, top, left + edge, top + edge), reducing_gap=3.0)
        elif self.resize == "squash":
            image = image.resize(side, sampling, reducing_gap=3.0)
        else:
            scale = self.size / max(width, height)
            inner = max(1, round(width * scale)), max(1, round(height * scale))
            canvas = Image.new("RGB", side)
            offset = (self.size - inner[0]) // 2, (self.size - inner[1]) // 2
            canvas.paste(image.resize(inner, sampling, reducing_gap=3.0), offset)
            image = canvas
        return np.asarray(image, dtype=np.uint8)

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocess":
        """Read what `to_dict` wrote; raises ReasonError or TypeError for anything else."""
        return cls(**{**values, "mean": tuple(values["mean"]), "std": tuple(values["std"])})
