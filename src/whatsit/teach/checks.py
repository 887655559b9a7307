"""Checks of what teachers and students pass: the usual mistakes end in one sentence."""

import math
from types import ModuleType
from typing import TYPE_CHECKING

from whatsit.checks import described, is_count, is_number
from whatsit.errors import WhatsitError
from whatsit.extras import needing
from whatsit.i18n import Message

if TYPE_CHECKING:
    from torch import Generator, Tensor

LARGEST_SEED = 2**63  # from here on seeds begin again: PyTorch has only so many


def require_torch() -> ModuleType:
    """PyTorch. Raises MissingError where it is not installed."""
    with needing(Message("teach.functions")):
        import torch
    return torch


def require_points(x: "Tensor", y: "Tensor") -> None:
    """Raise WhatsitError unless x is a table of decimal numbers (n, width), and y has one a row (n,)."""
    torch = require_torch()
    for name, given, rank in (("x", x, 2), ("y", y, 1)):
        if not isinstance(given, torch.Tensor):
            raise WhatsitError(Message("teach.not_tensor", name=name, given=described(given)))
        if given.ndim != rank:
            raise WhatsitError(Message("teach.rank", name=name, rank=given.ndim, wanted=rank))
        if not given.is_floating_point():
            raise WhatsitError(Message("teach.integers", name=name))
    if len(x) != len(y) or not len(y):
        raise WhatsitError(Message("teach.lengths", rows=len(x), numbers=len(y)))
    if not (torch.isfinite(x).all() and torch.isfinite(y).all()):
        raise WhatsitError(Message("teach.not_finite"))


def are_numbers(given: object) -> bool:
    """Whether it is a list, a tuple or an array of finite numbers."""
    values = given.tolist() if hasattr(given, "tolist") else given
    return isinstance(values, list | tuple) and all(is_number(one) for one in values)


def require_range(name: str, given: object) -> None:
    """Raise WhatsitError for what is not two finite numbers, the lowest and the highest."""
    if not are_numbers(given) or len(given) != 2:  # type: ignore[arg-type]
        raise WhatsitError(Message("teach.range", name=name, given=described(given)))


def require_lr(lr: object) -> None:
    """Raise WhatsitError for a learning rate that is not a finite number above 0."""
    if not is_number(lr, 0) or lr == 0:
        raise WhatsitError(Message("train_options.lr", given=described(lr), usual=0.1))


def require_count(name: str, given: object, least: int = 1) -> None:
    """Raise WhatsitError for what is not a whole number of at least `least`."""
    if not is_count(given, least):
        raise WhatsitError(Message("teach.count", name=name, given=described(given), least=least))


def generator(seed: int) -> "Generator":
    """Random numbers that a seed decides. Raises WhatsitError for others than whole numbers from 0 on."""
    require_count("seed", seed, 0)
    dice: Generator = require_torch().Generator().manual_seed(int(seed) % LARGEST_SEED)
    return dice


def require_share(name: str, given: object, most: float = math.inf) -> None:
    """Raise WhatsitError for what is not a number of at least 0 and below `most`."""
    if not is_number(given, 0, most) or given == most:
        code = "teach.at_least_0" if math.isinf(most) else "teach.share"
        raise WhatsitError(Message(code, name=name, given=described(given)))


def require_batch(size: object, points: int) -> None:
    """Raise WhatsitError for a batch of none, or of more points than there are."""
    require_count("batch_size", size)
    if not is_number(size, most=points):
        raise WhatsitError(Message("teach.large_batch", size=size, points=points))
