"""Gradient descent as a film: the line moves to the points. Needs matplotlib."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whatsit.errors import WhatsitError
from whatsit.extras import needing
from whatsit.figures import Plot, styled
from whatsit.i18n import Message, say
from whatsit.palette import color
from whatsit.project import write_whole
from whatsit.teach.checks import require_count, require_points, require_torch
from whatsit.teach.descent import Descent
from whatsit.teach.films import played
from whatsit.teach.plots import draw_points, ends_of

with needing(Message("teach.functions")):
    from matplotlib.animation import FuncAnimation, PillowWriter

if TYPE_CHECKING:
    from torch import Tensor

DPI = 80


class Animation(FuncAnimation):  # type: ignore[misc]
    """A film that a notebook plays by itself: as a video where ffmpeg is installed, else with JavaScript."""

    def _repr_html_(self) -> str:
        with styled():
            html: str = self.to_html5_video() if shutil.which("ffmpeg") else played(self)
        return html

    def write(self, path: str | Path) -> None:
        """Save as a GIF file. Raises WhatsitError for another kind of file, and where it can't be written."""
        place = Path(path)
        if place.suffix.lower() != ".gif":
            raise WhatsitError(Message("teach.gif", path=place))
        with tempfile.TemporaryDirectory() as folder, styled():
            made = Path(folder, "film.gif")
            self.save(made, writer=PillowWriter(1000 // self._interval))
            write_whole(place, made.read_bytes())


@styled()
def animate(x: "Tensor", y: "Tensor", path: Descent, frames: int = 50, interval: int = 40) -> Animation:
    """Show how the line came to the points, x (n, 2) and y (n,), on a path of gradient descent.

    At most `frames` of the steps are shown, from the first to the last in even distances, `interval`
    milliseconds each. The axes stay at the points: a run that diverges leaves them, and the title says so.
    Raises WhatsitError.
    """
    require_points(x, y)
    if path.a.shape[1] != 2:
        raise WhatsitError(Message("teach.film_of_two", columns=path.a.shape[1]))
    require_count("frames", frames, 2)
    require_count("interval", interval)
    figure = Plot(figsize=(6, 4), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    draw_points(axis, x[:, 0], y)
    ends = ends_of(x[:, 0])
    (line,) = axis.plot(ends, [0, 0], color=color("s0"))
    title = axis.set_title(" ")
    shown = require_torch().linspace(0, len(path), min(frames, len(path) + 1)).round().long().tolist()

    def draw(step: int) -> tuple[Any, ...]:
        slope, intercept = path.a[step].tolist()
        line.set_ydata([slope * end + intercept for end in ends])
        is_lost = path.has_diverged and step == len(path)
        code = "teach.frame_diverged" if is_lost else "teach.frame"
        title.set_text(say(code, step=step, loss=path.losses[step].item()))
        return line, title

    draw(shown[0])
    figure.draw_without_rendering()
    figure.set_layout_engine(None)  # it is the same for all frames, and takes longer than drawing them
    return Animation(figure, draw, shown, interval=interval, repeat=False)
