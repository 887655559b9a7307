"""Curves of any degree, with weight decay or without: what underfits, what overfits, and neither."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.teach.checks import require_count, require_points, require_share, require_torch
from whatsit.text import brief

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Polynomial:
    """`coefficients` (degree + 1,), the constant first; call it with x (n,) for its values (n,)."""

    coefficients: "Tensor"
    wd: float = 0.0

    @property
    def degree(self) -> int:
        """The highest power of x."""
        return len(self.coefficients) - 1

    def __call__(self, x: "Tensor") -> "Tensor":
        return _powers(x, self.degree) @ self.coefficients

    def __repr__(self) -> str:
        largest = float(self.coefficients.abs().max())
        return brief(self, f"degree {self.degree}, wd {self.wd:g}, largest coefficient {largest:.3g}")


def fit_polynomial(x: "Tensor", y: "Tensor", degree: int, wd: float = 0.0) -> Polynomial:
    """The polynomial of a degree through points x (n,), best between -1 and 1, and y (n,), in float64.

    It has the least mean squared error plus `wd` times the sum of its squared coefficients without the
    constant (ridge regression, which is weight decay solved at once). Raises WhatsitError.
    """
    torch = require_torch()
    if isinstance(x, torch.Tensor) and x.ndim != 1:
        raise WhatsitError(Message("teach.rank", name="x", rank=x.ndim, wanted=1))
    require_points(x[:, None] if isinstance(x, torch.Tensor) else x, y)
    require_count("degree", degree, 0)
    require_share("wd", wd)
    decay = (len(y) * wd) ** 0.5 * torch.eye(degree + 1, dtype=torch.float64)[1:]
    rows = torch.cat([_powers(x, degree), decay])
    wanted = torch.cat([y.double(), torch.zeros(degree, dtype=torch.float64)])
    return Polynomial(torch.linalg.lstsq(rows, wanted[:, None], driver="gelsd").solution[:, 0], float(wd))


def _powers(x: "Tensor", degree: int) -> "Tensor":
    """The columns 1, x, x², ... (n, degree + 1)."""
    exponents = require_torch().arange(degree + 1, dtype=require_torch().float64)
    powers: Tensor = x.double()[:, None] ** exponents
    return powers
