"""Which areas of a picture support a class: maps, and pictures overlaid with them."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from whatsit.i18n import Message, say
from whatsit.project import write_whole
from whatsit.text import brief

STRENGTH = 0.65  # of the color where the evidence is strongest
# From cold to hot; it stays readable in gray and for the color-blind, since it only ever gets lighter.
_RAMP = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], np.float32)


@dataclass(frozen=True, eq=False, repr=False)
class HeatMap:
    """Which areas of a picture, as the network sees it (uint8 (size, size, 3)), support the class `label`.

    `values` (h, w): of an exact class activation map their mean plus the class's bias is the logit.
    `evidence` (h, w), 0..1, is where the class gains on the others. `caption` is the answer for the picture,
    `verdict` what to think of it, written in a color by its `tone`: "good" or "warn".
    """

    label: str
    pixels: NDArray[np.uint8]
    values: NDArray[np.float32]
    evidence: NDArray[np.float32]
    caption: Message | None = None
    verdict: Message | None = None
    tone: str = "good"

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        return brief(self, f"areas that support {self.label}, {width} x {height} pixels")

    def overlay(self) -> Image.Image:
        """The picture with the evidence as heat over it."""
        return _heated(self.pixels, self._heat())

    def layer(self) -> Image.Image:
        """The evidence alone, RGBA: to lay over the picture."""
        colors, amount = _colored(self._heat())
        return Image.fromarray(np.dstack([colors, 255 * amount / STRENGTH]).round().astype(np.uint8))

    def _heat(self) -> NDArray[np.floating]:
        """The evidence for every pixel (height, width), 0..1."""
        side = self.pixels.shape[1], self.pixels.shape[0]
        evidence = Image.fromarray(self.evidence.astype(np.float32))
        return np.asarray(evidence.resize(side, Image.Resampling.BICUBIC)).clip(0, 1)

    def sheet(self) -> Image.Image:
        """The picture and the overlay side by side, with the caption and what the colors mean."""
        from whatsit.sheets import Key, Panel, draw_sheet  # loads the kit of the pages

        gray = np.full((1, 256, 3), 190, np.uint8)
        caption = self.label if self.caption is None else self.caption.text()
        return draw_sheet(
            caption,
            [] if self.verdict is None else [(self.verdict.text(), self.tone)],
            [
                Panel(Image.fromarray(self.pixels), say("heat_map.seen")),
                Panel(self.overlay(), say("heat_map.speaks", label=self.label)),
            ],
            Key(_heated(gray, np.linspace(0, 1, 256)[None]), say("heat_map.little"), say("heat_map.much")),
        )

    def _repr_png_(self) -> bytes:
        data = io.BytesIO()
        self.sheet().save(data, "PNG", compress_level=3)  # half the time
        return data.getvalue()

    def write(self, path: str | Path) -> None:
        """Save the sheet as PNG. Raises WhatsitError where it can't be written."""
        write_whole(Path(path), self._repr_png_())


def _heated(pixels: NDArray[np.uint8], heat: NDArray[np.floating]) -> Image.Image:
    """Pixels (h, w, 3) under the color of heat (h, w), 0..1."""
    colors, amount = _colored(heat)
    muted = 0.5 * pixels + 0.5 * pixels.mean(2, keepdims=True)  # so that the heat stands out
    return Image.fromarray(((1 - amount) * muted + amount * colors).round().astype(np.uint8))


def _colored(heat: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.floating]]:
    """The color of heat (h, w), 0..1: (h, w, 3); and how much of it shows (h, w, 1), 0..STRENGTH."""
    steps = np.linspace(0, 1, len(_RAMP))
    colors = np.stack([np.interp(heat, steps, _RAMP[:, channel]) for channel in range(3)], axis=-1)
    return colors, STRENGTH * np.sqrt(heat)[..., None]


def scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The positive part, the highest value at 1; all 0 where there is none."""
    positive = np.maximum(values, 0)
    return np.asarray(positive / max(float(positive.max()), 1e-12), np.float32)
