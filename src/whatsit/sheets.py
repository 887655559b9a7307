"""Pictures side by side under a caption, drawn without matplotlib, which the base install lacks."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from whatsit.palette import rgb
from whatsit.text import printable
from whatsit.typefaces import fitted, font, warn_of_boxes

SIDE = 360  # pixels of a panel
GAP = 20
LARGE, SMALL = 22, 15  # pixels of text
LEADING = 1.5  # of a line, in the size of its text
KEY = 12  # pixels: the height of the scale of colors


@dataclass(frozen=True)
class Panel:
    """A picture and what stands below it."""

    image: Image.Image
    title: str


@dataclass(frozen=True)
class Key:
    """What the colors of the last panel mean: a strip of them, from `low` to `high`."""

    colors: Image.Image
    low: str
    high: str


def draw_sheet(
    heading: str, lines: Sequence[tuple[str, str]], panels: Sequence[Panel], key: Key
) -> Image.Image:
    """Draw panels in a row. `lines` stand below the heading, each with its color of the palette."""
    words = [heading, *(text for text, _ in lines), *(panel.title for panel in panels), key.low, key.high]
    warn_of_boxes("".join(words))
    wide = len(panels) * SIDE + (len(panels) + 1) * GAP
    texts = [(heading, LARGE, "ink"), *((text, SMALL, tone) for text, tone in lines)]
    rows = [
        (row, size, tone)
        for text, size, tone in texts
        for row in fitted(printable(text), (wide - 2 * GAP) / size, 2).split("\n")
    ]
    titles = [fitted(printable(panel.title), SIDE / SMALL, 2) for panel in panels]
    below = round(SMALL * LEADING * (1 + max(title.count("\n") for title in titles)))
    top = GAP + sum(round(size * LEADING) for _, size, _ in rows) + GAP // 2
    sheet = Image.new("RGB", (wide, top + SIDE + below + KEY + 2 * GAP), rgb("page"))
    pen = ImageDraw.Draw(sheet)
    height = GAP
    for row, size, tone in rows:
        pen.text((GAP, height), row, rgb(tone), font(size))
        height += round(size * LEADING)
    for number, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        left = GAP + number * (SIDE + GAP)
        sheet.paste(panel.image.resize((SIDE, SIDE), Image.Resampling.BICUBIC), (left, top))
        pen.rectangle((left, top, left + SIDE - 1, top + SIDE - 1), outline=rgb("line"))
        pen.text((left, top + SIDE + 6), title, rgb("soft"), font(SMALL), spacing=4)
    _draw_key(sheet, pen, key, (wide - GAP - SIDE, top + SIDE + below + GAP // 2 + 6))
    return sheet


def _draw_key(sheet: Image.Image, pen: ImageDraw.ImageDraw, key: Key, place: tuple[int, int]) -> None:
    left, top = place
    face = font(SMALL)
    before, after = (round(pen.textlength(text, face)) + 10 for text in (key.low, key.high))
    middle = top + KEY // 2
    pen.text((left, middle), key.low, rgb("soft"), face, anchor="lm")
    sheet.paste(key.colors.resize((max(1, SIDE - before - after), KEY)), (left + before, top))
    pen.text((left + SIDE, middle), key.high, rgb("soft"), face, anchor="rm")
