"""The colors of the pages for pictures that are drawn elsewhere: one source, the design tokens."""

import re
from functools import cache

from whatsit.web.assets import asset

SERIES = ("s0", "s1", "s2", "s3")


@cache
def color(name: str) -> str:
    """A color of the light theme, such as "ink" or "s0", as "#rrggbb"."""
    light, _, _ = asset("tokens.css").text.partition("}")
    found = re.search(rf"--{name}:\s*#([0-9a-f]+)\b", light)
    if found is None:
        raise KeyError(name)
    digits = found[1]
    return f"#{digits if len(digits) == 6 else ''.join(2 * digit for digit in digits)}"


def rgb(name: str) -> tuple[int, int, int]:
    """The same as three numbers, 0..255."""
    red, green, blue = bytes.fromhex(color(name)[1:])
    return red, green, blue


def mixed(name: str, share: float) -> tuple[float, float, float]:
    """A color laid thinly on the page, as CSS's `color-mix`; three numbers, 0..1."""
    red, green, blue = (
        (share * over + (1 - share) * under) / 255 for over, under in zip(rgb(name), rgb("page"), strict=True)
    )
    return red, green, blue
