"""Figures in the colors and type of the pages, without pyplot. Needs matplotlib.

A notebook's own settings are neither used nor changed.
"""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from PIL.ImageFont import FreeTypeFont

from whatsit.extras import needing
from whatsit.i18n import Message
from whatsit.palette import SERIES, color
from whatsit.project import write_whole
from whatsit.typefaces import chinese, warn_of_boxes

with needing(Message("model.figures")):
    from matplotlib import cycler, font_manager, style
    from matplotlib.figure import Figure
    from matplotlib.text import Text

LIKE_THE_SYSTEM = ("Segoe UI", "Helvetica Neue", "Noto Sans")  # what pages are set in, where it is installed


class Plot(Figure):  # type: ignore[misc]
    """A figure that a notebook shows by itself and that is written whole or not at all."""

    def _repr_png_(self) -> bytes:
        warn_of_boxes("".join(text.get_text() for text in self.findobj(Text)))
        picture = io.BytesIO()
        with styled(), warnings.catch_warnings():
            # Boxes in a title show it already.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            self.savefig(
                picture,
                format="png",
                dpi=100,
                bbox_inches="tight",
                pad_inches=0.15,
                metadata={"Software": "Whatsit"},
            )
        return picture.getvalue()

    def write(self, path: str | Path) -> None:
        """Save as PNG. Raises WhatsitError where it can't be written."""
        write_whole(Path(path), self._repr_png_())


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of the pages in this block, or in a function that has this as decorator."""
    with style.context(["default", _settings()]):
        yield


@cache
def _settings() -> dict[str, Any]:
    ink, soft, line, page = map(color, ("ink", "soft", "line", "page"))
    return {
        "font.family": _fonts(),
        "font.size": 10,
        "text.color": ink,
        "text.parse_math": False,  # a class may be called $5
        **{f"{place}.facecolor": page for place in ("figure", "axes", "savefig")},
        "figure.titlesize": 12,
        "figure.titleweight": "bold",
        "axes.titlesize": 12,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 12,
        "axes.labelcolor": soft,
        "axes.edgecolor": soft,
        **{f"axes.spines.{side}": False for side in ("left", "top", "right")},
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.prop_cycle": cycler(color=list(map(color, SERIES))),
        "grid.color": line,
        "lines.linewidth": 2.2,
        "lines.solid_capstyle": "round",
        "lines.markersize": 7,
        "legend.frameon": False,
        **{f"{axis}tick.color": line for axis in "xy"},
        **{f"{axis}tick.labelcolor": soft for axis in "xy"},
        **{f"{axis}tick.major.size": 0 for axis in "xy"},
        **{f"{axis}tick.minor.size": 0 for axis in "xy"},
        **{f"{axis}tick.major.pad": 6 for axis in "xy"},
    }


def _fonts() -> list[str]:
    """Installed font families, the best first, one of them with Chinese where there is any."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it warns about missing weights
    installed = {font.name for font in font_manager.fontManager.ttflist}
    families = [name for name in LIKE_THE_SYSTEM if name in installed]
    found = chinese()
    return [*families, *([] if found is None else [_family(found)]), "DejaVu Sans"]


def _family(font: FreeTypeFont) -> str:
    """What matplotlib calls a font, which may be newer than its list of those installed."""
    manager, file = font_manager.fontManager, str(font.path)
    if all(one.fname != file for one in manager.ttflist):
        for weight in {file, file.replace("Regular", "Bold")}:
            if Path(weight).exists():
                manager.addfont(weight)
    inside = [str(one.name) for one in manager.ttflist if one.fname == file]
    own = str(font.getname()[0])
    return own if own in inside else inside[0]  # before 3.11 it sees only the first font in a file
