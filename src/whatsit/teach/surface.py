"""The loss as a landscape over slope and intercept."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.teach.checks import require_count, require_points, require_range, require_torch
from whatsit.text import brief

if TYPE_CHECKING:
    from torch import Tensor

RANGES = ((-2.0, 8.0), (-1.0, 6.0))  # around the lesson's line, with its start


@dataclass(frozen=True, eq=False)
class Surface:
    """Mean squared errors `losses` (k, k) of lines: a row for each of the `slopes` (k,), a column for each of
    the `intercepts` (k,).
    """

    slopes: "Tensor"
    intercepts: "Tensor"
    losses: "Tensor"

    def __repr__(self) -> str:
        row, column = divmod(int(self.losses.argmin()), len(self.intercepts))
        near = f"({self.slopes[row]:.2f}, {self.intercepts[column]:.2f})"
        lines = f"{len(self.slopes)} x {len(self.intercepts)} lines"
        return brief(self, f"{lines}, lowest loss {self.losses.min():.4g} near a = {near}")


def loss_surface(
    x: "Tensor",
    y: "Tensor",
    slopes: tuple[float, float] = RANGES[0],
    intercepts: tuple[float, float] = RANGES[1],
    points: int = 60,
) -> Surface:
    """The mean squared error of `points` x `points` lines between these slopes and intercepts.

    x is (n, 2), y (n,). As the loss is a parabola in both numbers, its coefficients are computed once, and a
    grid costs the same with many points. Raises WhatsitError.
    """
    torch = require_torch()
    require_points(x, y)
    require_count("points", points, 2)
    require_range("slopes", slopes)
    require_range("intercepts", intercepts)
    if x.shape[1] != 2:
        raise WhatsitError(Message("teach.two_columns", columns=x.shape[1]))
    x, y = x.double(), y.double()
    one, other = (torch.linspace(*ends, points, dtype=torch.float64) for ends in (slopes, intercepts))
    a = torch.cartesian_prod(one, other)
    products, sums = x.T @ x / len(y), x.T @ y / len(y)
    losses = ((a @ products) * a).sum(1) - 2 * a @ sums + (y**2).mean()
    return Surface(one, other, losses.clamp(min=0).reshape(points, points))
