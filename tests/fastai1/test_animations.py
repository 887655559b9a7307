"""Animations in a notebook, with and without ffmpeg."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import animation, rc_context

from whatsit.fastai1.animations import show_animations


@pytest.fixture
def moving() -> Iterator[animation.FuncAnimation]:
    """Two frames, asked for as the lesson asks."""
    figure, axis = plt.subplots(figsize=(1, 1))
    (line,) = axis.plot([0, 1], [0, 1])
    plt.close(figure)

    def draw(n: int) -> tuple[object]:
        line.set_ydata([0, n])
        return (line,)

    with rc_context({"animation.html": "html5"}):
        made = animation.FuncAnimation(figure, draw, 2, interval=20)
        yield made
        made._draw_was_started = True  # or it warns, in another test, that nobody looked


def shown(one: object) -> str:
    """What a notebook would show."""
    shell = InteractiveShell.instance()
    try:
        show_animations()
        return str(shell.display_formatter.formatters["text/html"](one))
    finally:
        InteractiveShell.clear_instance()


def test_without_ffmpeg_javascript_plays_it(
    moving: animation.FuncAnimation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(animation.writers, "is_available", lambda name: False)
    html = shown(moving)
    assert "new Animation(frames" in html
    assert "matches) anim" in html  # it starts by itself
    assert "://" not in html


def test_with_ffmpeg_it_is_a_video(moving: animation.FuncAnimation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation.writers, "is_available", lambda name: True)
    monkeypatch.setattr(animation.Animation, "to_html5_video", lambda self: "<video>")
    assert shown(moving) == "<video>"


def test_nothing_asked_for_shows_no_page(moving: animation.FuncAnimation) -> None:
    with rc_context({"animation.html": "none"}):
        assert shown(moving) == "None"
