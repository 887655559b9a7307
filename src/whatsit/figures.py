"""Figures without pyplot, so that a notebook's own settings stay as they are. Needs matplotlib."""

import io
import logging
import warnings
from pathlib import Path

from whatsit.extras import needing
from whatsit.i18n import Message
from whatsit.project import write_whole

with needing(Message("model.figures")):
    from matplotlib import font_manager
    from matplotlib.figure import Figure

CJK_FONTS = (  # for labels in Chinese, Japanese and Korean, the first that is installed
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
)


class Plot(Figure):  # type: ignore[misc]
    """A figure that a notebook shows by itself and that is written whole or not at all."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        with warnings.catch_warnings():
            # Boxes in a title show it already.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            self.savefig(picture, format="png", dpi=100, bbox_inches="tight")
        return picture.getvalue()

    def write(self, path: str | Path) -> None:
        """Save as PNG. Raises WhatsitError where it can't be written."""
        write_whole(Path(path), self._repr_png_())


def fonts() -> list[str]:
    """The default font, and those installed that know Chinese, Japanese and Korean."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it warns about missing weights
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in CJK_FONTS if name in installed)]
