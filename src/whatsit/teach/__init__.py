"""How gradient descent works: functions for teachers, and a course page."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whatsit.teach.animation import Animation, animate
    from whatsit.teach.descent import Descent, gradient_descent, minibatches
    from whatsit.teach.lines import fit_line, make_line_data, mse, rmse
    from whatsit.teach.plots import draw_line, draw_losses, draw_polynomials, draw_surface
    from whatsit.teach.polynomial import Polynomial, fit_polynomial
    from whatsit.teach.surface import Surface, loss_surface

__all__ = [
    "Animation",
    "Descent",
    "Polynomial",
    "Surface",
    "animate",
    "draw_line",
    "draw_losses",
    "draw_polynomials",
    "draw_surface",
    "fit_line",
    "fit_polynomial",
    "gradient_descent",
    "loss_surface",
    "make_line_data",
    "minibatches",
    "mse",
    "rmse",
]

_HOMES = {
    "Animation": "animation",
    "Descent": "descent",
    "Polynomial": "polynomial",
    "Surface": "surface",
    "animate": "animation",
    "draw_line": "plots",
    "draw_losses": "plots",
    "draw_polynomials": "plots",
    "draw_surface": "plots",
    "fit_line": "lines",
    "fit_polynomial": "polynomial",
    "gradient_descent": "descent",
    "loss_surface": "surface",
    "make_line_data": "lines",
    "minibatches": "descent",
    "mse": "lines",
    "rmse": "lines",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"whatsit.teach.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'whatsit.teach' has no attribute {name!r}")
