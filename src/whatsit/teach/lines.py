"""Points near a line, and how far a line is from them. Tensors of PyTorch in, tensors out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whatsit.checks import described
from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.teach.checks import are_numbers, generator, require_count, require_points, require_torch

if TYPE_CHECKING:
    from torch import Tensor

TRUE = (3.0, 2.0)


def make_line_data(n: int = 100, a: Sequence[float] = TRUE, seed: int = 0) -> "tuple[Tensor, Tensor]":
    """`n` points near the line with slope and intercept `a`: x (n, 2), whose second column is 1, and y (n,).

    As in the lesson: x is between -1 and 1, and what is added to `x @ a` between 0 and 1, both at random. It
    is 0.5 on average, so the line that fits best has an intercept near `a[1] + 0.5`.
    Raises WhatsitError for less than one point, an `a` that is not two numbers, and a bad seed.
    """
    torch = require_torch()
    require_count("n", n)
    if not are_numbers(a) or len(a) != 2:
        raise WhatsitError(Message("teach.two_numbers", name="a"))
    coefficients = torch.as_tensor(a, dtype=torch.float32).detach()
    dice = generator(seed)
    x = torch.ones(n, 2)
    x[:, 0].uniform_(-1.0, 1.0, generator=dice)
    return x, x @ coefficients + torch.rand(n, generator=dice)


def mse(y_hat: "Tensor", y: "Tensor") -> "Tensor":
    """Mean squared error of predictions `y_hat` (n,) of `y` (n,): the mean of the squared differences.

    Raises WhatsitError for tensors of different shapes, which would be compared each with each.
    """
    torch = require_torch()
    for name, given in (("y_hat", y_hat), ("y", y)):
        if not isinstance(given, torch.Tensor):
            raise WhatsitError(Message("teach.not_tensor", name=name, given=described(given)))
    if y_hat.shape != y.shape:
        raise WhatsitError(Message("teach.shapes", first=str(tuple(y_hat.shape)), second=str(tuple(y.shape))))
    if not (y_hat.is_floating_point() or y.is_floating_point()):
        raise WhatsitError(Message("teach.integers", name="y_hat"))
    return ((y_hat - y) ** 2).mean()


def rmse(y_hat: "Tensor", y: "Tensor") -> "Tensor":
    """The root of the mean squared error, which has the unit of `y` (n,)."""
    return mse(y_hat, y).sqrt()


def fit_line(x: "Tensor", y: "Tensor") -> "Tensor":
    """The slope and intercept (2,) with the least mean squared error, computed at once by least squares.

    Gradient descent comes ever closer to it. Raises WhatsitError where many lines are as good: for one point,
    and for points above each other.
    """
    torch = require_torch()
    require_points(x, y)
    if torch.linalg.matrix_rank(x) < x.shape[1]:
        raise WhatsitError(Message("teach.many_lines", points=len(y)))
    found: Tensor = torch.linalg.lstsq(x, y[:, None]).solution[:, 0]
    return found
