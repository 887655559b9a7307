"""Fonts for text in pictures, also Chinese, and how much room a text takes."""

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from unicodedata import east_asian_width

from PIL import ImageFont

from whatsit.events import warn
from whatsit.i18n import Message

# Files of fonts that know Chinese, and the place of simplified Chinese in each.
CHINESE = {
    "NotoSansCJK-Regular.ttc": 2,
    "NotoSansCJKsc-Regular.otf": 0,
    "NotoSansSC-Regular.otf": 0,
    "NotoSansSC-Regular.ttf": 0,
    "SourceHanSansSC-Regular.otf": 0,
    "SourceHanSansCN-Regular.otf": 0,
    "msyh.ttc": 0,
    "PingFang.ttc": 0,
    "Hiragino Sans GB.ttc": 0,
    "STHeiti Medium.ttc": 0,
    "wqy-microhei.ttc": 0,
    "wqy-zenhei.ttc": 0,
    "simhei.ttf": 0,
}
OTHERS = (
    "DejaVuSans.ttf",
    "arial.ttf",
    "Arial.ttf",
    "LiberationSans-Regular.ttf",
)  # before Pillow's own, of few letters
LATIN = 0.56  # em: the mean width of a Latin letter
WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
WORDS = re.compile(rf"{WIDE.pattern}[、。，；：？！）》”]*|\s+|(?:(?!{WIDE.pattern})\S)+")


@cache
def chinese() -> ImageFont.FreeTypeFont | None:
    """The first installed font that knows Chinese; None without one."""
    return _first(CHINESE)


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """For Pillow, of `size` pixels."""
    found = chinese() or _first(dict.fromkeys(OTHERS, 0))
    return ImageFont.load_default(size) if found is None else found.font_variant(size=size)


def _first(files: Mapping[str, int]) -> ImageFont.FreeTypeFont | None:
    for name, index in files.items():
        with suppress(OSError):
            return ImageFont.truetype(name, index=index)
    return None


def warn_of_boxes(text: str) -> None:
    """Warn, once, where a text has characters that no font here knows, and name one to install."""
    if WIDE.search(text) and chinese() is None:
        _warn_once(Message("figures.no_font"))


@cache  # a folder of pictures needs no warning for each
def _warn_once(warning: Message) -> None:
    warn(warning)


def width(text: str) -> float:
    """About how wide a line is, in em."""
    return sum(1.0 if east_asian_width(one) in "WF" else LATIN for one in text)


def fitted(text: str, most: float, lines: int = 1) -> str:
    """A text in at most so many `lines` of `most` em; one that is too long ends in three dots."""
    rows = [""]
    for word in WORDS.findall(text):
        if width(rows[-1] + word.rstrip()) > most and rows[-1].strip():
            rows.append("")
        for piece in word if width(word) > most else [word]:
            if width(rows[-1] + piece.rstrip()) > most and rows[-1]:
                rows.append("")
            rows[-1] += piece if rows[-1] else piece.lstrip()
    if len(rows) > lines:
        last = "".join(rows[lines - 1 :])
        while width(last + "...") > most and last:
            last = last[:-1]
        rows[lines - 1 :] = [last.rstrip() + "..."]
    return "\n".join(row.rstrip() for row in rows)
