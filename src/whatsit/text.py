"""Text that any terminal, file and figure can take."""

import math
from pathlib import Path

LARGE = 1e6  # from which on a number is written with a power of ten
LONGEST_REPR = 200  # characters


def printable(text: object) -> str:
    """A path or label on one line, whatever it holds; characters that can't be printed are escaped."""
    if isinstance(text, str) and text.isprintable():
        return text
    sound = str(text).encode("utf-8", "backslashreplace").decode()
    return sound if sound.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in sound)


def learning_rate(rate: float) -> str:
    """A learning rate with two digits: 0.003, 0.00043, 5e-5."""
    return f"{rate:.2g}".replace("e-0", "e-")


def of_any_size(value: float) -> str:
    """A number with three digits, however large or small: 4.51, 24,200, 2.45 × 10⁴¹, ∞."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "-∞"}.get(value, "–")
    rounded = float(f"{value:.3g}")
    if rounded == 0 or 1e-4 <= abs(rounded) < LARGE:
        return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.3g}"
    digits, power = f"{rounded:.2e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits.rstrip('0').rstrip('.')} × 10{raised}"


def in_folder(path: Path) -> str:
    """A picture's file name after that of its folder, which often is its class."""
    return printable(f"{path.parent.name}/{path.name}".removeprefix("/"))


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def ending(text: object, most: int = 60) -> str:
    """The end of a path or address that is longer than `most` characters: the beginning matters less."""
    whole = printable(text)
    return whole if len(whole) <= most else f"...{whole[3 - most :]}"


def brief(one: object, words: object) -> str:
    """A `repr` of one line and at most 200 characters: what an object is, and the sentence to know of it."""
    kind = type(one).__name__
    line = printable(" ".join(str(words).split())).removesuffix(".")
    return f"<{kind}: {shortened(line, LONGEST_REPR - len(kind) - 4)}>"
