"""Figures and films of gradient descent: readable whatever happens."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from torch import Tensor

from tests.web import opened
from whatsit.errors import WhatsitError
from whatsit.figures import Plot
from whatsit.i18n import speaking
from whatsit.teach import (
    animate,
    draw_line,
    draw_losses,
    draw_polynomials,
    draw_surface,
    fit_line,
    fit_polynomial,
    gradient_descent,
    loss_surface,
    make_line_data,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def points() -> tuple[Tensor, Tensor]:
    return make_line_data(40, seed=3)


def size(figure: Plot) -> tuple[int, int]:
    return Image.open(io.BytesIO(figure._repr_png_())).size


def test_axes_stay_readable_where_a_run_diverges(points: tuple[Tensor, Tensor]) -> None:
    good, bad = gradient_descent(*points), gradient_descent(*points, lr=1.2)
    figure = draw_losses([good, bad], ["good", "bad"])
    low, high = figure.axes[0].get_ylim()
    assert (low, high) == (0, pytest.approx(1.3 * good.losses[0].item()))
    assert "The learning rate was too high" in figure._supxlabel.get_text()
    assert min(size(figure)) > 300
    log = draw_losses([good, bad], log=True).axes[0]
    assert log.get_yscale() == "log"
    assert log.get_ylim()[1] == pytest.approx(high)
    assert draw_losses([good])._supxlabel is None


def test_figures_are_drawn_in_both_languages(points: tuple[Tensor, Tensor]) -> None:
    x, y = points
    path = gradient_descent(x, y)
    with speaking("zh"):
        surface = draw_surface(loss_surface(x, y, points=20), [path])
        assert surface.axes[1].get_xlabel() == "斜率"
        assert draw_losses([path]).axes[0].get_ylabel() == "损失（均方误差）"
    curves = {f"degree {degree}": fit_polynomial(x[:, 0], y, degree) for degree in (1, 15)}
    figures = (draw_line(x, y, fit_line(x, y), names=["best"]), draw_polynomials(x[:, 0], y, curves), surface)
    assert all(min(size(figure)) > 300 for figure in figures)


def test_path_on_a_surface_ends_where_it_leaves_it(points: tuple[Tensor, Tensor]) -> None:
    bad = gradient_descent(*points, lr=1.2)
    flat = draw_surface(loss_surface(*points, points=20), [bad]).axes[1]
    (way,) = flat.lines
    assert 1 <= len(way.get_xdata()) < len(bad)


def test_film_plays_in_a_notebook_and_is_written_as_gif(
    browser: "Browser", points: tuple[Tensor, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = points
    film = animate(x, y, gradient_descent(x, y), frames=4)
    monkeypatch.setattr("shutil.which", lambda name: None)
    html = film._repr_html_()
    assert html.count("data:image/png;base64") == 4
    assert "://" not in html  # it needs no network
    with opened(browser, f"<!doctype html><title>Film</title>{html}") as page:
        faces = "".join(page.get_by_role("button").all_inner_texts())
        assert faces.replace("\N{VARIATION SELECTOR-15}", "") == "−«‹◀||▶›»+"
        assert all((one.bounding_box() or {})["height"] >= 24 for one in page.get_by_role("button").all())
        page.wait_for_function("document.querySelector('.anim-slider').value === '3'")  # the last
    with speaking("zh"):
        assert 'aria-label="暂停"' in film._repr_html_()
    film.write(tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as gif:
        assert (gif.format, gif.n_frames) == ("GIF", 4)
    with pytest.raises(WhatsitError, match=r"film\.mov is not a GIF file"):
        film.write("film.mov")


def test_line_through_one_point_is_seen() -> None:
    x, y = make_line_data(1)
    path = gradient_descent(x, y, steps=3)
    film = animate(x, y, path, frames=2)
    film._draw_was_started = True  # or matplotlib warns that nothing was drawn
    for figure in (draw_line(x, y, path.a[-1]), film._fig):
        _, line = figure.axes[0].lines
        left, right = line.get_xdata()
        assert right - left == pytest.approx(2)
        assert (left + right) / 2 == pytest.approx(x[0, 0].item())


def test_film_of_a_run_that_diverges_says_so(points: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    x, y = points
    bad = gradient_descent(x, y, lr=1.2)
    film = animate(x, y, bad, frames=3)
    film.write(tmp_path / "film.gif")
    axis = film._fig.axes[0]
    assert axis.get_title(loc="left").endswith("and growing")
    assert axis.get_ylim()[1] < 2 * y.max().item()


def test_video_where_there_is_ffmpeg(points: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    film = animate(*points, gradient_descent(*points), frames=2)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(film, "to_html5_video", lambda: "<video>")
    assert film._repr_html_() == "<video>"
    film._draw_was_started = True  # or matplotlib warns that nothing was drawn
