"""Gradient descent, step by step: PyTorch computes the slope, and everything else is written out."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from whatsit.checks import described
from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.teach.checks import (
    are_numbers,
    generator,
    require_batch,
    require_count,
    require_lr,
    require_points,
    require_share,
    require_torch,
)
from whatsit.teach.lines import mse
from whatsit.text import LARGE, brief, learning_rate, of_any_size
from whatsit.training.doctor import Finding

if TYPE_CHECKING:
    from torch import Tensor

Loss = Callable[["Tensor", "Tensor"], "Tensor"]
START = (-1.0, 1.0)  # the lesson's first guess
GREW = 2.0  # times the lowest loss: what grows that far above its start does not come back
SWINGS = 10  # steps in a row, each of which turns back and ends higher: more than the noise of batches makes


@dataclass(frozen=True, eq=False)
class Descent:
    """Where gradient descent went: the numbers `a` (k, width) and the loss on all points (k,).

    Row 0 is the start, the last row the result; `seen` (k,) is how many points each had looked at before.
    Of the `steps` that were wanted, a run that diverged has only those whose numbers are finite.
    """

    a: "Tensor"
    losses: "Tensor"
    seen: "Tensor"
    lr: float
    steps: int

    def __len__(self) -> int:
        """How many steps were made."""
        return len(self.losses) - 1

    @cached_property
    def finding(self) -> Finding | None:
        """What the doctor says of a run that diverged: it ended above its start, or swings ever higher."""
        first, lowest, last = (float(one) for one in (self.losses[0], self.losses.min(), self.losses[-1]))
        if len(self) < self.steps or not last < math.inf:
            steps = min(len(self) + 1, self.steps)
            return Finding("lr_too_high", Message("doctor.line_infinite", first=first, steps=steps))
        if last > max(first, GREW * lowest):
            message = Message("doctor.line_exploded", first=first, last=last, steps=self.steps)
            return Finding("lr_too_high", message)
        if self._swings():
            message = Message("doctor.line_swung", first=first, lowest=lowest, last=last, steps=self.steps)
            return Finding("lr_too_high", message)
        return None

    def _swings(self) -> bool:
        """Whether each step of the second half jumped over the bottom, and landed higher than before."""
        half = len(self) // 2
        losses, moves = self.losses[half:], self.a[half:].diff(dim=0)
        turns = (moves[1:] * moves[:-1]).sum(dim=1) < 0
        return len(losses) > SWINGS and bool((losses.diff() > 0).all()) and bool(turns.all())

    @property
    def has_diverged(self) -> bool:
        """Whether the learning rate was too high: see `finding`."""
        return self.finding is not None

    def __str__(self) -> str:
        """The loss of every tenth step, as the lesson prints it, and the doctor's words if it diverged."""
        losses = [(step, self.losses[step].item()) for step in range(0, len(self.losses), 10)]
        rows = [f"{step:>5}  {f'{loss:.4f}' if loss < LARGE else of_any_size(loss)}" for step, loss in losses]
        return "\n".join([*rows, *([str(self.finding)] if self.finding else [])])

    def __repr__(self) -> str:
        numbers = ", ".join(f"{one:.4g}" for one in self.a[-1].tolist())
        went = f"loss {self.losses[0]:.4g} to {self.losses[-1]:.4g}, a = ({numbers})"
        return brief(self, f"{len(self)} steps, lr {learning_rate(self.lr)}, {went}")


def gradient_descent(
    x: "Tensor",
    y: "Tensor",
    start: "Sequence[float] | Tensor" = START,
    lr: float = 0.1,
    steps: int = 100,
    *,
    batch_size: int | None = None,
    momentum: float = 0.0,
    seed: int = 0,
    loss: Loss = mse,
) -> Descent:
    """Fit y (n,) by `x @ a`, x (n, width): the whole path of `a` from `start` on, with its losses.

    Each step goes against the gradient of the `loss` on all points, or with `batch_size` on a random batch of
    them (stochastic gradient descent), by `lr` times it. `momentum`, 0..1, keeps that share of the step
    before, as in PyTorch's SGD. Raises WhatsitError for what nothing can be fitted with; a rate that is too
    high is not an error: see `Descent.finding`.
    """
    torch = require_torch()
    require_points(x, y)
    require_lr(lr)
    require_count("steps", steps)
    require_share("momentum", momentum, most=1)
    require_count("seed", seed, 0)
    if not are_numbers(start):
        raise WhatsitError(Message("teach.start_numbers", given=described(start)))
    if len(start) != x.shape[1]:
        raise WhatsitError(Message("teach.start", start=len(start), columns=x.shape[1]))
    size = len(y) if batch_size is None else batch_size
    batches = _forever(x, y, size, seed)
    a = torch.nn.Parameter(torch.as_tensor(start, dtype=x.dtype, device=x.device).detach().clone())
    speed = torch.zeros_like(a)
    places, losses, seen = [a.detach().clone()], [loss(x @ a, y).detach()], [0]
    for _ in range(steps):
        some_x, some_y = next(batches)
        loss(some_x @ a, some_y).backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            speed = momentum * speed + a.grad
            a -= lr * speed
            a.grad.zero_()
            if not torch.isfinite(a).all():
                break
            places.append(a.clone())
            losses.append(loss(x @ a, y))
            seen.append(seen[-1] + len(some_y))
    return Descent(torch.stack(places), torch.stack(losses), torch.tensor(seen), float(lr), steps)


def minibatches(
    x: "Tensor", y: "Tensor", batch_size: int, seed: int = 0
) -> "Iterator[tuple[Tensor, Tensor]]":
    """All points once, an epoch, in random batches of `batch_size`; the last may be smaller.

    Raises WhatsitError for a batch that is larger than the data, and for a seed that is not a whole number.
    """
    require_points(x, y)
    require_batch(batch_size, len(y))
    order = require_torch().randperm(len(y), generator=generator(seed))
    return ((x[places], y[places]) for places in order.split(batch_size))


def _forever(x: "Tensor", y: "Tensor", size: int, seed: int) -> "Iterator[tuple[Tensor, Tensor]]":
    """Batch after batch, an epoch after the other; all points in their own order where that is one batch."""
    require_batch(size, len(y))

    def epochs() -> "Iterator[tuple[Tensor, Tensor]]":
        epoch = seed
        while True:
            yield from [(x, y)] if size == len(y) else minibatches(x, y, size, epoch)
            epoch += 1

    return epochs()
