"""Animations in a notebook: as HTML 5 video where ffmpeg is, and otherwise played by JavaScript."""

from typing import Any

from whatsit.notebooks import shell
from whatsit.teach.films import played


def show_animations() -> None:
    """Have this notebook, if one runs, show animations even where matplotlib can't make the video asked for.

    IPython's own table of how things are shown is used; matplotlib stays as it is.
    """
    if (running := shell()) is not None:
        shown = running.display_formatter.formatters["text/html"]
        shown.for_type_by_name("matplotlib.animation", "Animation", as_html)


def as_html(animation: Any) -> str | None:
    """An animation as `rc("animation", html=...)` asks; None where it asks for nothing."""
    from matplotlib import rcParams
    from matplotlib.animation import writers

    if rcParams["animation.html"] == "html5" and not writers.is_available(rcParams["animation.writer"]):
        return played(animation)
    html: str | None = animation._repr_html_()
    return html
